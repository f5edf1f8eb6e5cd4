// Things to press, choose and type in.

import type { Component, Context } from "../reactor/component.ts";
import { isNumber, textOf, truthy, type Value } from "../reactor/expression/index.ts";
import { h } from "../reactor/vnode.ts";
import { box, DISABLED, field, HINT, LABEL, problemNote, REASON, usable } from "./shared.ts";
import { after } from "./timing.ts";
import { decimalMarks, readNumber, writtenNumber } from "./numbers.ts";
import { emptied, entry, type Entry, PATTERN, type Reading, VALIDATION } from "./validation.ts";

export const CONTROL = { min: 140, preferred: 240, grow: 1 };
export const CHANGE = { change: "the new value" };

export interface InputEvent {
  readonly target: { readonly value: string; readonly checked: boolean; readonly valueAsNumber: number };
}
interface KeyEvent {
  readonly key: string;
  readonly target: { readonly value: string };
  preventDefault(): void;
}
interface DayEvent {
  readonly target: { readonly value: string; readonly validity: { readonly badInput: boolean } };
}

/** The person has decided: the value counts if it holds, and others are told. */
export function commit(context: Context, { enter }: Entry, shown: Value, reading: Reading): void {
  if (enter(shown, reading, "done") && "value" in reading) context.fire("change", reading.value);
}

/** A number that was dragged, as the state takes it: an int has no parts. */
export function dragged(context: Context, value: number): number {
  const type = context.target("value")?.type;
  const plain = type?.kind === "optional" ? type.item : type;
  return (plain?.kind === "list" ? plain.item : plain)?.kind === "int" ? Math.round(value) : value;
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
      const own = entry(context);
      const all = { class: `nx-${name}`, type: "checkbox", id: context.domId, role: name === "toggle" ? "switch" : null, checked: () => truthy(own.shown()), ...own.attrs, ...usable(context) };
      const change = ({ target: { checked } }: InputEvent): void => commit(context, own, checked, { value: checked });
      return field(context, name, h("input", all, [], { on: { ...own.on, change: change as never } }), { inline: true, note: own.note });
    },
  };
}

export const toggle = checkable("toggle", "On or off, at once.");
export const checkbox = checkable("checkbox", "Yes or no.");

export const slider: Component = {
  name: "slider", category: "input", doc: "A number, by dragging.", content: "none", size: { min: 160, preferred: 320, grow: 1 }, events: CHANGE,
  props: { label: LABEL, value: { type: "float", doc: "The number.", bindable: true }, min: { type: "float", doc: "Smallest (0)." }, max: { type: "float", doc: "Largest (100)." }, step: { type: "float", above: 0, doc: "Steps (1)." }, unit: { type: "str", doc: "Its unit." }, disabled: DISABLED, reason: REASON, hint: HINT },
  example: '<slider id="s" label="Size" min="0" max="10"/>',
  draw: (context) => {
    const own = entry(context);
    const shown = (): number => { const value = own.shown(); return isNumber(value) ? value : 0; };
    const all = { class: "nx-slider", type: "range", id: context.domId, min: () => context.num("min", 0), max: () => context.num("max", 100), step: () => context.num("step", 1), value: shown, ...own.attrs, ...usable(context) };
    const to = (event: InputEvent): number => dragged(context, event.target.valueAsNumber);
    const on = {
      ...own.on,
      input: ((event: InputEvent) => void own.enter(to(event), { value: to(event) }, "live")) as never,
      change: ((event: InputEvent) => commit(context, own, to(event), { value: to(event) })) as never,
    };
    return field(context, "slider", h("input", all, [], { on }), { side: h("output", { class: "nx-value", for: context.domId }, [() => `${textOf(shown())}${context.has("unit") ? ` ${context.str("unit")}` : ""}`]), note: own.note });
  },
};

/** Keys that step a number, by how many steps. */
const STEPS: Readonly<Record<string, number>> = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
/** Binary noise of a division into steps. */
const NOISE = 1e-9;

export const number: Component = {
  name: "number", category: "input", doc: "A number, typed.", content: "none", size: CONTROL, events: CHANGE,
  props: { label: LABEL, value: { type: "float", doc: "The number.", bindable: true }, min: { type: "float", doc: "Smallest." }, max: { type: "float", doc: "Largest." }, step: { type: "float", above: 0, doc: "Steps; any number when left out." }, ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT },
  example: '<number id="n" label="Count"/>',
  draw: (context) => {
    const own = entry(context);
    // A picture is drawn where nobody's language is known.
    const marks = context.host.live ? decimalMarks() : (["."] as const);
    const shown = (): string => { const value = own.shown(); return isNumber(value) ? writtenNumber(value, marks[0] ?? ".") : textOf(value); };
    // Not of type number: there a browser gives no text for what it cannot read, and reads 15 where 1,5 was typed.
    const all = { class: "nx-input nx-number", type: "text", inputmode: "decimal", autocomplete: "off", id: context.domId, value: shown, ...own.attrs, ...usable(context) };
    const read = (text: string): Reading => {
      if (!text.trim()) return emptied(context);
      const value = readNumber(text, marks);
      return value === null ? { fault: `\u201C${text.trim().slice(0, 40)}\u201D is not a number. Write it like ${writtenNumber(1234.5, marks[0] ?? ".")}.` } : { value };
    };
    const step = (steps: number): void => {
      const [value, by] = [own.value(), Math.abs(context.num("step", 1)) || 1];
      const from = isNumber(value) ? value : context.num("min", 0);
      const base = context.has("step") ? context.num("min", 0) : from;
      const at = (from - base) / by;
      const to = Math.max((steps > 0 ? Math.floor(at + NOISE) : Math.ceil(at - NOISE)) + steps, Math.ceil((context.num("min", -Infinity) - base) / by - NOISE));
      const reached = Number((base + Math.min(to, Math.floor((context.num("max", Infinity) - base) / by + NOISE)) * by).toPrecision(15));
      commit(context, own, reached, { value: reached });
    };
    const keydown = (event: KeyEvent): void => {
      own.on["keydown"]?.(event as never);
      const steps = STEPS[event.key];
      if (steps === undefined) return;
      event.preventDefault();
      // What was typed counts first, if it holds.
      const { value } = event.target;
      if (!own.ahead() || own.enter(value, read(value), "done")) step(steps);
    };
    const on = {
      ...own.on, keydown: keydown as never,
      input: ((event: InputEvent) => own.type(event.target.value)) as never,
      change: (({ target: { value } }: InputEvent) => commit(context, own, value, read(value))) as never,
    };
    return field(context, "number", h("input", all, [], { on }), { note: own.note });
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
      "max-length": { type: "int", least: 0, doc: "The greatest number of characters." },
      ...(line ? { pattern: PATTERN } : { rows: { type: "int", least: 1, most: 200, doc: "How many lines are seen (3)." } } as const), ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT,
    },
    draw: (context) => {
      const own = entry(context);
      const all = { class: "nx-input", id: context.domId, placeholder: () => (context.has("placeholder") ? context.str("placeholder") : null), ...own.attrs, ...usable(context), value: () => textOf(own.shown()) };
      let cancel = (): void => {};
      const done = (value: string): void => { cancel(); commit(context, own, value, { value }); };
      const input = ({ target: { value } }: InputEvent): void => {
        own.enter(value, { value }, "live");
        if (name !== "search") return;
        cancel();
        cancel = after(REST, () => done(value));
      };
      const keydown = (event: KeyEvent): void => {
        own.on["keydown"]?.(event as never);
        const { key, target: { value } } = event;
        if (!line || key !== "Enter" || !context.handles("enter")) return;
        cancel();
        if (own.enter(value, { value }, "done")) context.fire("enter", value);
      };
      const listeners = { ...own.on, input: input as never, change: ((event: InputEvent) => done(event.target.value)) as never, keydown: keydown as never };
      const type = name === "search" ? "search" : () => context.str("type", "text");
      const control = line ? h("input", { ...all, type }, [], { on: listeners }) : h("textarea", { ...all, rows: () => context.num("rows", 3) }, [], { on: listeners });
      return field(context, name, control, { note: own.note });
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
      const own = entry(context);
      const limit = (which: string) => (): string | null => (context.has(which) ? context.str(which) : null);
      const text = (): string => textOf(own.shown());
      const shown = (): string => (name === "date" ? text().slice(0, 10) : text() || (name === "color" ? "#000000" : ""));
      const all = { class: `nx-input nx-${name}`, type: name, id: context.domId, ...(limits && { min: limit("min"), max: limit("max") }), ...own.attrs, ...usable(context), value: shown };
      const read = ({ value, validity }: DayEvent["target"]): Reading => {
        if (!value && validity.badInput) return { fault: `This ${name} is not complete.` };
        // A browser tells of each digit of a year.
        if (name === "date" && value.startsWith("0")) return { fault: "Write the year with four digits." };
        return value || context.target("value")?.type.kind === "str" || !context.bound("value") ? { value } : emptied(context);
      };
      const change = ({ target }: DayEvent): void => {
        const reading = read(target);
        // What is not complete may become so; it is judged when the control is left.
        if ("fault" in reading) own.enter(target.value, reading, "live");
        else if (target.value || name !== "color") commit(context, own, target.value, reading);
      };
      const blur = (event: DayEvent): void => {
        const { target } = event;
        if (own.ahead() || target.validity.badInput) commit(context, own, target.value, read(target));
        own.on["blur"]?.(event as never);
      };
      return field(context, name, h("input", all, [], { on: { ...own.on, change: change as never, blur: blur as never } }), { note: own.note });
    },
  };
}

export const date = native("date", "A day.", "2026-03-01", true);
export const time = native("time", "A time of day.", "09:30", true);
export const color = native("color", "A colour.", "#2f6fb2", false);
