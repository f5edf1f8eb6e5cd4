// Choosing a box of a diagram, by pointer and by keyboard. One box at a time is a stop of the Tab key.

import type { Context } from "../reactor/component.ts";
import { type AttrValue, type Follow, h, type VChild, type VElement } from "../reactor/vnode.ts";
import { after } from "./timing.ts";

interface Named {
  readonly id: string;
  readonly label: string;
}

interface Key {
  readonly key: string;
  readonly currentTarget: { closest(selector: string): { querySelectorAll(selector: string): ArrayLike<{ focus(): void; getAttribute(name: string): string | null }> } | null };
  preventDefault(): void;
  stopPropagation(): void;
}

export interface Choice {
  node(one: Named, first: boolean, attrs: Readonly<Record<string, Follow<AttrValue>>>, parts: readonly VChild[]): VElement;
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Give the bound value, and whoever handles select, the box; the chosen one again means none. */
export function choose(context: Context, id: string): void {
  const next = context.bound("value") && context.str("value") === id ? "" : id;
  if (context.bound("value")) context.set("value", next, "done");
  if (next) context.fire("select", next);
}

interface Page {
  readonly activeElement: unknown;
  readonly body: unknown;
}

function refocus(diagram: ReturnType<Key["currentTarget"]["closest"]>, id: string): void {
  const page = (globalThis as unknown as { document: Page }).document;
  if (page.activeElement !== page.body) return;
  for (const node of Array.from(diagram?.querySelectorAll("[data-node]") ?? [])) if (node.getAttribute("data-node") === id) node.focus();
}

/** How boxes are chosen; null where nobody would know of it. */
export function choice(context: Context, boxes: readonly Named[]): Choice | null {
  if (!context.host.live || !(context.bound("value") || context.handles("select"))) return null;
  const ids = boxes.map((one) => one.id);
  const chosen = (id: string): boolean => context.str("value") === id;
  const anyChosen = (): boolean => ids.includes(context.str("value"));
  const keys = (id: string) => (event: Key): void => {
    const step = STEPS[event.key];
    if (step === undefined && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (step === undefined) {
      const diagram = event.currentTarget.closest(".nx-diagram");
      choose(context, id);
      // What is chosen may bring other boxes, and all are drawn anew then: the focus follows it.
      for (const wait of [60, 400, 900]) after(wait, () => refocus(diagram, id));
      return;
    }
    const next = (ids.indexOf(id) + step + ids.length) % ids.length;
    event.currentTarget.closest("svg")?.querySelectorAll("[data-node]")[next]?.focus();
  };
  return {
    node: (one, first, attrs, parts) => h("g", {
      ...attrs, "data-node": one.id, "data-choosable": "true", role: "button", "aria-label": one.label, "aria-pressed": () => String(chosen(one.id)), "data-chosen": () => (chosen(one.id) ? "true" : null), tabindex: () => (chosen(one.id) || (first && !anyChosen()) ? 0 : -1),
    }, parts, { on: { click: (() => choose(context, one.id)) as never, keydown: keys(one.id) as never } }),
  };
}
