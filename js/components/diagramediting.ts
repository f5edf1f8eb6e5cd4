// Moving and connecting the boxes of a diagram, by pointer and by keyboard.

import type { Json } from "../protocol/index.ts";
import type { Context } from "../reactor/component.ts";
import { dynamic, h, type VChild, type VElement } from "../reactor/vnode.ts";
import { choose } from "./diagramchoice.ts";
import { after, followWithFocus } from "./timing.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

interface NodeFace {
  readonly id: string;
  readonly label: string;
  /** Its middle, and its upper left corner. */
  readonly at: Point;
  readonly corner: Point;
  readonly width: number;
  readonly height: number;
  readonly className: string;
}

export interface Editing {
  /** Whether the diagram can be edited here and now. */
  readonly on: boolean;
  /** Whether something is held by the pointer: what is drawn must stay the same nodes meanwhile. */
  busy(): boolean;
  node(face: NodeFace, parts: readonly VChild[]): VElement;
  edge(from: string, to: string, path: string): VElement;
  /** The line that is being drawn from one box to another. */
  rubber(): VChild;
}

interface Pointer {
  readonly clientX: number;
  readonly clientY: number;
  readonly pointerId: number;
  readonly currentTarget: { setPointerCapture(id: number): void; hasPointerCapture(id: number): boolean };
  stopPropagation(): void;
  preventDefault(): void;
}
interface Focusable {
  focus(): void;
  getAttribute(name: string): string | null;
}
interface Key {
  readonly key: string;
  readonly currentTarget: { closest(selector: string): { querySelectorAll(selector: string): ArrayLike<Focusable> } | null };
  preventDefault(): void;
  stopPropagation(): void;
}
interface Page {
  elementFromPoint(x: number, y: number): { closest(selector: string): { getAttribute(name: string): string | null } | null } | null;
}

/** Pixels of an arrow key. */
const STEP = 8;
/** Less than this is a press, not a drag. */
const SLACK = 3;

export function editing(context: Context): Editing {
  const held = context.host.cell(false);
  const dragged = context.host.cell<{ readonly id: string; readonly dx: number; readonly dy: number } | null>(null);
  const line = context.host.cell<{ readonly from: Point; readonly to: Point } | null>(null);
  const chosen = context.host.cell<string | null>(null, `${context.id}/chosen`);
  let start: Pointer | null = null;

  const move = (face: NodeFace, dx: number, dy: number): void => context.fire("move", { id: face.id, x: Math.max(0, Math.round(face.at.x + dx)), y: Math.max(0, Math.round(face.at.y + dy)) } as Json);
  const connect = (from: string, to: string): void => { if (from !== to) context.fire("connect", { from, to }); };

  const dragging = (face: NodeFace) => ({
    pointerdown: ((event: Pointer) => { start = event; held.set(true); event.currentTarget.setPointerCapture(event.pointerId); }) as never,
    pointermove: ((event: Pointer) => { if (start && event.currentTarget.hasPointerCapture(event.pointerId)) dragged.set({ id: face.id, dx: event.clientX - start.clientX, dy: event.clientY - start.clientY }); }) as never,
    pointerup: ((event: Pointer) => {
      if (!start) return;
      const [dx, dy] = [event.clientX - start.clientX, event.clientY - start.clientY];
      start = null;
      dragged.set(null);
      held.set(false);
      if (Math.hypot(dx, dy) > SLACK) move(face, dx, dy);
      else choose(context, face.id);
    }) as never,
    keydown: ((event: Key) => {
      const [dx, dy] = ({ ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] } as const)[event.key] ?? [0, 0];
      if (!dx && !dy && !["Enter", "c", "Escape"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      if (dx || dy) {
        const diagram = event.currentTarget.closest(".nx-diagram");
        move(face, dx, dy);
        // The box is drawn anew where it is then: the focus follows it.
        const may = followWithFocus();
        for (const wait of [60, 200, 600]) after(wait, () => { for (const node of Array.from(diagram?.querySelectorAll("[data-node]") ?? [])) if (node.getAttribute("data-node") === face.id && may()) node.focus(); });
      } else if (event.key === "Enter") choose(context, face.id);
      else if (event.key === "Escape") chosen.set(null);
      else if (chosen.get() === null) chosen.set(face.id);
      else {
        connect(chosen.get() as string, face.id);
        chosen.set(null);
      }
    }) as never,
  });

  const handle = (face: NodeFace): VElement => {
    const from = { x: face.corner.x + face.width, y: face.at.y };
    return h("circle", { class: "nx-node-handle", cx: face.width, cy: face.height / 2, r: 5 }, [], { on: {
      pointerdown: ((event: Pointer) => { event.stopPropagation(); start = event; held.set(true); event.currentTarget.setPointerCapture(event.pointerId); }) as never,
      pointermove: ((event: Pointer) => { if (start && event.currentTarget.hasPointerCapture(event.pointerId)) line.set({ from, to: { x: from.x + event.clientX - start.clientX, y: from.y + event.clientY - start.clientY } }); }) as never,
      pointerup: ((event: Pointer) => {
        event.stopPropagation();
        start = null;
        line.set(null);
        held.set(false);
        const page = (globalThis as unknown as { document: Page }).document;
        const target = page.elementFromPoint(event.clientX, event.clientY)?.closest("[data-node]")?.getAttribute("data-node");
        if (target !== null && target !== undefined) connect(face.id, target);
      }) as never,
    } });
  };

  return {
    get on() {
      return context.flag("editable") && context.host.live;
    },
    busy: () => held.get(),
    node: (face, parts) => h("g", {
      class: face.className, "data-node": face.id, tabindex: 0, role: "button", "aria-label": () => `${face.label}${chosen.get() === face.id ? ", to be connected: press C on another box" : ""}`, "data-chosen": () => (chosen.get() === face.id ? "true" : null),
      transform: () => { const drag = dragged.get(); const [dx, dy] = drag?.id === face.id ? [drag.dx, drag.dy] : [0, 0]; return `translate(${Math.round(face.corner.x + dx)},${Math.round(face.corner.y + dy)})`; },
    }, [...parts, handle(face)], { on: dragging(face) }),
    edge: (from, to, path) => {
      const remove = (): void => context.fire("disconnect", { from, to });
      const keys = (event: Key): void => { if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); event.stopPropagation(); remove(); } };
      return h("path", { class: "nx-edge-hit", d: path, tabindex: context.handles("disconnect") ? 0 : null, role: "button", "aria-label": `Arrow from ${from} to ${to}; Delete removes it` }, [], { on: context.handles("disconnect") ? { click: remove, keydown: keys as never } : {} });
    },
    rubber: () => dynamic(() => { const now = line.get(); return now ? h("line", { class: "nx-edge-new", x1: now.from.x, y1: now.from.y, x2: now.to.x, y2: now.to.y }) : null; }),
  };
}
