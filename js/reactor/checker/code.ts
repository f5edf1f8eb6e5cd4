// The code of handlers: what it does with states, and what of it cannot work.

import type { Span } from "../../protocol/index.ts";
import type { RawElement } from "../parser.ts";
import { table } from "../table.ts";
import type { Names } from "./names.ts";

/** What an action does with states, as far as its text tells. */
export interface StateUse {
  readonly name: string;
  readonly writes: boolean;
  readonly start: number;
}

// Not a member of something else (`reply.state.city`), unless that is spread (`...state.list`).
const USE = /(?<!(?<!\.\.)\.\s*|[\w$])state\s*(?:\?\.|\.)\s*([A-Za-z_$][\w$]*)((?:\s*(?:\?\.|\.)\s*[A-Za-z_$][\w$]*|\s*\[[^\]\n]*\])*)\s*(=(?!=)|\+=|-=|\*=|\/=|%=|\?\?=|\+\+|--|\()?/g;
/** The word alone: a variable or a parameter of the handler's own, perhaps. (Or the states, given to a function.) */
const ALONE = /(?<![\w$.])state\b(?!\s*(?:\?\.|\.|\[))/;
const MUTATORS = /\.\s*(push|pop|shift|unshift|splice|sort|reverse|fill)$/;

export function stateUses(body: string): StateUse[] {
  const found: StateUse[] = [];
  const text = withoutTexts(body);
  for (const match of text.matchAll(USE)) {
    const path = match[2] ?? "";
    const after = match[3] ?? "";
    const prefix = /(\+\+|--|delete\s)\s*$/.test(text.slice(0, match.index));
    const writes = prefix || (after === "(" ? MUTATORS.test(path) : after !== "");
    const name = match[1] as string;
    found.push({ name, writes, start: match.index + match[0].indexOf(name, 5) });
  }
  return found;
}

/** Blank out comments and texts, so that nothing in them counts; offsets stay, and so does code within templates. */
export function withoutTexts(body: string): string {
  const kept = body.split("");
  const blank = (from: number, to: number): void => { for (let at = from; at < to; at++) if (kept[at] !== "\n") kept[at] = " "; };
  /** Depth of braces at which each open template goes on. */
  const templates: number[] = [];
  let depth = 0;
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[`{}]/g;
  for (let match = token.exec(body); match; match = token.exec(body)) {
    const [found] = match;
    const inTemplate = found === "`" || (found === "}" && templates.at(-1) === depth);
    if (found === "{") depth += 1;
    else if (inTemplate) {
      if (found === "}") templates.pop();
      const end = templateEnd(body, token.lastIndex);
      blank(token.lastIndex, end);
      if (body[end] === "$") templates.push(depth);
      token.lastIndex = body[end] === "$" ? end + 2 : end + 1;
    } else if (found === "}") depth -= 1;
    else blank(match.index, token.lastIndex);
  }
  return kept.join("");
}

/** Where the text of a template ends: at its backquote, at the next `${`, or with the body. */
function templateEnd(body: string, from: number): number {
  for (let at = from; at < body.length; at++) {
    if (body[at] === "\\") at += 1;
    else if (body[at] === "`" || (body[at] === "$" && body[at + 1] === "{")) return at;
  }
  return body.length;
}

/** Brackets inside each other: some seven hundred functions in functions are too many for the engine's stack. */
const NESTED = 500;

/** Where code is nested too deeply, if it is. */
function tooDeep(code: string): number | null {
  let depth = 0;
  for (let at = 0; at < code.length; at++) {
    // In a regular expression.
    if (code[at] === "\\") at += 1;
    else if ("([{".includes(code[at] as string)) depth += 1;
    else if (")]}".includes(code[at] as string)) depth -= 1;
    if (depth > NESTED) return at;
  }
  return null;
}

/** What `nx` has: calls, and records of calls. A test compares it with the sandbox's own. */
export const CALLS = table<readonly string[]>({
  log: [], error: [], fail: [], now: [], random: [], id: [], fetch: [], socket: [], kernel: ["call"], send: [], panel: [], frame: [],
  files: ["read", "readBytes", "list", "write", "remove"], db: ["query"], ai: [], emit: [], notify: [], clipboard: [],
});
const CALL = /(?<![\w$.])nx\s*\.\s*([A-Za-z_$][\w$]*)(?:\s*\.\s*([A-Za-z_$][\w$]*))?/dg;
/** What every function has. */
const OF_FUNCTIONS = ["apply", "bind", "call"];

/** Report calls of `nx` that there are not, which would fail when they are run. */
function checkCalls(names: Names, code: string, start: number, node: string): void {
  for (const { 1: name = "", 2: member = "", indices } of code.matchAll(CALL)) {
    const members = CALLS[name];
    const report = (part: 1 | 2, wrong: string, says: string, known: readonly string[]): void => {
      const [from, to] = indices?.[part] ?? [0, 0];
      const near = names.source.nearest(wrong, known);
      const instead = near ? `; did you mean '${near}'?` : known.length ? `. It has ${known.join(", ")}.` : ".";
      names.source.report("NX3018", says + instead, start + from, start + to, { node, fix: near ? names.source.correction(wrong, near, known, start + from, start + to) : null });
    };
    if (!members) report(1, name, `nx has no '${name}'`, Object.keys(CALLS));
    else if (!member) continue;
    else if (members.length && !members.includes(member)) report(2, member, `nx.${name} has no '${member}'`, members);
    else if (!members.length && !OF_FUNCTIONS.includes(member)) report(2, member, `nx.${name} is a call itself`, []);
  }
}

/** Report code that the sandbox could not compile. */
function checkScript(names: Names, body: string, start: number, node: string, own: readonly string[]): void {
  const fault = names.script?.(body, own);
  if (fault) names.source.report("NX3020", `This code does not compile: ${fault.message}.`, start + fault.at, start + fault.at + fault.length, { node });
}

/** What other places where JavaScript runs have, and what to use here. */
const ABSENT = table<string>({
  URL: "Join the parts of an address, each by encodeURIComponent().",
  URLSearchParams: "Join the parts of an address, each by encodeURIComponent().",
  Intl: "Return numbers and dates as they are, and format them in the view: {x | number(2)}, {x | money}, {day | date}.",
  fetch: "Use nx.fetch().",
  XMLHttpRequest: "Use nx.fetch().",
  WebSocket: "Use nx.socket().",
  setInterval: 'Declare <lifecycle on="interval" every="1000" run="..."/>.',
  localStorage: "Keep it in a state.",
  sessionStorage: "Keep it in a state with scope=\"view\".",
  document: "What is shown follows from states.",
  window: "What is shown follows from states.",
  alert: "Use nx.notify().",
  require: "Everything there is comes with the handler.",
  process: "Everything there is comes with the handler.",
});
/** Methods that elsewhere write as people of a place do. */
const LOCAL = /\.\s*(toLocale(?:Date|Time)?String)\s*\(/dg;

interface Absence {
  readonly at: number;
  readonly length: number;
  readonly message: string;
}

/** What code asks for that is not there; names that it has itself are left alone. */
function absences(code: string, own: readonly string[]): Absence[] {
  const found: Absence[] = [];
  for (const { 0: name, index } of code.matchAll(/(?<![\w$.])[A-Za-z]+(?![\w$]|\s*:)/g)) {
    const instead = ABSENT[name];
    if (instead !== undefined && !own.includes(name) && !hasItself(code, name)) found.push({ at: index, length: name.length, message: `Handlers have no '${name}'. ${instead}` });
  }
  for (const { 1: name = "", indices } of code.matchAll(LOCAL)) found.push({ at: indices?.[1]?.[0] ?? 0, length: name.length, message: `'${name}' knows no locale in a handler. ${ABSENT["Intl"]}` });
  return found;
}

/** Whether code declares a name, or takes it as a parameter, as far as its text tells. */
function hasItself(code: string, name: string): boolean {
  return new RegExp(`\\b(?:const|let|var|function|class)\\b[^;=]*\\b${name}\\b|\\b${name}\\b[^()]*\\)?\\s*=>`).test(code);
}

const CDATA = /^\s*(<!\[CDATA\[)[\s\S]*?(\]\]>)?\s*$/d;

/** Content that is taken as it is needs no CDATA, and has it in its code. */
function refuseCdata(names: Names, body: string, start: number, node: string): void {
  const indices = CDATA.exec(body)?.indices;
  const opened = indices?.[1];
  if (!opened) return;
  const edits = [opened, indices?.[2]].flatMap((range) => (range ? [{ start: start + range[0], end: start + range[1], text: "" }] : []));
  names.source.report("NX1006", "CDATA is not needed: the content of an action is taken as it is.", start + opened[0], start + opened[1], { node, fix: { title: "take out CDATA", edits, certain: true } });
}

/** The code of a handler, checked; `own` are the names that it gets. */
export function readCode(names: Names, raw: RawElement, node: string, own: readonly string[] = []): { body: string; span: Span } {
  const text = raw.children[0];
  const body = text?.kind === "text" ? text.value : "";
  const start = text?.start ?? raw.openEnd;
  refuseCdata(names, body, start, node);
  const code = withoutTexts(body);
  const deep = tooDeep(code);
  if (deep !== null) names.source.report("NX1001", `This code is nested deeper than ${NESTED} brackets, which cannot be compiled.`, start + deep, start + deep + 1, { node });
  else if (!CDATA.test(body)) checkScript(names, body, start, node, own);
  checkCalls(names, code, start, node);
  const shadowed = ALONE.test(code);
  for (const { at, length, message } of absences(code, own)) names.source.report("NX3017", message, start + at, start + at + length, { node });
  for (const use of stateUses(body)) {
    // Where the handler may have a `state` of its own, which one is meant is for the run to say.
    if (names.states.has(use.name) || shadowed) continue;
    const [from, to] = [start + use.start, start + use.start + use.name.length];
    const kind = names.values.get(use.name);
    if (kind) names.source.report("NX3009", `'${use.name}' is a ${kind}, not a state: handlers read and write states only.`, from, to, { node });
    else names.unknown(use.name, from, to, [...names.states.keys()], node);
  }
  return { body, span: names.source.span(start, start + body.length) };
}
