// Things to press, choose and type in.

import type { Json } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { isList, isRecord, same, textOf, type Value } from "../reactor/expression/index.ts";
import { dynamic, h, list } from "../reactor/vnode.ts";
import { box, describedBy, DISABLED, field, HINT, LABEL, problemNote, REASON, usable } from "./shared.ts";

const CONTROL = { min: 140, preferred: 240, grow: 1 };
const CHANGE = { change: "the new value" };

interface InputEvent {
  readonly target: { readonly value: string; readonly checked: boolean; readonly valueAsNumber: number };
}
interface KeyEvent {
  readonly key: string;
  readonly target: { readonly value: string };
}

function commit(context: Context, value: Json): void {
  context.set("value", value, "done");
  context.fire("change", value);
}

export const button: Component = {
  name: "button", doc: "Runs an action when pressed.", content: "none", size: { min: 90, preferred: 120, grow: 0 },
  props: { label: { ...LABEL, required: true }, kind: { type: "str", doc: "How much it stands out.", oneOf: ["plain", "primary", "danger"] }, disabled: DISABLED, reason: REASON },
  events: { press: "nothing" }, example: '<button id="b" label="Add" kind="primary"/>',
  draw: (context) => {
    const attrs = { class: "nx-button", type: "button", "data-kind": () => context.str("kind", "plain"), "aria-busy": () => (context.pending() ? "true" : null), ...usable(context) };
    const face = h("button", attrs, [h("span", { class: "nx-spinner", "aria-hidden": "true" }), h("span", {}, [() => context.str("label")])], { on: { click: () => context.fire("press") } });
    return box(context, "div", "button-field", [face, problemNote(context)]);
  },
};

function checkable(name: "toggle" | "checkbox", doc: string): Component {
  return {
    name, doc, content: "none", size: CONTROL, events: CHANGE, example: `<${name} id="x" label="Dark"/>`,
    props: { label: LABEL, value: { type: "bool", doc: "Whether it is on.", bindable: true }, disabled: DISABLED, reason: REASON, hint: HINT },
    draw: (context) => {
      const attrs = { class: `nx-${name}`, type: "checkbox", id: context.domId, role: name === "toggle" ? "switch" : null, checked: () => context.flag("value"), ...usable(context) };
      return field(context, name, h("input", attrs, [], { on: { change: ((event: InputEvent) => commit(context, event.target.checked)) as never } }), { inline: true });
    },
  };
}

export const toggle = checkable("toggle", "On or off, at once.");
export const checkbox = checkable("checkbox", "Yes or no.");

interface Choice {
  readonly value: Value;
  readonly label: string;
}

/** Options as values, or as records with value and label; rows of a query give their first column. */
function choices(context: Context): Choice[] {
  const options = context.prop("options");
  return (isList(options) ? options : []).map((option) => {
    if (!isRecord(option)) return { value: option, label: textOf(option) };
    const value = Object.hasOwn(option, "value") ? (option["value"] ?? null) : (Object.values(option)[0] ?? null);
    return { value, label: Object.hasOwn(option, "label") ? textOf(option["label"] ?? null) : textOf(value) };
  });
}

export const select: Component = {
  name: "select", doc: "One of several options.", content: "none", size: CONTROL, events: CHANGE,
  props: { label: LABEL, value: { type: "any", doc: "The chosen one.", bindable: true }, options: { type: "list", doc: "What can be chosen: values, or a query.", required: true }, disabled: DISABLED, reason: REASON, hint: HINT },
  example: `<select id="s" label="Region" options="['all', 'north']"/>`,
  draw: (context) => {
    // A value that is not among the options (yet) is shown all the same, else the box would lie.
    const all = (): Choice[] => {
      const found = choices(context);
      const value = context.prop("value");
      return value === null || found.some((choice) => same(choice.value, value)) ? found : [{ value, label: textOf(value) }, ...found];
    };
    const option = (choice: Choice) => h("option", { value: JSON.stringify(choice.value), selected: () => same(choice.value, context.prop("value")) }, [choice.label]);
    const attrs = { class: "nx-select", id: context.domId, "aria-describedby": describedBy(context), ...usable(context) };
    const items = list(() => all().map((choice) => ({ key: JSON.stringify(choice), make: () => option(choice) })));
    return field(context, "select", h("select", attrs, [items], { on: { change: ((event: InputEvent) => commit(context, JSON.parse(event.target.value) as Json)) as never } }));
  },
};

export const slider: Component = {
  name: "slider", doc: "A number, by dragging.", content: "none", size: { min: 160, preferred: 320, grow: 1 }, events: CHANGE,
  props: { label: LABEL, value: { type: "float", doc: "The number.", bindable: true }, min: { type: "float", doc: "Smallest (0)." }, max: { type: "float", doc: "Largest (100)." }, step: { type: "float", doc: "Steps (1)." }, unit: { type: "str", doc: "Its unit." }, disabled: DISABLED, reason: REASON, hint: HINT },
  example: '<slider id="s" label="Size" min="0" max="10"/>',
  draw: (context) => {
    const attrs = { class: "nx-slider", type: "range", id: context.domId, min: () => context.num("min", 0), max: () => context.num("max", 100), step: () => context.num("step", 1), value: () => context.num("value", 0), ...usable(context) };
    const on = {
      input: ((event: InputEvent) => context.set("value", event.target.valueAsNumber, "live")) as never,
      change: ((event: InputEvent) => commit(context, event.target.valueAsNumber)) as never,
    };
    return field(context, "slider", h("input", attrs, [], { on }), { side: h("output", { class: "nx-value", for: context.domId }, [() => `${textOf(context.num("value", 0))}${context.has("unit") ? ` ${context.str("unit")}` : ""}`]) });
  },
};

export const number: Component = {
  name: "number", doc: "A number, typed.", content: "none", size: CONTROL, events: CHANGE,
  props: { label: LABEL, value: { type: "float", doc: "The number.", bindable: true }, min: { type: "float", doc: "Smallest." }, max: { type: "float", doc: "Largest." }, step: { type: "float", doc: "Steps (1)." }, disabled: DISABLED, reason: REASON, hint: HINT },
  example: '<number id="n" label="Count"/>',
  draw: (context) => {
    const limit = (name: string) => (): number | null => (context.has(name) ? context.num(name, 0) : null);
    const attrs = { class: "nx-input", type: "number", id: context.domId, min: limit("min"), max: limit("max"), step: () => context.num("step", 1), value: () => context.num("value", 0), "aria-describedby": describedBy(context), ...usable(context) };
    const change = (event: InputEvent): void => { if (Number.isFinite(event.target.valueAsNumber)) commit(context, event.target.valueAsNumber); };
    return field(context, "number", h("input", attrs, [], { on: { change: change as never } }));
  },
};

function typed(name: "input" | "textarea", doc: string): Component {
  return {
    name, doc, content: "none", size: { min: 160, preferred: 320, grow: 1 }, example: `<${name} id="i" label="Name"/>`,
    events: { ...CHANGE, ...(name === "input" ? { enter: "the text when Enter is pressed" } : {}) },
    props: { label: LABEL, value: { type: "str", doc: "The text.", bindable: true }, placeholder: { type: "str", doc: "Shown while it is empty." }, disabled: DISABLED, reason: REASON, hint: HINT },
    draw: (context) => {
      const attrs = { class: "nx-input", id: context.domId, placeholder: () => (context.has("placeholder") ? context.str("placeholder") : null), "aria-describedby": describedBy(context), ...usable(context) };
      const on = {
        input: ((event: InputEvent) => context.set("value", event.target.value, "live")) as never,
        change: ((event: InputEvent) => commit(context, event.target.value)) as never,
        keydown: ((event: KeyEvent) => { if (event.key === "Enter" && context.handles("enter")) { context.set("value", event.target.value, "done"); context.fire("enter", event.target.value); } }) as never,
      };
      const value = (): string => context.str("value");
      const control = name === "input" ? h("input", { ...attrs, type: "text", value }, [], { on }) : h("textarea", { ...attrs, rows: 3, value }, [], { on });
      return field(context, name, control);
    },
  };
}

export const input = typed("input", "A line of text.");
export const textarea = typed("textarea", "Several lines of text.");

interface ItemEvent {
  readonly key: string;
  readonly altKey: boolean;
  readonly dataTransfer?: { setData(type: string, data: string): void; effectAllowed: string };
  readonly currentTarget: ItemElement;
  preventDefault(): void;
}
interface ItemElement {
  closest(selector: string): ItemElement | null;
  readonly parentElement: ItemElement | null;
  readonly children: ArrayLike<ItemElement>;
  getAttribute(name: string): string | null;
  dispatchEvent(event: unknown): boolean;
}

export const item: Component = {
  name: "item", doc: "An entry of a list. With drag, it can be moved to a card that handles drop: by mouse, or with Alt and the arrow keys.", content: "elements", size: { min: 120, preferred: 240, grow: 1 },
  props: { title: { type: "str", doc: "What it says." }, detail: { type: "str", doc: "A second, quieter line." }, drag: { type: "any", doc: "The value that a drop gets as $event." } },
  events: { press: "nothing" }, example: '<item id="i" title="Write tests"/>',
  draw: (context) => {
    const value = (): string => JSON.stringify(context.prop("drag"));
    const draggable = context.has("drag") && context.host.live;
    const start = (event: ItemEvent): void => { event.dataTransfer?.setData("text/nexus", value()); };
    const keys = (event: ItemEvent): void => {
      const step = event.altKey ? ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key] ?? 0) : 0;
      if (step) { event.preventDefault(); moveBeside(event.currentTarget, step, value()); }
      else if (event.key === "Enter" && context.handles("press")) context.fire("press");
    };
    const on = { ...(draggable && { dragstart: start as never }), ...((draggable || context.handles("press")) && { keydown: keys as never }), ...(context.handles("press") && { click: () => context.fire("press") }) };
    const attrs = { tabindex: draggable || context.handles("press") ? 0 : null, draggable: draggable ? "true" : null, role: context.handles("press") ? "button" : null, title: draggable ? "Drag to another column, or press Alt and an arrow key" : null };
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
  if (target && make) target.dispatchEvent(new make("nexus-drop", { detail: value, bubbles: false }));
}

export const listing: Component = {
  name: "list", doc: "Entries below each other, with a sentence for when there are none.", content: "elements", size: { min: 160, preferred: 320, grow: 1 },
  props: { empty: { type: "str", doc: "Shown while there is nothing in it." }, of: { type: "list", doc: "The list that decides whether it is empty." } }, events: {},
  example: '<list id="l" empty="Nothing yet"><item id="i" title="One"/></list>',
  draw: (context) => {
    const none = dynamic(() => { const of = context.prop("of"); return context.has("of") && (!isList(of) || !of.length) ? h("div", { class: "nx-empty" }, [() => context.str("empty", "Nothing here yet.")]) : null; });
    return box(context, "div", "list", [none, ...context.children]);
  },
};
