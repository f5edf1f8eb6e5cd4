// Containers.

import type { ChildContext, Component } from "../reactor/component.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { box, GAP } from "./shared.ts";

const SIZE = { min: 240, preferred: 640, grow: 1 };

export const column: Component = {
  name: "column", category: "layout", doc: "Children below each other.", props: { gap: GAP }, events: {}, content: "elements", size: SIZE,
  example: '<column id="c"><text id="a">One</text><text id="b">Two</text></column>',
  draw: (context) => box(context, "div", "column", context.children, { "data-gap": () => context.str("gap", "m") }),
};

export const row: Component = {
  name: "row", category: "layout", doc: "Children beside each other; they wrap where it is narrow.", events: {}, content: "elements", size: SIZE,
  props: { gap: GAP, align: { type: "str", doc: "How children stand across.", oneOf: ["start", "center", "end", "stretch"] }, equal: { type: "bool", doc: "All children are equally wide." } },
  example: '<row id="r"><button id="a" label="Yes"/><button id="b" label="No"/></row>',
  draw: (context) => box(context, "div", "row", context.children, { "data-gap": () => context.str("gap", "m"), "data-align": () => context.str("align", "center"), "data-equal": () => context.flag("equal") }),
};

export const grid: Component = {
  name: "grid", category: "layout", doc: "Children arranged by their needs, for any width.", events: {}, content: "elements", size: { min: 320, preferred: 960, grow: 1 }, arranges: true,
  props: { gap: GAP, constraints: { type: "str", doc: "Relations of widths: a.width == b.width; chart.width >= 2 * side.width." } },
  example: '<grid id="g"><metric id="a" label="A" value="1"/><metric id="b" label="B" value="2"/></grid>',
  draw: (context) => box(context, "div", "grid", [h("div", { class: "nx-cells", "data-gap": () => context.str("gap", "m") }, context.children)]),
};

export const card: Component = {
  name: "card", category: "layout", doc: "A framed group with a title. Items can be dropped on one that handles drop.", content: "elements", size: { min: 200, preferred: 320, grow: 1 }, slots: { header: "Beside the title.", footer: "At its end." },
  props: { title: { type: "str", doc: "Its heading." } }, events: { drop: "the value in `drag` of the item that was dropped" },
  example: '<card id="c" title="Notes"><text id="t">Hello</text></card>',
  draw: (context) => {
    const [header, footer] = [context.slot("header"), context.slot("footer")];
    const heading = context.has("title") ? [h("div", { class: "nx-card-title" }, [() => context.str("title")])] : [];
    const head = header.length ? [h("div", { class: "nx-card-head" }, [...heading, ...header])] : heading;
    const parts = [...head, h("div", { class: "nx-card-body" }, context.children), ...(footer.length ? [h("div", { class: "nx-card-foot" }, footer)] : [])];
    if (!context.handles("drop") || !context.host.live) return box(context, "section", "card", parts);
    const over = context.host.cell(false);
    const on = {
      dragover: (event: DragLike) => { event.preventDefault(); over.set(true); },
      dragleave: () => over.set(false),
      drop: (event: DragLike) => { event.preventDefault(); over.set(false); fireDrop(context, event.dataTransfer?.getData("text/nexus") ?? ""); },
      "nexus-drop": (event: { readonly detail: unknown; stopPropagation(): void }) => { event.stopPropagation(); fireDrop(context, String(event.detail)); },
    };
    return box(context, "section", "card", parts, { "data-drop": "true", "data-over": () => over.get(), "aria-label": () => context.str("title") }, { on: on as never });
  },
};

interface DragLike {
  readonly dataTransfer?: { getData(type: string): string };
  preventDefault(): void;
}

function fireDrop(context: Parameters<Component["draw"]>[0], text: string): void {
  try {
    context.fire("drop", JSON.parse(text));
  } catch {
    // Something dragged in from elsewhere is no item of a panel.
  }
}

export const tabs: Component = {
  name: "tabs", category: "layout", doc: "One of several pages at a time.", props: {}, events: {}, content: ["tab"], size: SIZE,
  example: '<tabs id="t"><tab id="a" label="A"><text id="x">One</text></tab></tabs>',
  draw: (context) => {
    const { parts } = context;
    const chosen = context.host.cell(0, `${context.id}/chosen`);
    const choose = (index: number, focus?: { readonly currentTarget: { readonly parentElement: { readonly children: ArrayLike<{ focus(): void }> } } }): void => {
      chosen.set((index + parts.length) % parts.length);
      focus?.currentTarget.parentElement.children[chosen.get()]?.focus();
    };
    const tabOf = (part: ChildContext, index: number): VChild => {
      const keys = (event: { readonly key: string; readonly currentTarget: never; preventDefault(): void }): void => {
        const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (step) { event.preventDefault(); choose(index + step, event as never); }
      };
      const attrs = { class: "nx-tab-button", role: "tab", type: "button", id: `${part.context.domId}-tab`, "aria-controls": part.context.domId, "aria-selected": () => String(chosen.get() === index), tabindex: () => (chosen.get() === index ? 0 : -1) };
      return h("button", attrs, [() => part.context.str("label")], { on: { click: () => choose(index), keydown: keys as never } });
    };
    const page = dynamic(() => (parts[chosen.get()] ?? parts[0])?.draw() ?? null);
    return box(context, "div", "tabs", [h("div", { class: "nx-tab-list", role: "tablist" }, parts.map(tabOf)), page]);
  },
};

export const tab: Component = {
  name: "tab", category: "layout", doc: "A page of tabs.", props: { label: { type: "str", doc: "Its name.", required: true } }, events: {}, content: "elements", within: ["tabs"], size: SIZE,
  example: '<tabs id="t"><tab id="a" label="A"><text id="x">One</text></tab></tabs>',
  draw: (context) => box(context, "div", "tab", context.children, { role: "tabpanel", id: context.domId, "aria-labelledby": `${context.domId}-tab` }),
};

export const divider: Component = {
  name: "divider", category: "layout", doc: "A line between things.", props: {}, events: {}, content: "none", size: { min: 40, preferred: 960, grow: 1 },
  example: '<divider id="d"/>', draw: (context) => box(context, "hr", "divider", []),
};
