// The section <logic>: actions, tools, resources, capabilities.

import type { CapabilityUse, LifecycleDeclaration, Parameter, ResourceDeclaration, Span, ToolDeclaration } from "../../protocol/index.ts";
import type { RawAttribute, RawElement } from "../parser.ts";
import { isSlip, replaceFix } from "../source.ts";
import { table } from "../table.ts";
import { attribute, contentText, type Tree, type TreeNode } from "../tree.ts";
import { emptyValue, fits, parseFields, readValue, spell } from "../types.ts";
import { refuseRows } from "./calls.ts";
import { readCode, withoutTexts } from "./code.ts";
import { elsewhere, typeOf } from "./declarations.ts";
import { readInvocation } from "./invocation.ts";
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

export function declareAction(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value as string;
  if (names.actions.has(name)) {
    names.source.report("NX3001", `The action '${name}' is declared twice.`, raw.start, raw.nameEnd, { node });
    return;
  }
  const written = attribute(raw, "params");
  const params = written?.value ? parseFields(written.value).map((field) => parameter(names, field, written, node)) : [];
  names.actions.set(name, { name, params, ...(readOrder(names, raw, node, params) ?? readCode(names, raw, node, params.map((param) => param.name))) });
}

/** The code of an action that another panel has: it sends the arguments there. */
function readOrder(names: Names, raw: RawElement, node: string, params: readonly Parameter[]): { body: string; span: Span } | null {
  const from = attribute(raw, "from");
  if (!from) return null;
  const found = elsewhere(from.value ?? "");
  if (!found) names.source.report("NX3006", 'An action comes from PANEL.NAME, where the panel PANEL has <export name="NAME" action="...">.', from.valueStart, from.valueEnd, { node });
  if (contentText(raw)?.trim()) names.source.report("NX2014", "An action that comes from another panel has no code of its own.", from.start, from.end, { node, fix: replaceFix("take out from", from.start, from.end, "", false) });
  const { panel, value } = found ?? { panel: "", value: "" };
  const body = `return await nx.send(${JSON.stringify(panel)}, ${JSON.stringify(value)}, { ${params.map(({ name }) => name).join(", ")} });`;
  if (found) names.orders.set(attribute(raw, "name")?.value as string, found);
  return { body, span: names.source.span(from.valueStart, from.valueEnd) };
}

export function declareEffect(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value || node.slice("effect.".length);
  const on = attribute(raw, "on") as RawAttribute;
  const { expression, names: read } = names.expression({ text: on.value ?? "", offset: on.valueStart, node, locals: [] });
  refuseRows(names, read, on, node);
  if (names.effects.has(name)) names.source.report("NX3001", `The effect '${name}' is declared twice.`, raw.start, raw.nameEnd, { node });
  else names.effects.set(name, { name, on: expression, ...readCode(names, raw, node) });
}

const LIFECYCLE = ["mount", "unmount", "interval"] as const;
/** Milliseconds between two runs: more often would be a load on a server for nothing that eyes could follow. */
const SHORTEST = 250;

export function readLifecycle(names: Names, raw: RawElement, node: string): LifecycleDeclaration | null {
  const [on, every, run] = [attribute(raw, "on") as RawAttribute, attribute(raw, "every"), attribute(raw, "run") as RawAttribute];
  const kind = LIFECYCLE.find((known) => known === on.value);
  if (!kind) {
    const near = names.source.nearest(on.value ?? "", LIFECYCLE);
    names.source.report("NX3006", `'on' is one of ${LIFECYCLE.join(", ")}.`, on.valueStart, on.valueEnd, { node, fix: near ? replaceFix(`write ${near}`, on.valueStart, on.valueEnd, near, isSlip(on.value ?? "", near, LIFECYCLE)) : null });
    return null;
  }
  const milliseconds = Number(every?.value ?? Number.NaN);
  if (kind === "interval" && !(Number.isInteger(milliseconds) && milliseconds >= SHORTEST)) {
    const [start, end] = every ? [every.valueStart, every.valueEnd] : [raw.start, raw.nameEnd];
    names.source.report("NX3015", `An interval needs every="..." with a whole number of milliseconds, at least ${SHORTEST}.`, start, end, { node, fix: every ? replaceFix(`write ${SHORTEST}`, start, end, String(SHORTEST), false) : replaceFix('add every="1000"', end, end, ' every="1000"', false) });
    return null;
  }
  const found = readInvocation(names, run, node, []);
  if (!found) return null;
  refuseRows(names, found.names, run, node);
  return { on: kind, every: kind === "interval" ? milliseconds : null, run: found.invocation };
}

export function declareExport(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value as string;
  const [expr, action] = [attribute(raw, "expr"), attribute(raw, "action")];
  if (!expr?.value === !action?.value) {
    names.source.report("NX2009", `<export> needs either 'expr', a value, or 'action', something that other panels may run.`, raw.start, raw.nameEnd, { node });
    return;
  }
  if (names.exports.has(name)) names.source.report("NX3001", `The name '${name}' is exported twice.`, raw.start, raw.nameEnd, { node });
  else if (expr?.value) {
    const { expression } = names.expression({ text: expr.value, offset: expr.valueStart, node, locals: [] });
    names.exports.set(name, { name, expr: expression, action: null });
  } else if (action?.value) {
    if (!names.actions.has(action.value)) unknownAction(names, action.value, action.valueStart, action.valueEnd, node);
    names.exports.set(name, { name, expr: null, action: action.value });
  }
}

/** Actions that no event, tool or lifecycle runs: the notebook may, so it is no more than a hint. */
export function hintUnused(names: Names, used: ReadonlySet<string>, nodes: readonly TreeNode[]): void {
  for (const { raw, node } of nodes) {
    const name = raw?.name === "action" ? attribute(raw, "name")?.value : undefined;
    if (raw && name && !used.has(name)) names.source.report("NX3014", `Nothing in the panel runs the action '${name}'; it can be run from the notebook, as panel.run("${name}").`, raw.start, raw.nameEnd, { node: node.id });
  }
}

/** Words that no parameter of strict code can have as its name. */
const KEPT = new Set(
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield".split(" "),
);

function parameter(names: Names, field: ReturnType<typeof parseFields>[number], at: RawAttribute, node: string): Parameter {
  const type = typeOf(names, field.type, at, field.typeStart, node) ?? { kind: "any" };
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(field.name) || ["state", "nx", "event"].includes(field.name) || KEPT.has(field.name)) {
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
    const text = raw?.name === "action" || raw?.name === "effect" ? raw.children[0] : undefined;
    if (text?.kind !== "text") continue;
    for (const match of withoutTexts(text.value).matchAll(/\bnx\s*\.\s*(files\s*\.\s*)?([A-Za-z]+)\b/g)) {
      const call = match[1] ? `files.${match[2]}` : (match[2] as string);
      const need = NEEDS[call];
      if (!need || declared.has(need)) continue;
      const start = text.start + match.index;
      const open = raw as RawElement;
      const fix = replaceFix(`add <uses cap="${need}">`, open.start, open.start, `<uses cap="${need}" why="needed by ${attribute(open, "name")?.value ?? "an action"}"/>\n`, true);
      names.source.report("NX6003", `nx.${call} needs the capability ${need}, which the panel does not ask for.`, start, start + match[0].length, { node: node.id, fix });
      declared.add(need);
    }
  }
}

/** Capabilities that every handler has, without asking. */
const FREE: readonly CapabilityUse["cap"][] = ["state", "time", "random", "log"];

/** People are asked for what is declared, so nothing should be that the panel does not use. */
export function hintNeedless(names: Names, nodes: readonly (TreeNode & { raw: RawElement })[]): void {
  const codes = nodes.flatMap(({ raw }) => { const text = raw.name === "action" || raw.name === "effect" ? raw.children[0] : undefined; return text?.kind === "text" ? [withoutTexts(text.value)] : []; });
  const used = new Set<string>();
  // Whatever is made of `nx` itself may be any call.
  const anything = codes.some((code) => /(?<![\w$.])nx\b(?!\s*\.)/.test(code));
  for (const code of codes) for (const match of code.matchAll(/\bnx\s*\.\s*(files\s*\.\s*)?([A-Za-z]+)\b/g)) used.add(NEEDS[match[1] ? `files.${match[2]}` : (match[2] as string)] ?? "");
  if (names.orders.size) used.add("panel.send");
  for (const { call, source } of names.frames.values()) if (call) used.add(/^(nog|trilog):/.test(source) ? "panel.read" : "kernel.call");
  if (/<image\b/.test(names.source.text)) used.add("net.http");
  for (const { raw, node } of nodes) {
    const cap = raw.name === "uses" ? attribute(raw, "cap") : undefined;
    if (!cap?.value || !(CAPABILITIES as readonly string[]).includes(cap.value)) continue;
    const free = (FREE as readonly string[]).includes(cap.value);
    if (!free && (anything || used.has(cap.value))) continue;
    const message = free ? `Every handler may use '${cap.value}' without asking; nobody needs to allow it.` : `Nothing in the panel uses ${cap.value}, and people would be asked for it.`;
    names.source.report("NX6005", message, cap.valueStart, cap.valueEnd, { node: node.id, fix: replaceFix("remove <uses>", raw.start, raw.end, "", false) });
  }
}

/** An action of another panel needs leave to run it. */
export function checkOrders(names: Names, uses: readonly CapabilityUse[], nodes: readonly (TreeNode & { raw: RawElement })[]): void {
  for (const { raw, node } of nodes) {
    const order = names.orders.get(attribute(raw, "name")?.value ?? "");
    const from = attribute(raw, "from");
    if (raw.name !== "action" || !order || !from) continue;
    const target = `${order.panel}.${order.value}`;
    if (uses.some((use) => use.cap === "panel.send" && (use.target === null || use.target === order.panel || use.target === target))) continue;
    const use = `<uses cap="panel.send" target="${target}" why="to run ${target}"/>`;
    names.source.report("NX6003", `The action '${attribute(raw, "name")?.value}' runs ${target}, which needs the capability panel.send.`, from.valueStart, from.valueEnd, { node: node.id, fix: replaceFix(`add ${use}`, raw.start, raw.start, `${use}\n`, true) });
  }
}

/** A frame that comes from a function needs leave to call it, and one of the object graph to see what is in other panels. */
export function checkFrameCalls(names: Names, uses: readonly CapabilityUse[], tree: Tree): void {
  for (const { name, call, source } of names.frames.values()) {
    if (!call) continue;
    const graph = source.startsWith("nog:") || source.startsWith("trilog:");
    if (uses.some((use) => (graph ? use.cap === "panel.read" && use.target === null : use.cap === "kernel.call" && (use.target === null || use.target === call.function)))) continue;
    const node = `frame.${name}`;
    const raw = tree.nodes.data.find((item) => item.node.id === node)?.raw;
    const from = attribute(raw ?? null, "from");
    if (!from) continue;
    const use = graph ? `<uses cap="panel.read" why="to show what the workspace consists of"/>` : `<uses cap="kernel.call" target="${call.function}" why="to fill the table ${name}"/>`;
    const says = graph ? "reads what goes on in the whole workspace, which needs the capability panel.read for all panels" : `calls ${call.function} of the notebook, which needs the capability kernel.call`;
    const place = tree.nodes.logic[0]?.raw?.start ?? null;
    const end = names.source.text.lastIndexOf("</panel");
    const hasLogic = tree.sections.some((section) => section.name === "logic");
    const fix = place !== null ? replaceFix(`add ${use}`, place, place, `${use}\n`, true) : !hasLogic && end >= 0 ? replaceFix(`add ${use}`, end, end, `<logic>${use}</logic>\n`, true) : null;
    names.source.report("NX6003", `The frame '${name}' ${says}.`, from.valueStart, from.valueEnd, { node, fix });
  }
}

export function readUse(names: Names, raw: RawElement, node: string): CapabilityUse | null {
  const cap = attribute(raw, "cap") as RawAttribute;
  const why = attribute(raw, "why");
  if (!(CAPABILITIES as readonly string[]).includes(cap.value ?? "")) {
    const near = names.source.nearest(cap.value ?? "", CAPABILITIES);
    names.source.report("NX6004", `There is no capability '${cap.value}'${near ? `; did you mean '${near}'?` : "."}`, cap.valueStart, cap.valueEnd, { node, fix: near ? replaceFix(`write ${near}`, cap.valueStart, cap.valueEnd, near, isSlip(cap.value ?? "", near, CAPABILITIES)) : null });
    return null;
  }
  if (!why?.value?.trim()) names.source.report("NX6004", "Say in 'why', for the person who is asked, what the capability is for.", raw.start, raw.nameEnd, { node });
  checkTarget(names, raw, cap.value as CapabilityUse["cap"], node);
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
  if (set?.value && names.values.has(set.value) && !names.states.has(set.value)) names.source.report("NX3009", `'${set.value}' is a ${names.values.get(set.value)}, not a state: a tool sets a state.`, set.valueStart, set.valueEnd, { node });
  else if (set?.value && !names.states.has(set.value)) names.unknown(set.value, set.valueStart, set.valueEnd, [...names.states.keys()], node);
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
  const near = names.source.nearest(name, known);
  const hint = near ? `; did you mean '${near}'?` : known.length ? `. Actions: ${known.join(", ")}.` : ". Declare it in <logic>.";
  names.source.report("NX3013", `There is no action '${name}'${hint}`, start, end, { node, fix: near ? names.source.correction(name, near, known, start, end) : null });
}

/** A scheme and a host, and a port; a wildcard stands in front of two names at least. Which names people register, the server knows. */
const ADDRESS = /^(https?|wss?):\/\/(?:\*\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\/?$/;

/** Only an address that a person can judge may be asked for. */
function checkTarget(names: Names, raw: RawElement, cap: CapabilityUse["cap"], node: string): void {
  const target = attribute(raw, "target");
  if ((cap !== "net.http" && cap !== "net.ws") || !target?.value) return;
  const scheme = ADDRESS.exec(target.value)?.[1];
  if (scheme?.startsWith(cap === "net.http" ? "http" : "ws")) return;
  const example = cap === "net.http" ? "https://api.example.org" : "wss://api.example.org";
  names.source.report("NX6004", `The target of ${cap} is a scheme and a host, such as ${example} or ${example.replace("api", "*")}, with nothing in front of the host.`, target.valueStart, target.valueEnd, { node });
}
