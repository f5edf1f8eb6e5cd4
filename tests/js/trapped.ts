// Draws every payload in every place with the browser's own binder, touches what came of it, and tells what ran.

import { components, registry } from "../../js/components/index.ts";
import { check } from "../../js/reactor/index.ts";
import { instantiate } from "../../js/reactor/view.ts";
import { render } from "../../js/reactor/drawing.ts";
import { bindChildren, hydrateChildren, Owner } from "../../js/runtime/binder.ts";
import { LocalHost } from "../../js/runtime/local.ts";
import { attribute, braces, elementsOfData, namesOf, panel, PAYLOADS, positions } from "./payloads.ts";

const EVENTS = ["mouseover", "mouseenter", "focus", "focusin", "pointerdown", "click", "error", "load", "toggle", "animationstart"];

/** A text with elements of their own ids. */
function numbered(elements: readonly string[]): string {
  return elements.map((element, i) => element.replaceAll(/ id="([^"]*)"/g, ` id="$1${i}"`)).join("");
}

function touch(root: HTMLElement): void {
  for (const element of root.querySelectorAll("*")) for (const name of EVENTS) element.dispatchEvent(new Event(name, { bubbles: true, cancelable: true }));
}

function draw(root: HTMLElement, text: string, bad: string): void {
  const build = check(text, registry);
  const host = new LocalHost(true);
  host.replace(build);
  host.set("bad", bad);
  const owner = new Owner();
  bindChildren(root, instantiate(build, components, host), owner);
  touch(root);
  owner.dispose();
  // What the server would have drawn, as the browser's parser reads it, and brought to life.
  root.innerHTML = render(build, components, { state: { bad }, pages: [], aggregates: [] }, "").html;
  touch(root);
  const body = root.querySelector<HTMLElement>(".nx-body");
  const again = new Owner();
  if (body) hydrateChildren(body, instantiate(build, components, host), again);
  touch(root);
  again.dispose();
  root.replaceChildren();
}

export function run(): { payloads: number; elements: number } {
  addEventListener("click", (event) => event.preventDefault(), true);
  const root = document.body.appendChild(document.createElement("main"));
  let elements = 0;
  for (const payload of PAYLOADS) {
    const texts = [panel(numbered(positions((text) => attribute(braces(text)), payload))), panel(numbered(positions(() => "{bad}", payload))), panel(numbered(elementsOfData())), ...namesOf(payload)];
    for (const text of texts) {
      elements += text.split(" id=").length;
      draw(root, text, payload);
    }
  }
  return { payloads: PAYLOADS.length, elements };
}

(globalThis as { runPayloads?: typeof run }).runPayloads = run;
