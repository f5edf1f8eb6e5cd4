// Containers whose parts the person opens, closes or resizes.

import type { Component } from "../reactor/component.ts";
import { h } from "../reactor/vnode.ts";
import { box } from "./shared.ts";

const SIZE = { min: 240, preferred: 640, grow: 1 };

export const accordion: Component = {
  name: "accordion", category: "layout", doc: "Sections that open and close.", events: {}, content: ["section"], size: SIZE,
  props: { exclusive: { type: "bool", doc: "Only one section is open at a time." } },
  example: '<accordion id="a"><section id="s" title="More" open="true"><text id="t">Hello</text></section></accordion>',
  draw: (context) => box(context, "div", "accordion", context.parts.map((part) => h("details", {
    class: "nx-section-box", open: part.context.flag("open"), name: () => (context.flag("exclusive") ? context.domId : null),
  }, [h("summary", { class: "nx-summary" }, [() => part.context.str("title")]), part.draw()]))),
};

export const section: Component = {
  name: "section", category: "layout", doc: "A part of an accordion.", events: {}, content: "elements", within: ["accordion"], size: SIZE,
  props: { title: { type: "str", doc: "Its heading.", required: true }, open: { type: "bool", doc: "Open at first." } },
  example: '<accordion id="a"><section id="s" title="More"><text id="t">Hello</text></section></accordion>',
  draw: (context) => box(context, "div", "section", context.children),
};

interface Pointer {
  readonly clientX: number;
  readonly clientY: number;
  readonly buttons: number;
  readonly pointerId: number;
  readonly currentTarget: { readonly parentElement: { getBoundingClientRect(): { left: number; top: number; width: number; height: number } }; setPointerCapture(id: number): void };
}

const STEP = 0.02;

export const split: Component = {
  name: "split", category: "layout", doc: "Two parts with a divider that can be dragged, or moved by the arrow keys.", events: {}, content: "elements", size: { min: 320, preferred: 960, grow: 1 },
  props: { direction: { type: "str", doc: "How the parts stand.", oneOf: ["row", "column"] }, ratio: { type: "float", least: 0, most: 1, doc: "Share of the first part (0.5)." } },
  example: '<split id="s"><text id="a">One</text><text id="b">Two</text></split>',
  draw: (context) => {
    const share = context.host.cell(Math.max(0.1, Math.min(0.9, context.num("ratio", 0.5))), `${context.id}/share`);
    const move = (value: number): void => share.set(Math.max(0.1, Math.min(0.9, value)));
    const across = (): boolean => context.str("direction", "row") === "row";
    const drag = (event: Pointer): void => {
      if (!(event.buttons & 1)) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const area = event.currentTarget.parentElement.getBoundingClientRect();
      move(across() ? (event.clientX - area.left) / area.width : (event.clientY - area.top) / area.height);
    };
    const keys = (event: { readonly key: string; preventDefault(): void }): void => {
      const step = { ArrowRight: STEP, ArrowDown: STEP, ArrowLeft: -STEP, ArrowUp: -STEP }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      move(share.get() + step);
    };
    const [first, ...rest] = context.children;
    const divider = h("div", {
      class: "nx-split-divider", role: "separator", tabindex: context.host.live ? 0 : null, "aria-label": "Size of the first part", "aria-orientation": () => (across() ? "vertical" : "horizontal"),
      "aria-valuemin": 10, "aria-valuemax": 90, "aria-valuenow": () => Math.round(share.get() * 100),
    }, [], { on: { pointerdown: drag as never, pointermove: drag as never, keydown: keys as never } });
    return box(context, "div", "split", [h("div", { class: "nx-split-part" }, first === undefined ? [] : [first]), divider, h("div", { class: "nx-split-part" }, rest)], {
      "data-direction": () => (across() ? "row" : "column"), style: () => `--nx-share:${Math.round(share.get() * 1000) / 10}%`,
    });
  },
};
