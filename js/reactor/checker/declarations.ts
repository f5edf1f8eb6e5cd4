// The section <data>: types, states, computed values, frames; and the names that all else is checked against.

import type { ColumnDeclaration, RecordField, StateDeclaration, TypeSpec } from "../../protocol/index.ts";
import { readCall } from "./calls.ts";
import type { Registry } from "../registry.ts";
import { attribute, NAME, SECTIONS, unknownAttribute, type TreeNode } from "../tree.ts";
import { type RawAttribute, type RawElement, renameTag } from "../parser.ts";
import { isSlip, replaceFix } from "../source.ts";
import { emptyValue, fits, parseFields, parseType, readValue, SCALARS, spell, TYPE_FORMS } from "../types.ts";
import { table } from "../table.ts";
import { everyPart } from "../walk.ts";
import type { Names, ValueKind } from "./names.ts";

/** Attributes of each declaration; those with `!` are required. */
export const DECLARATIONS: Readonly<Record<"data" | "logic", Readonly<Record<string, readonly string[]>>>> = {
  data: table({
    type: ["name!", "fields!"],
    state: ["name!", "type", "default", "min", "max", "scope"],
    computed: ["name!", "expr!"],
    link: ["name!", "from!"],
    frame: ["name!", "from!", "columns", "debounce"],
    query: ["name!", "frame!", "where", "group", "agg", "distinct", "prepend", "order", "limit"],
  }),
  logic: table({
    uses: ["cap!", "target", "why"],
    action: ["name!", "params", "from"],
    effect: ["name", "on!"],
    lifecycle: ["on!", "every", "run!"],
    export: ["name!", "expr", "action"],
    tool: ["name!", "action", "set"],
    resource: ["name!", "expr!"],
  }),
};

/** Attributes of earlier versions, none of which ever did anything. */
const IDLE = table<string>({
  "state persist": 'states are kept; one that each page has for itself has scope="view".',
  "frame max-rows": "what is shown of a frame is chosen by a <query>, with limit.",
});

/** Declarations that have a text inside. */
const WORDY = new Set(["action", "effect", "tool", "resource"]);

interface ElementNames {
  readonly known: ReadonlySet<string>;
  readonly leaves: ReadonlySet<string>;
}

/** Made once: a registry does not change. */
const named = new WeakMap<Registry, ElementNames>();

/** The names of all elements, and of those that hold no others. */
export function elementNames(registry: Registry): ElementNames {
  const known = named.get(registry) ?? namesOf(registry);
  named.set(registry, known);
  return known;
}

function namesOf(registry: Registry): ElementNames {
  const declarations = Object.values(DECLARATIONS).flatMap((section) => Object.keys(section));
  const leaves = Object.values(registry.components).filter(({ content }) => content === "text" || content === "none").map(({ name }) => name);
  return { known: new Set(["panel", ...SECTIONS, ...declarations, ...Object.keys(registry.components)]), leaves: new Set([...declarations, ...leaves]) };
}


/** Check tag and attributes of a declaration; false when it is not to be used. */
export function checkDeclaration(names: Names, section: "data" | "logic", item: TreeNode): item is TreeNode & { raw: RawElement } {
  const raw = item.raw as RawElement;
  const known = DECLARATIONS[section];
  const wanted = known[raw.name];
  if (!wanted) {
    const other = section === "data" ? "logic" : "data";
    const belongs = Object.hasOwn(DECLARATIONS[other], raw.name);
    const near = belongs ? null : names.source.nearest(raw.name, Object.keys(known));
    const message = belongs ? `<${raw.name}> belongs into <${other}>.` : `<${section}> has no <${raw.name}>${near ? `; did you mean <${near}>?` : "."}`;
    names.source.report(belongs ? "NX2008" : "NX2002", message, raw.start, raw.nameEnd, { node: item.node.id, fix: near ? { title: `write <${near}>`, edits: renameTag(raw, near), certain: isSlip(raw.name, near, Object.keys(known)) } : null });
    return false;
  }
  const plain = wanted.map((name) => name.replace("!", ""));
  for (const given of raw.attributes) {
    const idle = IDLE[`${raw.name} ${given.name}`];
    if (idle !== undefined) names.source.report("NX2018", `'${given.name}' does nothing: ${idle}`, given.start, given.end, { node: item.node.id, fix: replaceFix("remove it", given.start, given.end, "", true) });
    else if (!plain.includes(given.name)) unknownAttribute(names.source, raw, given, plain, item.node.id);
  }
  if (!WORDY.has(raw.name)) for (const child of raw.children) if (child.kind === "text" && child.value.trim()) names.source.report("NX2014", `Text may not stand in <${raw.name}>.`, child.start, child.end, { node: item.node.id, fix: replaceFix("remove it", child.start, child.end, "", false) });
  for (const name of wanted) {
    if (name.endsWith("!") && !attribute(raw, name.slice(0, -1))?.value) {
      names.source.report("NX2009", `<${raw.name}> needs the attribute '${name.slice(0, -1)}'.`, raw.start, raw.nameEnd, { node: item.node.id });
      return false;
    }
  }
  return checkName(names, raw, item.node.id);
}

function checkName(names: Names, raw: RawElement, node: string): boolean {
  const name = attribute(raw, "name");
  if (!name?.value || (NAME.test(name.value) && !name.value.includes("-") && !RESERVED.has(name.value))) return true;
  names.source.report("NX2016", `'${name.value}' is no name: it takes letters, digits and _, starts with a letter, and is no word of the language.`, name.valueStart, name.valueEnd, {
    node, fix: replaceFix("make it one", name.valueStart, name.valueEnd, `n_${name.value.replace(/[^A-Za-z0-9_]/g, "_").slice(0, 60)}`, false),
  });
  return false;
}

/** Words of expressions, and keys that no object of ours may have. */
const RESERVED = new Set(["and", "or", "not", "in", "true", "false", "null", "row", "constructor", "prototype", "__proto__"]);

const VALUE_KINDS = table<ValueKind>({ state: "state", computed: "computed", link: "link", frame: "frame", query: "query" });

/** Learn all names first, so that expressions may mention what is declared further down. */
export function collectNames(names: Names, items: readonly TreeNode[]): void {
  for (const { raw, node } of items) {
    const kind = raw ? VALUE_KINDS[raw.name] : undefined;
    const name = attribute(raw, "name");
    if (!kind || !name?.value || !NAME.test(name.value)) continue;
    if (names.values.has(name.value)) {
      names.source.report("NX3001", `The name '${name.value}' is declared twice.`, name.valueStart, name.valueEnd, { node: node.id });
    } else {
      names.values.set(name.value, kind);
      names.places.set(name.value, name);
    }
  }
}

export function declareType(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value as string;
  const written = attribute(raw, "fields") as RawAttribute;
  if (names.types.has(name) || (SCALARS as readonly string[]).includes(name)) {
    names.source.report("NX3001", `The type '${name}' is declared twice.`, raw.start, raw.nameEnd, { node });
    return;
  }
  const fields: RecordField[] = [];
  for (const field of parseFields(written.value ?? "")) {
    const type = typeOf(names, field.type, written, field.typeStart, node);
    if (!NAME.test(field.name) || RESERVED.has(field.name)) names.source.report("NX2016", `'${field.name}' cannot be the name of a field.`, written.valueStart, written.valueEnd, { node });
    else fields.push({ name: field.name, type: type ?? { kind: "any" } });
  }
  names.types.set(name, { kind: "record", name, fields });
}

/** The type that is written in an attribute from an offset on; null when there is none of that name. */
export function typeOf(names: Names, text: string, at: RawAttribute, offset: number, node: string): TypeSpec | null {
  const type = parseType(text, names.types);
  if (!("unknown" in type)) return type;
  if (names.source.leavesOut()) return null;
  const angled = /^\s*(list|dict)\s*<\s*([\s\S]+?)\s*>(\s*\??\s*)$/.exec(text);
  if (angled && !text.includes("[")) {
    const [start, end] = [names.source.place(at.valueStart, at.value ?? "", offset), names.source.place(at.valueStart, at.value ?? "", offset + text.length)];
    const square = text.replaceAll("<", "[").replaceAll(">", "]").trim();
    names.source.report("NX3010", `Types of items stand in square brackets: ${square}.`, start, end, { node, fix: replaceFix(`write ${square}`, start, end, square, true) });
    return null;
  }
  const known = [...SCALARS, ...TYPE_FORMS, ...names.types.keys()];
  const value = at.value ?? "";
  const index = Math.max(0, value.indexOf(type.unknown, offset));
  const takesItems = value.slice(index + type.unknown.length).trimStart().startsWith("[");
  const items = takesItems ? ["list", "dict"] : [...SCALARS, "list", "dict", ...names.types.keys()];
  const near = names.source.nearest(type.unknown, items);
  const start = names.source.place(at.valueStart, value, index);
  names.source.report("NX3010", `There is no type '${type.unknown}'${near ? `; did you mean '${near}'?` : `. Types: ${known.slice(0, 20).join(", ")}${known.length > 20 ? " and others" : ""}; a <type> may use those that stand before it.`}`, start, start + type.unknown.length, {
    node, fix: near ? replaceFix(`write ${near}`, start, start + type.unknown.length, near, isSlip(type.unknown, near, items)) : null,
  });
  return null;
}

export function declareState(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value as string;
  const written = attribute(raw, "type");
  const type = (written?.value ? typeOf(names, written.value, written, 0, node) : null) ?? { kind: "any" };
  const given = attribute(raw, "default");
  let value = given?.value == null ? emptyValue(type) : readValue(type, given.value);
  if (given && (value === undefined || !fits(type, value))) {
    names.source.report("NX3002", `The default of '${name}' is no ${spell(type)}: ${given.value}.`, given.valueStart, given.valueEnd, { node });
    value = emptyValue(type);
  }
  const declared: StateDeclaration = { name, type, default: value ?? null, min: bound(names, raw, "min", node), max: bound(names, raw, "max", node), scope: scopeOf(names, raw, node) };
  if (!names.states.has(name)) names.states.set(name, declared);
}

function bound(names: Names, raw: RawElement, which: "min" | "max", node: string): number | null {
  const given = attribute(raw, which);
  if (!given?.value) return null;
  const value = Number(given.value);
  if (Number.isFinite(value)) return value;
  names.source.report("NX3006", `'${which}' must be a number.`, given.valueStart, given.valueEnd, { node });
  return null;
}

function scopeOf(names: Names, raw: RawElement, node: string): StateDeclaration["scope"] {
  const given = attribute(raw, "scope");
  if (!given) return "shared";
  if (given.value === "shared" || given.value === "user" || given.value === "view") return given.value;
  names.source.report("NX3006", "The scope is shared, user or view.", given.valueStart, given.valueEnd, { node, fix: replaceFix("write shared", given.valueStart, given.valueEnd, "shared", false) });
  return "shared";
}

export function declareFrame(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value as string;
  const from = attribute(raw, "from") as RawAttribute;
  const match = /^(kernel|nog|trilog):([A-Za-z_][A-Za-z0-9_]*)\s*(\([\s\S]*\))?$/.exec((from.value ?? "").trim());
  const own = OWN_TABLES[match?.[1] ?? ""];
  if (!match) names.source.report("NX3006", "A frame comes from kernel:NAME, where NAME is bound by ws.bind(NAME=...), or from kernel:FUNCTION(arguments), where FUNCTION is exposed by ws.expose.", from.valueStart, from.valueEnd, { node });
  else if (own && !own.includes(match[2] as string)) reportTable(names, match[1] as string, match[2] as string, from, node);
  // The workspace works out its own tables for arguments, of which there may be none.
  const call = match && (match[3] || own) ? readCall(names, from, match[2] as string, node) : null;
  const columns: ColumnDeclaration[] = [];
  const written = attribute(raw, "columns");
  for (const field of parseFields(written?.value ?? "")) {
    const type = typeOf(names, field.type, written as RawAttribute, field.typeStart, node) ?? { kind: "any" };
    if ((SCALARS as readonly string[]).includes(type.kind)) columns.push({ name: field.name, type: type as ColumnDeclaration["type"] });
  }
  const source = match ? `${match[1]}:${match[2]}` : (from.value ?? "");
  if (!names.frames.has(name)) names.frames.set(name, { name, source, columns, call, debounce: call ? debounceOf(names, raw, node) : 0 });
}

/** The tables that the workspace gives of its object graph, and of what goes on in it. */
export const OWN_TABLES: Readonly<Record<string, readonly string[]>> = { nog: ["nodes", "edges", "attributes", "causes"], trilog: ["changes", "users", "latency", "failures", "versions", "quotas", "graph", "alerts", "models", "viewers", "machines"] };

function reportTable(names: Names, of: string, table: string, from: RawAttribute, node: string): void {
  const tables = OWN_TABLES[of] ?? [];
  const near = names.source.nearest(table, tables);
  const at = names.source.place(from.valueStart, from.value ?? "", (from.value ?? "").indexOf(table, of.length + 1));
  names.source.report("NX3006", `There is no table ${of}:${table}; there are ${tables.map((name) => `${of}:${name}`).join(", ")}.`, at, at + table.length, { node, fix: near ? replaceFix(`write ${near}`, at, at + table.length, near, isSlip(table, near, tables)) : null });
}

/** Milliseconds; long enough to type on, short enough to wait for. */
const DEBOUNCE = 200;

function debounceOf(names: Names, raw: RawElement, node: string): number {
  const given = attribute(raw, "debounce");
  if (!given) return DEBOUNCE;
  const value = Number(given.value);
  if (Number.isInteger(value) && value >= 0 && value <= 10_000) return value;
  names.source.report("NX3006", "'debounce' is a number of milliseconds, at most 10000.", given.valueStart, given.valueEnd, { node, fix: replaceFix("remove it", given.start, given.end, "", false) });
  return DEBOUNCE;
}

/** `PANEL.NAME`: what another panel exports. */
export function elsewhere(text: string): { panel: string; value: string } | null {
  const match = /^([A-Za-z_][A-Za-z0-9_-]*)\.([A-Za-z_]\w*)$/.exec(text.trim());
  return match ? { panel: match[1] as string, value: match[2] as string } : null;
}

export function declareLink(names: Names, raw: RawElement): void {
  const name = attribute(raw, "name")?.value as string;
  const from = attribute(raw, "from") as RawAttribute;
  const found = elsewhere(from.value ?? "");
  if (!found) names.source.report("NX3006", "A link comes from PANEL.NAME, where the panel PANEL has <export name=\"NAME\">.", from.valueStart, from.valueEnd, { node: `link.${name}` });
  else if (!names.links.has(name)) names.links.set(name, { name, ...found });
}

export function declareComputed(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value as string;
  const expr = attribute(raw, "expr") as RawAttribute;
  const { expression } = names.expression({ text: expr.value ?? "", offset: expr.valueStart, node, locals: [] });
  if (!names.computed.has(name)) names.computed.set(name, { name, expr: expression });
}

/** Computed values that depend on each other are evaluated by recursion. */
const LONGEST = 100;

/** Report computed values that depend on themselves or on too long a chain of others, and break it. */
export function breakCircles(names: Names): void {
  const lengths = new Map<string, number>();
  const cut = (code: "NX3007" | "NX1001", name: string, message: string): number => {
    const at = names.places.get(name);
    names.source.report(code, message, at?.valueStart ?? 0, at?.valueEnd ?? 1, { node: `computed.${name}` });
    names.computed.set(name, { name, expr: { kind: "literal", value: null } });
    return 0;
  };
  const visit = (name: string, path: readonly string[]): number => {
    const declared = names.computed.get(name);
    const known = lengths.get(name);
    if (!declared || known !== undefined) return known ?? 0;
    if (path.includes(name)) return cut("NX3007", name, `Computed values go in a circle: ${[...path.slice(path.indexOf(name)), name].join(" -> ")}.`);
    let length = path.length >= LONGEST ? LONGEST + 1 : 0;
    for (const part of length ? [] : everyPart(declared.expr)) if (part.kind === "name") length = Math.max(length, visit(part.name, [...path, name]) + 1);
    if (length > LONGEST) length = cut("NX1001", name, `More than ${LONGEST} computed values depend on each other in one chain.`);
    lengths.set(name, length);
    return length;
  };
  for (const name of names.computed.keys()) visit(name, []);
}
