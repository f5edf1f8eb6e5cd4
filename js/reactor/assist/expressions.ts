// Suggestions and explanations inside expressions.

import type { Build } from "../../protocol/index.ts";
import { FUNCTIONS } from "../expression/index.ts";
import type { RawElement } from "../parser.ts";
import { attribute } from "../tree.ts";
import { columns, fields, values } from "./declared.ts";
import type { Suggestion, Suggestions } from "./types.ts";

/** What an expression may mention: the panel's names, and those of the elements around it. */
export interface Scope {
  readonly build: Build;
  readonly locals: readonly Local[];
  /** The frame whose columns `row` has, in a query. */
  readonly frame?: string;
}

interface Local {
  readonly name: string;
  readonly doc: string;
  /** The list that the name goes through. */
  readonly list?: string;
}

/** The names that `for` gives to what stands inside. */
export function loopNames(elements: readonly RawElement[]): Local[] {
  return elements.flatMap((element) => {
    const match = /^\s*([A-Za-z_]\w*)\s+in\s+([\s\S]+?)\s*$/.exec(attribute(element, "for")?.value ?? "");
    return match ? [{ name: match[1] as string, doc: `Each item of ${match[2]}.`, list: match[2] as string }] : [];
  });
}

function functions(pipe: boolean): Suggestion[] {
  return Object.entries(FUNCTIONS).map(([name, { doc, returns, arity: [least, most] }]) => {
    const bare = pipe && most === 1;
    return { label: name, kind: "function", detail: returns, doc, ...(bare || (pipe && least === 1) ? {} : { insert: `${name}()`, caret: name.length + 1 }) };
  });
}

/** What may be written at the end of `before`, which starts at `offset` in the text. */
export function suggestInExpression(before: string, offset: number, scope: Scope): Suggestions | null {
  if (inQuotes(before)) return null;
  const word = (/[A-Za-z_$][\w$]*$/.exec(before) ?? [""])[0];
  const ahead = before.slice(0, before.length - word.length);
  if (!word && /[\w)\]'"]$/.test(ahead)) return null;
  const from = offset + ahead.length;
  if (/(^|[^|])\|\s*$/.test(ahead)) return { from, items: functions(true) };
  const member = /([A-Za-z_]\w*)\s*\.\s*$/.exec(ahead);
  if (member) return { from, items: members(member[1] as string, scope) };
  const locals = scope.locals.map(({ name, doc }): Suggestion => ({ label: name, kind: "local", detail: "", doc }));
  return { from, items: [...locals, ...values(scope.build), ...functions(false)] };
}

function members(name: string, { build, locals, frame }: Scope): Suggestion[] {
  if (name === "row" && frame !== undefined) return columns(build, frame);
  const local = locals.find((found) => found.name === name);
  return local ? fields(build, local.list ?? "", true) : fields(build, name, false);
}

function inQuotes(text: string): boolean {
  let quote = "";
  for (const char of text) quote = quote ? (char === quote ? "" : quote) : char === "'" || char === '"' ? char : "";
  return quote !== "";
}

/** The suggestion that a word of an expression would have been. */
export function findName(word: string, ahead: string, scope: Scope): Suggestion | undefined {
  const found = suggestInExpression(`${ahead}${word}`, 0, scope)?.items.find((item) => item.label === word);
  return found ?? functions(false).find((item) => item.label === word && /\|\s*$/.test(ahead));
}
