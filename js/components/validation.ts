// What a control's value must be, what becomes of an entry that is not so, and when the person is told.

import type { Json, StateDeclaration, TypeSpec } from "../protocol/index.ts";
import type { Context } from "../reactor/component.ts";
import { isList, isNumber, isRecord, numberText, same, textOf, type Value } from "../reactor/expression/index.ts";
import type { PropSpec } from "../reactor/registry.ts";
import { fits } from "../reactor/types.ts";
import { after } from "./timing.ts";
import { type AttrValue, dynamic, type Follow, h, type VChild } from "../reactor/vnode.ts";

export const REQUIRED: PropSpec = { type: "bool", doc: "Must be filled in before a form is sent." };
export const PATTERN: PropSpec = { type: "str", form: true, doc: "What the whole text must look like: letters stand for themselves, # is a digit, ? a letter, * anything." };
export const MESSAGE: PropSpec = { type: "str", doc: "What is said when the value is not as it must be." };
export const VALIDATION = { required: REQUIRED, message: MESSAGE };

/** Milliseconds. */
const PATIENCE = 200;

/** The event by which a form asks its controls to say what is missing. */
export const VALIDATE = "nexus-validate";

/** What an entry means: a value, or why it is none. */
export type Reading = { readonly value: Json } | { readonly fault: string };

/** What the person has entered and the state does not have: not yet, or because it does not hold. */
interface Draft {
  /** What stands in the control. */
  readonly shown: Value;
  readonly fault: string | null;
  /** The value before. */
  readonly begun: Value;
}

/** A value of a control that no state has, as long as the value it was given stays. */
interface Own {
  readonly value: Value;
  readonly given: Value;
}

interface Keys {
  readonly key: string;
  preventDefault(): void;
}

/** A control's value, and what is being entered. A state only gets what holds. */
export interface Entry {
  /** Attributes of the control. */
  readonly attrs: Readonly<Record<string, Follow<AttrValue>>>;
  readonly on: Readonly<Record<string, (event: never) => void>>;
  readonly note: VChild;
  /** The value that it has; what was entered and does not hold is none. */
  value(): Value;
  /** What stands in it: its value, unless the person has entered something else. */
  shown(): Value;
  /** Whether the person has entered something that is not the value. */
  ahead(): boolean;
  /** Note what stands in it while the person goes on typing; it is read when they are done. */
  type(shown: Value): void;
  /** Take an entry: it becomes the value if it holds, else it stays in the control, marked. Returns whether it does. */
  enter(shown: Value, reading: Reading, gesture: "live" | "done"): boolean;
}

/** Follow a control's value and what is entered; nothing is said before the person has left the control, or tried to send the form. */
export function entry(context: Context): Entry {
  const { host } = context;
  const touched = host.cell(false);
  const focused = host.cell(false);
  const typed = host.cell<Draft | null>(null);
  // What does not hold stays until it is mended or taken back, also when the panel is drawn anew.
  const refused = host.cell<Draft | null>(null, `${context.id}/refused`);
  const own = host.cell<Own | null>(null, `${context.id}/own`);
  const value = (): Value => {
    const [given, mine] = [context.prop("value"), own.get()];
    return mine !== null && same(mine.given, given) ? mine.value : given;
  };
  const draft = (): Draft | null => {
    const wrong = refused.get();
    // Once the person has left the control, a new value of the state takes the place of what never held.
    return typed.get() ?? (wrong !== null && (focused.get() || same(wrong.begun, value())) ? wrong : null);
  };
  const wrong = host.memo(() => {
    const found = draft()?.fault ?? missing(context, value()) ?? refusal(context, value(), true);
    return found !== null && context.has("message") ? context.str("message") : found;
  });
  const told = (): string | null => (touched.get() ? wrong() : null);
  const write = (next: Json, gesture: "live" | "done"): void => {
    if (context.bound("value")) context.set("value", next, gesture);
    else if (gesture === "done") own.set({ value: next as Value, given: context.prop("value") });
  };
  const forget = (begun: Value): void => {
    typed.set(null);
    refused.set(null);
    if (context.bound("value")) context.set("value", begun as Json, "back");
  };
  // Later: a message that comes between pressing and releasing the mouse would move what is pressed.
  const tell = (): void => void after(PATIENCE, () => touched.set(true));
  const enter = (shown: Value, reading: Reading, gesture: "live" | "done"): boolean => {
    const begun = draft()?.begun ?? value();
    const fault = "fault" in reading ? reading.fault : refusal(context, reading.value as Value, false);
    if (fault !== null) {
      if (typed.get()) forget(begun);
      refused.set({ shown, fault, begun });
      if (gesture === "done") tell();
      return false;
    }
    const { value: next } = reading as { readonly value: Json };
    refused.set(null);
    write(next, gesture);
    typed.set(gesture === "live" ? { shown, fault: null, begun } : null);
    return true;
  };
  const keys = (event: Keys): void => {
    const found = draft();
    if (event.key !== "Escape" || !found) return;
    event.preventDefault();
    forget(found.begun);
  };
  const id = `${context.domId}-fault`;
  return {
    value, enter,
    shown: () => { const found = draft(); return found ? found.shown : value(); },
    ahead: () => draft() !== null,
    type: (shown) => typed.set({ shown, fault: null, begun: draft()?.begun ?? value() }),
    attrs: {
      "data-invalid": () => wrong() !== null, "data-ahead": () => draft() !== null,
      "aria-invalid": () => (told() === null ? null : "true"), "aria-required": () => (context.flag("required") ? "true" : null),
      "aria-describedby": () => [told() === null ? "" : id, context.has("hint") ? `${context.domId}-hint` : ""].filter(Boolean).join(" ") || null,
    },
    on: {
      focus: () => focused.set(true), keydown: keys as never, [VALIDATE]: () => touched.set(true),
      blur: () => {
        focused.set(false);
        tell();
        // What was begun and not done is given up, once what follows from leaving the control has happened.
        void after(0, () => {
          const left = focused.get() ? null : typed.get();
          if (left && refused.get()) typed.set(null);
          else if (left) forget(left.begun);
        });
      },
    },
    note: dynamic(() => { const text = told(); return text === null ? null : h("span", { class: "nx-fault", id, role: "alert" }, [text]); }),
  };
}

function isEmpty(value: Value): boolean {
  return value === null || value === "" || (isList(value) && !value.length) || (isRecord(value) && !Object.keys(value).length);
}

function missing(context: Context, value: Value): string | null {
  return isEmpty(value) && context.flag("required") ? "Fill this in." : null;
}

/** Why a control may not have a value; one that is there already is not asked for its type. */
function refusal(context: Context, value: Value, there: boolean): string | null {
  const target = context.target("value");
  return (isEmpty(value) ? null : ofControl(context, value)) ?? (target && !there ? ofState(target, value) : null);
}

/** What a control's own attributes say. */
function ofControl(context: Context, value: Value): string | null {
  if (isNumber(value)) {
    if (context.has("min") && value < context.num("min", -Infinity)) return `Take at least ${context.str("min")}.`;
    if (context.has("max") && value > context.num("max", Infinity)) return `Take at most ${context.str("max")}.`;
    if (context.has("step")) return offStep(value, context.num("step", 0), context.num("min", 0));
  } else if (typeof value === "string") {
    if (context.has("min") && value < context.str("min")) return `Not before ${context.str("min")}.`;
    if (context.has("max") && value > context.str("max")) return `Not after ${context.str("max")}.`;
    const most = context.num("max-length", Infinity);
    if (lengthOf(value) > most) return `Write at most ${most} characters; these are ${lengthOf(value)}.`;
  }
  if (context.has("pattern") && !matches(textOf(value), context.str("pattern"))) return `Write it like ${context.str("pattern")}.`;
  return null;
}

/** Steps are counted from the least number. Binary noise of the division is less than a billionth of a step. */
function offStep(value: number, step: number, from: number): string | null {
  if (!(step > 0)) return null;
  const steps = (value - from) / step;
  if (Math.abs(steps - Math.round(steps)) < 1e-9 * Math.max(1, Math.abs(steps))) return null;
  return `Take ${numberText(from + Math.floor(steps) * step)} or ${numberText(from + Math.ceil(steps) * step)}: it goes in steps of ${numberText(step)}.`;
}

const WANTED: Readonly<Partial<Record<TypeSpec["kind"], string>>> = { str: "a text", float: "a number", bool: "yes or no", date: "a date", list: "a list", dict: "a record", record: "a record" };

/** What the declaration of a state says. */
function ofState({ type, min, max }: StateDeclaration, value: Value): string | null {
  const plain = type.kind === "optional" ? type.item : type;
  if (!fits(type, value)) {
    if (value === null || value === "") return "This must not be empty.";
    if (plain.kind !== "int") return `This takes ${WANTED[plain.kind] ?? "another value"}.`;
    return isNumber(value) && Number.isInteger(value) ? `Take a number between \u2212${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}.` : "Take a whole number.";
  }
  const size = isNumber(value) ? value : typeof value === "string" ? lengthOf(value) : isList(value) ? value.length : null;
  if (size === null) return null;
  const [verb, things] = isNumber(value) ? ["Take", ""] : isList(value) ? ["Choose", ""] : ["Write", " characters"];
  if (min !== null && size < min) return `${verb} at least ${numberText(min)}${things}.`;
  if (max !== null && size > max) return `${verb} at most ${numberText(max)}${things}.`;
  return null;
}

/** Characters as the workspace counts them, by code point. */
export function lengthOf(text: string): number {
  return [...text].length;
}

/** What an emptied control means: nothing, where the state's type has that. */
export function emptied(context: Context): Reading {
  const type = context.target("value")?.type;
  if (!type || type.kind === "optional" || type.kind === "any") return { value: null };
  return type.kind === "str" ? { value: "" } : { fault: "This must not be empty." };
}

/** Whether a text is as a pattern says. Patterns are no regular expressions, which can take for ever. */
export function matches(text: string, pattern: string): boolean {
  // For each star the text is searched on from where the last one stood: linear in text times pattern.
  let [at, from, star, mark] = [0, 0, -1, 0];
  const one = (char: string, wanted: string): boolean => (wanted === "#" ? char >= "0" && char <= "9" : wanted === "?" ? char.toLowerCase() !== char.toUpperCase() : char === wanted);
  while (at < text.length) {
    if (from < pattern.length && pattern[from] === "*") {
      star = from++;
      mark = at;
    } else if (from < pattern.length && one(text[at] as string, pattern[from] as string)) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      from = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (pattern[from] === "*") from += 1;
  return from === pattern.length;
}
