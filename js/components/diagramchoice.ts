// Choosing a box of a diagram, by pointer and by keyboard. One box at a time is a stop of the Tab key.

import type { Context } from "../reactor/component.ts";
import { type AttrValue, type Follow, h, type VChild, type VElement } from "../reactor/vnode.ts";
import { after, followWithFocus } from "./timing.ts";

interface Named {
  readonly id: string;
  readonly label: string;
}

interface Rect {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
interface Node {
  focus(): void;
  getAttribute(name: string): string | null;
  getBoundingClientRect(): Rect;
}
interface Scroller {
  scrollLeft: number;
  scrollTop: number;
  getBoundingClientRect(): Rect;
  querySelectorAll(selector: string): ArrayLike<Node>;
}
interface Happened {
  readonly currentTarget: { closest(selector: string): Scroller | null };
}
interface Key extends Happened {
  readonly key: string;
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

/** What is chosen may bring other boxes, and all are drawn anew then: sight follows the chosen one, and the focus too. */
function follow(scroller: Scroller | null, id: string, focus: boolean): void {
  const may = focus ? followWithFocus() : () => false;
  const look = (): void => {
    const node = Array.from(scroller?.querySelectorAll("[data-node]") ?? []).find((one) => one.getAttribute("data-node") === id);
    if (!scroller || !node) return;
    const [at, frame] = [node.getBoundingClientRect(), scroller.getBoundingClientRect()];
    if (at.left < frame.left || at.right > frame.right) scroller.scrollLeft += (at.left + at.right - frame.left - frame.right) / 2;
    if (at.top < frame.top || at.bottom > frame.bottom) scroller.scrollTop += (at.top + at.bottom - frame.top - frame.bottom) / 2;
    if (may()) node.focus();
  };
  for (const wait of [60, 400, 900]) after(wait, look);
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
    const scroller = event.currentTarget.closest(".nx-diagram-scroll");
    if (step === undefined) {
      choose(context, id);
      return follow(scroller, id, true);
    }
    const next = (ids.indexOf(id) + step + ids.length) % ids.length;
    scroller?.querySelectorAll("[data-node]")[next]?.focus();
  };
  return {
    node: (one, first, attrs, parts) => h("g", {
      ...attrs, "data-node": one.id, "data-choosable": "true", role: "button", "aria-label": one.label, "aria-pressed": () => String(chosen(one.id)), "data-chosen": () => (chosen(one.id) ? "true" : null), tabindex: () => (chosen(one.id) || (first && !anyChosen()) ? 0 : -1),
    }, parts, { on: { click: ((event: Happened) => { const scroller = event.currentTarget.closest(".nx-diagram-scroll"); choose(context, one.id); follow(scroller, one.id, false); }) as never, keydown: keys(one.id) as never } }),
  };
}
