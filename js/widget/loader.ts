// The anywidget's own code. It is copied into every widget's state, so it only loads and mounts.

import { type LoaderModel, runtime, viewOf } from "./load.ts";

async function render({ model, el }: { model: LoaderModel; el: HTMLElement }): Promise<() => void> {
  const host = model.get("host") === "kernel" ? "kernel" : "server";
  const element = el.appendChild(document.createElement("div"));
  try {
    const { mount } = await runtime(host === "kernel" ? model : undefined);
    return mount(element, { panel: String(model.get("panel")), host, view: viewOf(model.get("view")), about: model.get("about"), model });
  } catch (error) {
    element.textContent = error instanceof Error ? error.message : String(error);
    return () => {};
  }
}

export default { render };
