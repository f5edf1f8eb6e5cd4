// Entries that can be moved: items of lists and cards, and the drop that ends a move.

import type { Component } from "../reactor/component.ts";
import { isList } from "../reactor/expression/index.ts";
import { dynamic, h } from "../reactor/vnode.ts";
import { type Moved, moveWithFocus } from "./moving.ts";
import { box, problemNote } from "./shared.ts";

interface ItemEvent {
  readonly key: string;
  readonly altKey: boolean;
  readonly dataTransfer?: { setData(type: string, data: string): void; effectAllowed: string };
  readonly currentTarget: ItemElement;
  preventDefault(): void;
}
interface ItemElement extends Moved {
  closest(selector: string): ItemElement | null;
  readonly parentElement: ItemElement | null;
  readonly children: ArrayLike<ItemElement>;
  querySelectorAll(selector: string): ArrayLike<ItemElement>;
  getAttribute(name: string): string | null;
  dispatchEvent(event: unknown): boolean;
}

export const item: Component = {
  name: "item", category: "data", doc: "An entry of a list. With drag, it can be moved to a card that handles drop: by mouse, or with Alt and the arrow keys.", content: "elements", size: { min: 120, preferred: 240, grow: 1 },
  props: { title: { type: "str", doc: "What it says." }, detail: { type: "str", doc: "A second, quieter line." }, drag: { type: "any", doc: "The value that a drop gets as $event." } },
  events: { press: "nothing" }, example: '<item id="i" title="Write tests"/>',
  draw: (context) => {
    const value = (): string => JSON.stringify(context.prop("drag"));
    const draggable = context.has("drag") && context.host.live;
    const start = (event: ItemEvent): void => { event.dataTransfer?.setData("text/nexus", value()); };
    const keys = (event: ItemEvent): void => {
      const step = event.altKey ? ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key] ?? 0) : 0;
      // Also where there is nowhere to go: the browser would go back a page.
      if (step) { event.preventDefault(); moveBeside(event.currentTarget, step, value()); }
      else if (event.key === "Enter" && context.handles("press")) context.fire("press");
    };
    const on = { ...(draggable && { dragstart: start as never }), ...((draggable || context.handles("press")) && { keydown: keys as never }), ...(context.handles("press") && { click: () => context.fire("press") }) };
    const attrs = { tabindex: draggable || context.handles("press") ? 0 : null, draggable: draggable ? "true" : null, "data-drag": draggable ? value : null, role: context.handles("press") ? "button" : null, title: draggable ? "Drag to another column, or press Alt and an arrow key" : null };
    const detail = context.has("detail") ? [h("span", { class: "nx-item-detail" }, [() => context.str("detail")])] : [];
    return box(context, "div", "item", [h("span", { class: "nx-item-title" }, [() => context.str("title")]), ...detail, ...context.children, problemNote(context)], attrs, { on });
  },
};

/** Drop an item on the card before or after its own, as the mouse would. */
function moveBeside(element: ItemElement, step: number, value: string): void {
  const cardElement = element.closest("[data-drop]");
  const siblings = Array.from(cardElement?.parentElement?.children ?? []).filter((other) => other.getAttribute("data-drop"));
  const target = cardElement ? siblings[siblings.indexOf(cardElement) + step] : undefined;
  const make = (globalThis as unknown as { CustomEvent?: new (type: string, init: object) => unknown }).CustomEvent;
  if (!target || !make) return;
  const around = cardElement?.parentElement;
  const find = (): ItemElement | null => Array.from(around?.querySelectorAll("[data-drag]") ?? []).find((other) => other.getAttribute("data-drag") === value) ?? null;
  moveWithFocus(find, () => target.dispatchEvent(new make("nexus-drop", { detail: value, bubbles: false })));
}

export const listing: Component = {
  name: "list", category: "data", doc: "Entries below each other, with a sentence for when there are none.", content: "elements", size: { min: 160, preferred: 320, grow: 1 },
  props: { empty: { type: "str", doc: "Shown while there is nothing in it." }, of: { type: "list", doc: "The list that decides whether it is empty." } }, events: {},
  example: '<list id="l" empty="Nothing yet"><item id="i" title="One"/></list>',
  draw: (context) => {
    const none = dynamic(() => { const of = context.prop("of"); return context.has("of") && (!isList(of) || !of.length) ? h("div", { class: "nx-empty" }, [() => context.str("empty", "Nothing here yet.")]) : null; });
    return box(context, "div", "list", [none, ...context.children]);
  },
};
