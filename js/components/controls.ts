// Things to press, choose and type in.

import type { Json } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { textOf } from "../reactor/expression/index.ts";
import { h } from "../reactor/vnode.ts";
import { box, DISABLED, field, HINT, LABEL, problemNote, REASON, usable } from "./shared.ts";
import { after } from "./timing.ts";
import { PATTERN, validation, VALIDATION } from "./validation.ts";

export const CONTROL = { min: 140, preferred: 240, grow: 1 };
export const CHANGE = { change: "the new value" };

export interface InputEvent {
  readonly target: { readonly value: string; readonly checked: boolean; readonly valueAsNumber: number };
}
interface KeyEvent {
  readonly key: string;
  readonly target: { readonly value: string };
}

/** The person has decided: the value counts, and others are told. */
export function commit(context: Context, value: Json): void {
  context.set("value", value, "done");
  context.fire("change", value);
}

export const button: Component = {
  name: "button", category: "input", doc: "Runs an action when pressed.", content: "none", size: { min: 90, preferred: 120, grow: 0 },
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
    name, category: "input", doc, content: "none", size: CONTROL, events: CHANGE, example: `<${name} id="x" label="Dark"/>`,
    props: { label: LABEL, value: { type: "bool", doc: "Whether it is on.", bindable: true }, disabled: DISABLED, reason: REASON, hint: HINT },
    draw: (context) => {
      const attrs = { class: `nx-${name}`, type: "checkbox", id: context.domId, role: name === "toggle" ? "switch" : null, checked: () => context.flag("value"), ...usable(context) };
      return field(context, name, h("input", attrs, [], { on: { change: ((event: InputEvent) => commit(context, event.target.checked)) as never } }), { inline: true });
    },
  };
}

export const toggle = checkable("toggle", "On or off, at once.");
export const checkbox = checkable("checkbox", "Yes or no.");

export const slider: Component = {
  name: "slider", category: "input", doc: "A number, by dragging.", content: "none", size: { min: 160, preferred: 320, grow: 1 }, events: CHANGE,
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
  name: "number", category: "input", doc: "A number, typed.", content: "none", size: CONTROL, events: CHANGE,
  props: { label: LABEL, value: { type: "float", doc: "The number.", bindable: true }, min: { type: "float", doc: "Smallest." }, max: { type: "float", doc: "Largest." }, step: { type: "float", doc: "Steps (1)." }, ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT },
  example: '<number id="n" label="Count"/>',
  draw: (context) => {
    const limit = (name: string) => (): number | null => (context.has(name) ? context.num(name, 0) : null);
    const { attrs, on, note } = validation(context);
    const all = { class: "nx-input", type: "number", id: context.domId, min: limit("min"), max: limit("max"), step: () => context.num("step", 1), value: () => textOf(context.prop("value")), ...attrs, ...usable(context) };
    const change = (event: InputEvent): void => { if (Number.isFinite(event.target.valueAsNumber)) commit(context, event.target.valueAsNumber); };
    return field(context, "number", h("input", all, [], { on: { ...on, change: change as never } }), { note });
  },
};

/** Milliseconds of rest in typing after which a search is done. */
const REST = 250;

function typed(name: "input" | "textarea" | "search", doc: string): Component {
  const line = name !== "textarea";
  return {
    name, category: "input", doc, content: "none", size: { min: 160, preferred: 320, grow: 1 }, example: `<${name} id="i" label="Name"/>`,
    events: { ...CHANGE, ...(line ? { enter: "the text when Enter is pressed" } : {}) },
    props: {
      label: LABEL, value: { type: "str", doc: "The text.", bindable: true }, placeholder: { type: "str", doc: "Shown while it is empty." }, ...(name === "input" ? { type: { type: "str", doc: "What is typed, for keyboards and password keepers.", oneOf: ["text", "email", "tel", "url", "password"] } } as const : {}),
      ...(line ? { pattern: PATTERN } : { rows: { type: "int", doc: "How many lines are seen (3)." } } as const), ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT,
    },
    draw: (context) => {
      const { attrs, on, note } = validation(context);
      const all = { class: "nx-input", id: context.domId, placeholder: () => (context.has("placeholder") ? context.str("placeholder") : null), ...attrs, ...usable(context), value: () => context.str("value") };
      let cancel = (): void => {};
      const input = (event: InputEvent): void => {
        const { value } = event.target;
        context.set("value", value, "live");
        if (name !== "search") return;
        cancel();
        cancel = after(REST, () => commit(context, value));
      };
      const listeners = {
        ...on, input: input as never,
        change: ((event: InputEvent) => { cancel(); commit(context, event.target.value); }) as never,
        ...(line && { keydown: ((event: KeyEvent) => { if (event.key === "Enter" && context.handles("enter")) { cancel(); context.set("value", event.target.value, "done"); context.fire("enter", event.target.value); } }) as never }),
      };
      const type = name === "search" ? "search" : () => context.str("type", "text");
      const control = line ? h("input", { ...all, type }, [], { on: listeners }) : h("textarea", { ...all, rows: () => context.num("rows", 3) }, [], { on: listeners });
      return field(context, name, control, { note });
    },
  };
}

export const input = typed("input", "A line of text.");
export const textarea = typed("textarea", "Several lines of text.");
export const search = typed("search", "A text to look for; it counts once typing rests.");

/** Controls that every browser has, with a text as their value. */
function native(name: "date" | "time" | "color", doc: string, value: string, limits: boolean): Component {
  return {
    name, category: "input", doc, content: "none", size: CONTROL, events: CHANGE, example: `<${name} id="x" label="When" value="${value}"/>`,
    props: {
      label: LABEL, value: { type: name === "date" ? "date" : "str", doc: `The ${name}, such as ${value}.`, bindable: true },
      ...(limits ? { min: { type: "str", doc: "The earliest." }, max: { type: "str", doc: "The latest." } } as const : {}), ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT,
    },
    draw: (context) => {
      const { attrs, on, note } = validation(context);
      const limit = (which: string) => (): string | null => (context.has(which) ? context.str(which) : null);
      const shown = (): string => (name === "date" ? context.str("value").slice(0, 10) : context.str("value", name === "color" ? "#000000" : ""));
      const all = { class: `nx-input nx-${name}`, type: name, id: context.domId, ...(limits && { min: limit("min"), max: limit("max") }), ...attrs, ...usable(context), value: shown };
      return field(context, name, h("input", all, [], { on: { ...on, change: ((event: InputEvent) => { if (event.target.value || name !== "color") commit(context, event.target.value); }) as never } }), { note });
    },
  };
}

export const date = native("date", "A day.", "2026-03-01", true);
export const time = native("time", "A time of day.", "09:30", true);
export const color = native("color", "A colour.", "#2f6fb2", false);
