// What a control's value must be, and when the person is told.

import type { Context } from "../reactor/component.ts";
import { isList, isNumber, isRecord, textOf } from "../reactor/expression/index.ts";
import type { PropSpec } from "../reactor/registry.ts";
import { after } from "./timing.ts";
import { type AttrValue, dynamic, type Follow, h, type VChild } from "../reactor/vnode.ts";

export const REQUIRED: PropSpec = { type: "bool", doc: "Must be filled in before a form is sent." };
export const PATTERN: PropSpec = { type: "str", doc: "What the whole text must look like: letters stand for themselves, # is a digit, ? a letter, * anything." };
export const MESSAGE: PropSpec = { type: "str", doc: "What is said when the value is not as it must be." };
export const VALIDATION = { required: REQUIRED, message: MESSAGE };

/** Milliseconds. */
const PATIENCE = 200;

/** The event by which a form asks its controls to say what is missing. */
export const VALIDATE = "nexus-validate";

export interface Validation {
  /** Attributes of the control. */
  readonly attrs: Readonly<Record<string, Follow<AttrValue>>>;
  readonly on: Readonly<Record<string, () => void>>;
  readonly note: VChild;
}

/** Watch a control's value: nothing is said before the person has left the control, or tried to send the form. */
export function validation(context: Context): Validation {
  const touched = context.host.cell(false);
  const wrong = context.host.memo(() => fault(context));
  const shown = (): string | null => (touched.get() ? wrong() : null);
  const id = `${context.domId}-fault`;
  return {
    attrs: {
      "data-invalid": () => wrong() !== null, "aria-invalid": () => (shown() === null ? null : "true"), "aria-required": () => (context.flag("required") ? "true" : null),
      "aria-describedby": () => [shown() === null ? "" : id, context.has("hint") ? `${context.domId}-hint` : ""].filter(Boolean).join(" ") || null,
    },
    // Later: a message that comes between pressing and releasing the mouse would move what is pressed.
    on: { blur: () => void after(PATIENCE, () => touched.set(true)), [VALIDATE]: () => touched.set(true) },
    note: dynamic(() => { const text = shown(); return text === null ? null : h("span", { class: "nx-fault", id, role: "alert" }, [text]); }),
  };
}

function fault(context: Context): string | null {
  const found = faultOf(context);
  return found !== null && context.has("message") ? context.str("message") : found;
}

function faultOf(context: Context): string | null {
  const value = context.prop("value");
  const empty = value === null || value === "" || (isList(value) && !value.length) || (isRecord(value) && !Object.keys(value).length);
  if (empty) return context.flag("required") ? "Fill this in." : null;
  if (isNumber(value)) {
    if (context.has("min") && value < context.num("min", 0)) return `Take at least ${context.str("min")}.`;
    if (context.has("max") && value > context.num("max", 0)) return `Take at most ${context.str("max")}.`;
  } else if (typeof value === "string" && context.has("min") && value < context.str("min")) return `Not before ${context.str("min")}.`;
  else if (typeof value === "string" && context.has("max") && value > context.str("max")) return `Not after ${context.str("max")}.`;
  if (context.has("pattern") && !matches(textOf(value), context.str("pattern"))) return `Write it like ${context.str("pattern")}.`;
  return null;
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
