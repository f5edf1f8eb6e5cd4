// What comes in front of the rest, until it is closed.

import type { Component } from "../reactor/component.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { box } from "./shared.ts";
import { after } from "./timing.ts";

interface DialogElement {
  readonly open: boolean;
  readonly isConnected: boolean;
  showModal(): void;
  close(): void;
}

function modal(name: "dialog" | "drawer", doc: string): Component {
  return {
    name, category: "layout", doc, content: "elements", size: { min: 240, preferred: 480, grow: 1 }, slots: { footer: "Buttons, at its end." }, events: { close: "nothing" },
    props: { title: { type: "str", doc: "Its heading.", required: true }, open: { type: "bool", doc: "Whether it is shown.", bindable: true } },
    example: `<${name} id="d" title="Details"><text id="t">More about it</text></${name}>`,
    // Drawn anew each time it opens: what is not seen costs nothing.
    draw: (context) => box(context, "div", `${name}-place`, [dynamic(() => {
      if (!context.flag("open")) return null;
      const close = (): void => {
        context.set("open", false, "done");
        context.fire("close");
      };
      const title = h("div", { class: "nx-dialog-head" }, [
        h("h3", { class: "nx-heading", id: `${context.domId}-title` }, [() => context.str("title")]),
        ...(context.host.live ? [h("button", { class: "nx-icon", type: "button", title: "Close", "aria-label": "Close" }, ["\u00d7"], { on: { click: close } })] : []),
      ]);
      const footer = context.slot("footer");
      const parts: VChild[] = [title, h("div", { class: "nx-dialog-body" }, context.children), ...(footer.length ? [h("div", { class: "nx-dialog-foot" }, footer)] : [])];
      // In a saved picture it cannot stand in front of anything.
      if (!context.host.live) return h("section", { class: `nx-${name} nx-dialog-static`, "aria-labelledby": `${context.domId}-title` }, parts);
      const mounted = (element: DialogElement): (() => void) => {
        // Not before it is in the document, which it is once the present change is done.
        const stop = after(0, () => { if (element.isConnected && !element.open) element.showModal(); });
        return () => { stop(); if (element.open) element.close(); };
      };
      return h("dialog", { class: `nx-${name}`, "aria-labelledby": `${context.domId}-title` }, parts, { on: { cancel: close }, mounted: mounted as never });
    })]),
  };
}

export const dialog = modal("dialog", "A window in front of the page, for one question or task.");
export const drawer = modal("drawer", "A sheet from the side, for details that need room.");
