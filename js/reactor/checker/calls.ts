// Frames that come from a function of the notebook: its arguments, and the states behind them.

import type { FrameCall } from "../../protocol/index.ts";
import type { RawAttribute } from "../parser.ts";
import { everyPart } from "../walk.ts";
import type { Names } from "./names.ts";

/** Read `kernel:name(a, limit=50)`. */
export function readCall(names: Names, given: RawAttribute, fn: string, node: string): FrameCall {
  const value = given.value ?? "";
  const start = value.indexOf("(") + 1;
  const args = pieces(value, start, value.lastIndexOf(")")).map(([from, to]) => {
    const text = value.slice(from, to);
    const keyword = /^\s*([A-Za-z_]\w*)\s*=(?!=)/.exec(text);
    const at = from + (keyword ? keyword[0].length : 0);
    const place = { text: value.slice(at, to), offset: names.source.place(given.valueStart, value, at), node, locals: [] };
    const { expression, names: read } = names.expression(place);
    refuseRows(names, read, given, node);
    return { name: keyword ? (keyword[1] as string) : null, expr: expression };
  });
  const late = args.findIndex((arg, i) => arg.name === null && args.slice(0, i).some((earlier) => earlier.name !== null));
  if (late >= 0) names.source.report("NX3006", "Arguments by name stand behind those by position.", given.valueStart, given.valueEnd, { node });
  return { function: fn, args, inputs: [] };
}

/** The parts between commas at the top level. */
function pieces(text: string, start: number, end: number): [number, number][] {
  const found: [number, number][] = [];
  let depth = 0;
  let quote = "";
  let from = start;
  for (let at = start; at <= end; at += 1) {
    const char = at < end ? (text[at] as string) : ",";
    if (quote) quote = char === quote ? "" : quote;
    else if (char === "'" || char === '"') quote = char;
    else if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char)) depth -= 1;
    if ((char !== "," || depth > 0 || quote) && at < end) continue;
    if (text.slice(from, at).trim()) found.push([from, at]);
    from = at + 1;
  }
  return found;
}

/** Report names that are rows: they are not known where conditions and arguments are worked out. */
export function refuseRows(names: Names, read: readonly string[], given: RawAttribute, node: string): void {
  const rows = behind(names, read).find((name) => names.isRows(name));
  if (rows !== undefined) names.source.report("NX3016", `'${given.name}' may depend on states, links and what is computed from them, not on '${rows}'.`, given.valueStart, given.valueEnd, { node });
}

/** The names that names depend on, computed values looked through. */
export function behind(names: Names, read: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const computed = names.computed.get(name);
    if (found.has(name)) return;
    found.add(name);
    if (!computed) return;
    for (const part of everyPart(computed.expr)) {
      if (part.kind === "name") visit(part.name);
      else if (part.kind === "aggregate") visit(part.query);
    }
  };
  for (const name of read) visit(name);
  return [...found];
}

/** Once all computed values are known: the states and links that calls depend on. */
export function settleCalls(names: Names): void {
  for (const frame of names.frames.values()) {
    if (!frame.call) continue;
    const read = frame.call.args.flatMap((arg) => [...everyPart(arg.expr)].flatMap((part) => (part.kind === "name" ? [part.name] : [])));
    const inputs = behind(names, read).filter((name) => names.states.has(name) || names.links.has(name)).sort();
    names.frames.set(frame.name, { ...frame, call: { ...frame.call, inputs } });
  }
}
