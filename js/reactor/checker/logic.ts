// The section <logic>: actions, tools, resources, capabilities.

import type { ActionDeclaration, CapabilityUse, Parameter, ResourceDeclaration, ToolDeclaration } from "../../protocol/index.ts";
import type { RawAttribute, RawElement } from "../parser.ts";
import { nearest, replaceFix } from "../source.ts";
import { table } from "../table.ts";
import { attribute, contentText, type TreeNode } from "../tree.ts";
import { emptyValue, fits, parseFields, readValue, spell } from "../types.ts";
import { typeOf } from "./declarations.ts";
import type { Names } from "./names.ts";

export const CAPABILITIES: readonly CapabilityUse["cap"][] = [
  "state", "panel.send", "panel.read", "frame.read", "kernel.call", "net.http", "net.ws", "fs.read", "fs.write",
  "db.query", "ai.complete", "agent.emit", "notify", "clipboard", "time", "random", "log",
];

/** Host calls and the capability that each needs; those that every panel has are left out. */
const NEEDS = table<CapabilityUse["cap"]>({
  fetch: "net.http", socket: "net.ws", kernel: "kernel.call", send: "panel.send", panel: "panel.read", frame: "frame.read",
  "files.read": "fs.read", "files.readBytes": "fs.read", "files.list": "fs.read", "files.write": "fs.write", "files.remove": "fs.write", db: "db.query", ai: "ai.complete", emit: "agent.emit", notify: "notify", clipboard: "clipboard",
});

/** What an action does with states, as far as its text tells. */
export interface StateUse {
  readonly name: string;
  readonly writes: boolean;
  readonly start: number;
}

const USE = /\bstate\s*(?:\?\.|\.)\s*([A-Za-z_$][\w$]*)((?:\s*(?:\?\.|\.)\s*[A-Za-z_$][\w$]*|\s*\[[^\]\n]*\])*)\s*(=(?!=)|\+=|-=|\*=|\/=|%=|\?\?=|\+\+|--|\()?/g;
const MUTATORS = /\.\s*(push|pop|shift|unshift|splice|sort|reverse|fill)$/;

export function stateUses(body: string): StateUse[] {
  const found: StateUse[] = [];
  const text = withoutComments(body);
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

/** Blank out comments and texts, so that nothing in them counts; offsets stay. */
function withoutComments(body: string): string {
  return body.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (match) => match.replace(/[^\n]/g, " "));
}

export function declareAction(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value as string;
  if (names.actions.has(name)) {
    names.source.report("NX3001", `The action '${name}' is declared twice.`, raw.start, raw.nameEnd, { node });
    return;
  }
  const text = raw.children[0];
  const body = text?.kind === "text" ? text.value : "";
  const start = text?.start ?? raw.openEnd;
  const written = attribute(raw, "params");
  const params = written?.value ? parseFields(written.value).map((field) => parameter(names, field, written, node)) : [];
  const declared: ActionDeclaration = { name, params, body, span: names.source.span(start, start + body.length) };
  names.actions.set(name, declared);
  for (const use of stateUses(body)) {
    if (!names.states.has(use.name)) names.unknown(use.name, start + use.start, start + use.start + use.name.length, [...names.states.keys()], node);
  }
}

function parameter(names: Names, field: ReturnType<typeof parseFields>[number], at: RawAttribute, node: string): Parameter {
  const type = typeOf(names, field.type, at, field.typeStart, node) ?? { kind: "any" };
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(field.name) || ["state", "nx", "event"].includes(field.name)) {
    names.source.report("NX2016", `'${field.name}' cannot be the name of a parameter.`, at.valueStart, at.valueEnd, { node });
  }
  if (field.default === null) return { name: field.name, type, required: type.kind !== "optional", default: null };
  const text = /^(['"]).*\1$/s.test(field.default) ? field.default.slice(1, -1) : field.default;
  const value = readValue(type, text);
  if (value === undefined || !fits(type, value)) names.source.report("NX3002", `The default of '${field.name}' is no ${spell(type)}.`, at.valueStart, at.valueEnd, { node });
  return { name: field.name, type, required: false, default: value === undefined ? emptyValue(type) : value };
}

export function checkCapabilities(names: Names, uses: readonly CapabilityUse[], nodes: readonly TreeNode[]): void {
  const declared = new Set(uses.map((use) => use.cap));
  for (const { raw, node } of nodes) {
    const text = raw?.name === "action" ? raw.children[0] : undefined;
    if (text?.kind !== "text") continue;
    for (const match of withoutComments(text.value).matchAll(/\bnx\s*\.\s*(files\s*\.\s*)?([A-Za-z]+)\b/g)) {
      const call = match[1] ? `files.${match[2]}` : (match[2] as string);
      const need = NEEDS[call];
      if (!need || declared.has(need)) continue;
      const start = text.start + match.index;
      const open = raw as RawElement;
      const fix = replaceFix(`add <uses cap="${need}">`, open.start, open.start, `<uses cap="${need}" why="needed by ${attribute(open, "name")?.value ?? "an action"}"/>\n`);
      names.source.report("NX6003", `nx.${call} needs the capability ${need}, which the panel does not ask for.`, start, start + match[0].length, { node: node.id, fix });
      declared.add(need);
    }
  }
}

export function readUse(names: Names, raw: RawElement, node: string): CapabilityUse | null {
  const cap = attribute(raw, "cap") as RawAttribute;
  const why = attribute(raw, "why");
  if (!(CAPABILITIES as readonly string[]).includes(cap.value ?? "")) {
    const near = nearest(cap.value ?? "", CAPABILITIES);
    names.source.report("NX6004", `There is no capability '${cap.value}'${near ? `; did you mean '${near}'?` : "."}`, cap.valueStart, cap.valueEnd, { node, fix: near ? replaceFix(`write ${near}`, cap.valueStart, cap.valueEnd, near) : null });
    return null;
  }
  if (!why?.value?.trim()) names.source.report("NX6004", "Say in 'why', for the person who is asked, what the capability is for.", raw.start, raw.nameEnd, { node });
  return { cap: cap.value as CapabilityUse["cap"], target: attribute(raw, "target")?.value ?? null, why: why?.value ?? "" };
}

export function readTool(names: Names, raw: RawElement, node: string): ToolDeclaration | null {
  const name = attribute(raw, "name")?.value as string;
  const [action, set] = [attribute(raw, "action"), attribute(raw, "set")];
  const description = describe(names, raw, node);
  if (!action?.value === !set?.value) {
    names.source.report("NX5001", `The tool '${name}' needs either an action or a state to set.`, raw.start, raw.nameEnd, { node });
    return null;
  }
  if (action?.value && !names.actions.has(action.value)) unknownAction(names, action.value, action.valueStart, action.valueEnd, node);
  if (set?.value && !names.states.has(set.value)) names.unknown(set.value, set.valueStart, set.valueEnd, [...names.states.keys()], node);
  return { name, description, action: action?.value ?? null, set: set?.value ?? null };
}

export function readResource(names: Names, raw: RawElement, node: string): ResourceDeclaration {
  const expr = attribute(raw, "expr") as RawAttribute;
  const { expression } = names.expression({ text: expr.value ?? "", offset: expr.valueStart, node, locals: [] });
  return { name: attribute(raw, "name")?.value as string, description: describe(names, raw, node), expr: expression };
}

function describe(names: Names, raw: RawElement, node: string): string {
  const text = (contentText(raw) ?? "").replace(/\s+/g, " ").trim();
  if (!text) names.source.report("NX5004", `<${raw.name}> has no description, so a model cannot know what it is for.`, raw.start, raw.nameEnd, { node });
  return text;
}

export function unknownAction(names: Names, name: string, start: number, end: number, node: string): void {
  const known = [...names.actions.keys()];
  const near = nearest(name, known);
  const hint = near ? `; did you mean '${near}'?` : known.length ? `. Actions: ${known.join(", ")}.` : ". Declare it in <logic>.";
  names.source.report("NX3013", `There is no action '${name}'${hint}`, start, end, { node, fix: near ? names.source.correction(name, near, start, end) : null });
}
