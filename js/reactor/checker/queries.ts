// <query>: what DuckDB is to answer. Computed values are inlined, so that the server needs states and columns only.

import type { AggregateColumn, Expression, FrameDeclaration, GroupKey, Json, Ordering, QueryDeclaration } from "../../protocol/index.ts";
import { type Occurrence, parseExpression } from "../expression/index.ts";
import type { RawAttribute, RawElement } from "../parser.ts";
import { nearest } from "../source.ts";
import { attribute } from "../tree.ts";
import { everyPart, mapParts } from "../walk.ts";
import type { Names } from "./names.ts";

/** Functions that mean the same in SQL. */
export const SQL_FUNCTIONS = new Set(["len", "sum", "mean", "min", "max", "round", "floor", "ceil", "abs", "lower", "upper", "trim", "contains", "year", "month", "week", "day", "hour", "text"]);
const AGGREGATES = new Set(["len", "sum", "mean", "min", "max"]);
/** Parts of a query's expressions, computed values written out: those can double with each step. */
const PARTS = 2000;
/** Queries over queries, in one chain. */
const LONGEST = 64;

export function declareQuery(names: Names, raw: RawElement, node: string): void {
  const name = attribute(raw, "name")?.value as string;
  const frame = attribute(raw, "frame") as RawAttribute;
  if (!names.isRows(frame.value ?? "")) {
    const known = [...names.values.keys()].filter((other) => names.isRows(other));
    const kind = names.values.get(frame.value ?? "");
    if (kind) names.source.report("NX3011", `'${frame.value}' is a ${kind}, not rows: a query reads a frame or another query. Of a list, expressions choose: {${frame.value} | where('field', '>', 1)}.`, frame.valueStart, frame.valueEnd, { node });
    else names.unknown(frame.value ?? "", frame.valueStart, frame.valueEnd, known, node);
    return;
  }
  const reader = new QueryReader(names, node, columnsOf(names, frame.value ?? ""));
  const declared: QueryDeclaration = {
    name,
    frame: frame.value ?? "",
    where: reader.where(attribute(raw, "where")),
    group: reader.group(attribute(raw, "group")),
    agg: reader.aggregates(attribute(raw, "agg")),
    distinct: reader.distinct(attribute(raw, "distinct")),
    prepend: reader.constant(attribute(raw, "prepend")),
    order: reader.order(attribute(raw, "order")),
    limit: reader.limit(attribute(raw, "limit")),
    pipe: null,
    inputs: [...reader.inputs],
  };
  if (!names.queries.has(name)) names.queries.set(name, declared);
}

/** Columns that a frame or query is known to have; null when the panel does not say. */
export function columnsOf(names: Names, name: string, depth = 0): string[] | null {
  const frame = names.frames.get(name);
  if (frame) return frame.columns.length ? frame.columns.map((column) => column.name) : null;
  const query = names.queries.get(name);
  if (!query || depth > 32) return null;
  if (query.distinct) return [query.distinct];
  if (query.group.length || query.agg.length) return [...query.group, ...query.agg].map((column) => column.name);
  return columnsOf(names, query.frame, depth + 1);
}

class QueryReader {
  readonly inputs = new Set<string>();
  private parts = 0;
  private readonly names: Names;
  private readonly node: string;
  private readonly columns: readonly string[] | null;

  constructor(names: Names, node: string, columns: readonly string[] | null) {
    this.names = names;
    this.node = node;
    this.columns = columns;
  }

  where(given: RawAttribute | undefined): Expression | null {
    return given?.value ? this.expression(given.value, given.valueStart) : null;
  }

  group(given: RawAttribute | undefined): GroupKey[] {
    return this.pieces(given).map(({ text, alias, offset }) => {
      const expr = this.expression(text, offset);
      return { name: alias ?? (expr.kind === "column" ? expr.name : text.trim()), expr };
    });
  }

  aggregates(given: RawAttribute | undefined): AggregateColumn[] {
    const found: AggregateColumn[] = [];
    for (const { text, alias, offset } of this.pieces(given)) {
      const expr = this.expression(text, offset, true);
      if (expr.kind !== "call" || !AGGREGATES.has(expr.fn) || expr.args.length > 1) {
        this.report(`'${text.trim()}' is no aggregate: write len(), sum, mean, min or max of something.`, offset, offset + text.length);
        continue;
      }
      const inner = expr.args[0] ?? null;
      found.push({ name: alias ?? (inner?.kind === "column" ? inner.name : expr.fn), fn: expr.fn as AggregateColumn["fn"], expr: inner });
    }
    return found;
  }

  distinct(given: RawAttribute | undefined): string | null {
    if (!given?.value) return null;
    const name = given.value.replace(/^row\./, "").trim();
    this.column(name, given.valueStart, given.valueEnd);
    return name;
  }

  constant(given: RawAttribute | undefined): Json {
    if (!given?.value) return null;
    try {
      return JSON.parse(given.value) as Json;
    } catch {
      return given.value;
    }
  }

  order(given: RawAttribute | undefined): Ordering[] {
    return (given?.value ?? "").split(",").filter((part) => part.trim()).map((part) => {
      const [column = "", direction = "asc"] = part.trim().replace(/^row\./, "").split(/\s+/);
      if (direction !== "asc" && direction !== "desc") this.report(`'${direction}' is no direction: write asc or desc.`, given?.valueStart ?? 0, given?.valueEnd ?? 1);
      return { column, descending: direction === "desc" };
    });
  }

  limit(given: RawAttribute | undefined): number | null {
    if (!given?.value) return null;
    const value = Number(given.value);
    if (Number.isInteger(value) && value > 0) return value;
    this.report("The limit must be a whole number above zero.", given.valueStart, given.valueEnd);
    return null;
  }

  private report(message: string, start: number, end: number): void {
    this.names.source.report("NX3011", message, start, end, { node: this.node });
  }

  private column(name: string, start: number, end: number): void {
    if (!this.columns || this.columns.includes(name)) return;
    const near = nearest(name, this.columns);
    this.names.source.report("NX3012", `There is no column '${name}'${near ? `; did you mean '${near}'?` : `. Columns: ${this.columns.join(", ")}.`}`, start, end, {
      node: this.node, fix: near ? this.names.source.correction(name, near, this.columns, start, end) : null,
    });
  }

  private expression(text: string, offset: number, aggregate = false): Expression {
    const place = { text, offset, node: this.node, locals: [], inQuery: true, columns: this.columns };
    const { expression } = this.names.expression(place);
    for (const item of namesIn(text)) {
      if (item.name !== "row") continue;
      const key = /^\s*\??\.\s*([A-Za-z_$][\w$]*)/.exec(text.slice(item.end));
      if (key) this.column(key[1] as string, this.names.at(place, item.end + key[0].length - (key[1] as string).length), this.names.at(place, item.end + key[0].length));
    }
    return this.inline(expression, text, offset, aggregate, 0);
  }

  private inline(expression: Expression, text: string, offset: number, aggregate: boolean, depth: number): Expression {
    const fail = (message: string): Expression => {
      this.report(message, offset, offset + text.length);
      return { kind: "literal", value: null };
    };
    if (++this.parts === PARTS) return fail(`With the computed values written out, this has more than ${PARTS} parts.`);
    if (this.parts > PARTS) return { kind: "literal", value: null };
    if (depth > 64) return fail("The query depends on too long a chain of computed values.");
    if (expression.kind === "aggregate") return fail("A query cannot use a number over rows of another one.");
    if (expression.kind === "name") {
      const computed = this.names.computed.get(expression.name);
      if (computed) return this.inline(computed.expr, text, offset, false, depth + 1);
      if (this.names.isRows(expression.name)) return fail(`'${expression.name}' is rows, not a value.`);
      if (expression.name === "row") return fail("Write row.COLUMN for a column.");
      if (this.names.states.has(expression.name) || this.names.links.has(expression.name)) this.inputs.add(expression.name);
      return expression;
    }
    if (expression.kind === "call") {
      if (!SQL_FUNCTIONS.has(expression.fn)) return fail(`'${expression.fn}' cannot be used in a query. Functions there: ${[...SQL_FUNCTIONS].join(", ")}.`);
      if (!aggregate && AGGREGATES.has(expression.fn) && expression.fn !== "len") return fail(`'${expression.fn}' belongs into agg.`);
    }
    if (expression.kind === "record" || expression.kind === "template") return fail("Records and texts with holes cannot be used in a query.");
    return mapParts(expression, (part) => this.inline(part, text, offset, false, depth));
  }

  /** Split `expression as name, ...` at the top level. */
  private pieces(given: RawAttribute | undefined): { text: string; alias: string | null; offset: number }[] {
    const text = given?.value ?? "";
    const found: { text: string; alias: string | null; offset: number }[] = [];
    let depth = 0;
    let start = 0;
    for (let at = 0; at <= text.length; at += 1) {
      const char = text[at] ?? ",";
      if ("([".includes(char)) depth += 1;
      else if (")]".includes(char)) depth -= 1;
      if (at < text.length && (char !== "," || depth > 0)) continue;
      const piece = text.slice(start, at);
      const alias = /^([\s\S]+?)\s+as\s+([A-Za-z_]\w*)\s*$/.exec(piece);
      if (piece.trim()) found.push({ text: (alias ? (alias[1] as string) : piece).trim(), alias: alias ? (alias[2] as string) : null, offset: this.names.source.place(given?.valueStart ?? 0, text, start + piece.length - piece.trimStart().length) });
      start = at + 1;
    }
    return found;
  }
}

/** The names in an expression; none when it is malformed, which is reported where it is checked. */
function namesIn(text: string): readonly Occurrence[] {
  try {
    return parseExpression(text).names;
  } catch {
    return [];
  }
}

/** Add the inputs of the queries below, and refuse circles. */
export function settleQueries(names: Names): void {
  const reported = new Set<string>();
  for (const query of names.queries.values()) {
    const inputs = new Set(query.inputs);
    const seen = new Set([query.name]);
    for (let below = names.queries.get(query.frame); below; below = names.queries.get(below.frame)) {
      if (seen.has(below.name)) {
        if (!reported.has(query.name)) report(names, "NX3007", query.name, `Queries go in a circle: ${[...seen, below.name].join(" -> ")}.`);
        for (const name of seen) reported.add(name);
        break;
      }
      if (seen.size > LONGEST) {
        report(names, "NX1001", query.name, `More than ${LONGEST} queries depend on each other in one chain.`);
        break;
      }
      seen.add(below.name);
      for (const input of below.inputs) inputs.add(input);
    }
    for (const input of frameBelow(names, query)?.call?.inputs ?? []) inputs.add(input);
    names.queries.set(query.name, { ...query, inputs: [...inputs].sort() });
  }
}

function frameBelow(names: Names, query: QueryDeclaration): FrameDeclaration | undefined {
  let name = query.frame;
  for (let step = 0; step <= LONGEST && names.queries.has(name); step += 1) name = names.queries.get(name)?.frame ?? "";
  return names.frames.get(name);
}

function report(names: Names, code: "NX3007" | "NX1001", name: string, message: string): void {
  const at = names.places.get(name);
  names.source.report(code, message, at?.valueStart ?? 0, at?.valueEnd ?? 1, { node: `query.${name}` });
}

export function columnsRead(query: QueryDeclaration): string[] {
  const expressions = [query.where, ...query.group.map((key) => key.expr), ...query.agg.map((column) => column.expr)].filter((item) => item !== null);
  const found = new Set(query.distinct ? [query.distinct] : []);
  for (const expression of expressions) for (const part of everyPart(expression)) if (part.kind === "column") found.add(part.name);
  return [...found];
}
