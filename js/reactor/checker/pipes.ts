// Functions over rows, as queries: `f | where('b', '>', 5) | len` is counted where all the rows are.

import type { Build, ComputedDeclaration, Expression, Json, QueryDeclaration, ViewNode } from "../../protocol/index.ts";
import { OPERATORS } from "../expression/index.ts";
import { mapParts } from "../walk.ts";
import { SQL_FUNCTIONS } from "./queries.ts";

type Piped = Pick<Build, "frames" | "queries" | "computed" | "view" | "exports" | "resources" | "state" | "links">;

/** Rows in an expression: those of a query, or the values of one of its columns. */
interface Rows {
  readonly query: string;
  readonly column: string | null;
}

type Step = Pick<QueryDeclaration, "pipe"> & Partial<QueryDeclaration>;

const AGGREGATES = ["len", "sum", "mean", "min", "max"] as const;
/** Computed values that are written out in one condition, and parts of what is written out. */
const DEPTH = 64;
const PARTS = 500;

/** Put queries in the place of pipes over rows. What cannot be a query stays as it is, and reads all rows or none. */
export function withPipes<B extends Piped>(build: B): B {
  const pipes = new Pipes(build);
  const computed = build.computed.map(({ name, expr }) => ({ name, expr: pipes.expression(expr, NOTHING) }));
  const view = build.view.map((node) => pipes.node(node, NOTHING));
  const exports = build.exports.map((item) => ({ ...item, expr: item.expr && pipes.expression(item.expr, NOTHING) }));
  const resources = build.resources.map((item) => ({ ...item, expr: pipes.expression(item.expr, NOTHING) }));
  return { ...build, computed, view, exports, resources, queries: [...build.queries, ...pipes.made.values()] };
}

const NOTHING: ReadonlySet<string> = new Set();

class Pipes {
  /** Queries made of pipes, by what they do. */
  readonly made = new Map<string, QueryDeclaration>();
  private readonly queries: Map<string, QueryDeclaration>;
  private readonly frames: ReadonlySet<string>;
  private readonly computed: ReadonlyMap<string, ComputedDeclaration>;
  private readonly inputs: ReadonlyMap<string, readonly string[]>;
  private readonly values: ReadonlySet<string>;
  /** What was found out of parts of expressions: pipes within pipes are looked at from each of their ends. */
  private readonly known = new Map<Expression, Rows | null>();

  constructor(build: Piped) {
    this.queries = new Map(build.queries.map((query) => [query.name, query]));
    this.frames = new Set(build.frames.map(({ name }) => name));
    this.computed = new Map(build.computed.map((item) => [item.name, item]));
    this.inputs = new Map(build.frames.map(({ name, call }) => [name, call?.inputs ?? []]));
    this.values = new Set([...build.state, ...build.links].map(({ name }) => name));
  }

  node(node: ViewNode, outer: ReadonlySet<string>): ViewNode {
    const locals = node.each ? new Set([...outer, node.each.item]) : outer;
    const mend = (expression: Expression): Expression => this.expression(expression, locals);
    const each = node.each && { item: node.each.item, list: this.expression(node.each.list, outer), key: node.each.key && mend(node.each.key) };
    const props = Object.fromEntries(Object.entries(node.props).map(([name, expression]) => [name, mend(expression)]));
    const events = new Set([...locals, "$event"]);
    const on = Object.fromEntries(Object.entries(node.on).map(([name, { action, args }]) => [name, { action, args: args.map((arg) => this.expression(arg, events)) }]));
    return { ...node, each, props, on, when: node.when && mend(node.when), text: node.text && mend(node.text), children: node.children.map((child) => this.node(child, locals)) };
  }

  /** An expression with queries in the place of its pipes; names that are `locals` are no rows. */
  expression(expression: Expression, locals: ReadonlySet<string>): Expression {
    return this.number(expression, locals) ?? this.taken(expression, locals) ?? this.listed(expression, locals) ?? mapParts(expression, (part) => this.expression(part, locals));
  }

  /** A number or an answer about all rows of a pipe. */
  private number(expression: Expression, locals: ReadonlySet<string>): Expression | null {
    if (expression.kind === "member" && expression.key === "length") return this.count(this.rows(expression.object, locals));
    if (expression.kind === "binary" && expression.op === "in") return this.some(this.rows(expression.right, locals), expression.left, locals);
    if (expression.kind !== "call") return null;
    const [list, key] = expression.args;
    const rows = list && this.rows(list, locals);
    if (!rows) return null;
    if (expression.fn === "contains" && key) return this.some(rows, key, locals);
    const fn = AGGREGATES.find((name) => name === expression.fn);
    if (!fn) return null;
    if (fn === "len") return this.count(rows);
    const column = rows.column === null ? textIn(key) : isNothing(key) ? rows.column : null;
    return column === null ? null : { kind: "aggregate", query: rows.query, fn, column };
  }

  private count(rows: Rows | null): Expression | null {
    return rows && { kind: "aggregate", query: rows.query, fn: "len", column: null };
  }

  /** Whether a value is among those of a column. */
  private some(rows: Rows | null, value: Expression, locals: ReadonlySet<string>): Expression | null {
    const found = rows && rows.column !== null ? this.where({ query: rows.query, column: null }, rows.column, "==", value, locals) : null;
    const count = this.count(found);
    return count && { kind: "binary", op: ">", left: count, right: { kind: "literal", value: 0 } };
  }

  /** A part of the rows of a pipe: one that expressions take by its place. */
  private taken(expression: Expression, locals: ReadonlySet<string>): Expression | null {
    if (expression.kind === "index") {
      const rows = this.rows(expression.object, locals);
      return rows && this.field({ ...expression, object: name(rows.query), index: this.expression(expression.index, locals) }, rows);
    }
    if (expression.kind !== "call") return null;
    const [list, ...rest] = expression.args;
    if (!list) return null;
    if (expression.fn === "find") {
      const [key, value] = [textIn(rest[0]), rest[1]];
      const rows = this.rows(list, locals);
      const found = rows && rows.column === null && key !== null && value ? this.where(rows, key, "==", value, locals) : null;
      return found && { kind: "call", fn: "first", args: [name(found.query)] };
    }
    if (!["first", "last", "slice"].includes(expression.fn) || this.rows(expression, locals)) return null;
    const rows = this.rows(list, locals);
    if (!rows) return null;
    const part: Expression = { kind: "call", fn: expression.fn, args: [name(rows.query), ...rest.map((arg) => this.expression(arg, locals))] };
    return expression.fn === "slice" || rest.length ? this.column(part, rows) : this.field(part, rows);
  }

  /** All rows that a pipe gives. */
  private listed(expression: Expression, locals: ReadonlySet<string>): Expression | null {
    if (expression.kind !== "call") return null;
    const rows = this.rows(expression, locals);
    return rows && this.column(name(rows.query), rows);
  }

  /** The values of the column that is meant, of rows; a `distinct` query has no others. */
  private column(rows: Expression, { query, column }: Rows): Expression {
    return column === null || this.queries.get(query)?.distinct === column ? rows : { kind: "call", fn: "pluck", args: [rows, { kind: "literal", value: column }] };
  }

  private field(row: Expression, { query, column }: Rows): Expression {
    return column === null || this.queries.get(query)?.distinct === column ? row : { kind: "index", object: row, index: { kind: "literal", value: column } };
  }

  /** The rows that an expression stands for, if a query can give them. */
  private rows(expression: Expression, locals: ReadonlySet<string>): Rows | null {
    if (expression.kind === "name") {
      if (locals.has(expression.name)) return null;
      const query = this.queries.get(expression.name);
      return query || this.frames.has(expression.name) ? { query: expression.name, column: query?.distinct ?? null } : null;
    }
    if (expression.kind !== "call" || !STEPS.has(expression.fn)) return null;
    let found = this.known.get(expression);
    if (found === undefined) {
      const [list, ...rest] = expression.args;
      const below = list ? this.rows(list, locals) : null;
      found = below && this.step(below, expression.fn, rest, locals);
      this.known.set(expression, found);
    }
    return found;
  }

  private step(below: Rows, fn: string, args: readonly Expression[], locals: ReadonlySet<string>): Rows | null {
    const [first, second, third] = args;
    const key = below.column === null ? textIn(first) : isNothing(first) ? below.column : null;
    switch (fn) {
      case "where": {
        const [column, op] = [textIn(first), textIn(second)];
        return below.column === null && column !== null && op !== null && third ? this.where(below, column, op, third, locals) : null;
      }
      case "pluck":
        return below.column === null && key !== null ? { query: below.query, column: key } : null;
      case "sort":
        return key !== null && (second === undefined || second.kind === "literal") ? this.make(below, `sort('${key}'${second?.value ? ", true" : ""})`, { pipe: "sort", order: [{ column: key, descending: Boolean(second?.value) }] }) : null;
      case "distinct":
        return key === null ? null : { ...this.make(below, `distinct('${key}')`, { pipe: "distinct", distinct: key }), column: key };
      case "reverse":
        return this.make(below, "reverse", { pipe: "reverse" });
      default: {
        const count = first?.kind === "literal" ? first.value : null;
        return typeof count === "number" && Number.isInteger(count) && count > 0 ? this.make(below, `first(${count})`, { pipe: "first", limit: count }) : null;
      }
    }
  }

  private where(below: Rows, column: string, op: string, value: Expression, locals: ReadonlySet<string>): Rows | null {
    const inputs = new Set<string>();
    const right = OPERATORS.includes(op) ? this.constant(value, locals, inputs, { left: PARTS }, 0) : null;
    if (!right) return null;
    const left: Expression = { kind: "column", name: column };
    const where: Expression = op === "contains" ? { kind: "call", fn: "contains", args: [left, right] } : { kind: "binary", op: op as "==", left, right };
    const shown = value.kind === "literal" ? JSON.stringify(value.value) : value.kind === "name" ? value.name : "...";
    return this.make(below, `where('${column}', '${op}', ${shown})`, { pipe: "where", where, inputs: [...inputs] });
  }

  /** What no row decides, with computed values written out; null where that reads rows, loop variables, or what SQL has not. */
  private constant(expression: Expression, locals: ReadonlySet<string>, inputs: Set<string>, budget: { left: number }, depth: number): Expression | null {
    budget.left -= 1;
    if (depth > DEPTH || budget.left < 0) return null;
    if (expression.kind === "name") {
      if (locals.has(expression.name)) return null;
      const computed = this.computed.get(expression.name);
      if (computed) return this.constant(computed.expr, NOTHING, inputs, budget, depth + 1);
      if (!this.values.has(expression.name)) return null;
      inputs.add(expression.name);
      return expression;
    }
    if (["aggregate", "record", "template", "column"].includes(expression.kind)) return null;
    if (expression.kind === "call" && (!SQL_FUNCTIONS.has(expression.fn) || AGGREGATES.some((fn) => fn !== "len" && fn === expression.fn))) return null;
    let known = true;
    const made = mapParts(expression, (part) => {
      const found = this.constant(part, locals, inputs, budget, depth + 1);
      known &&= found !== null;
      return found ?? part;
    });
    return known ? made : null;
  }

  /** The query that does one step; steps that do the same are one query. */
  private make(below: Rows, does: string, step: Step): Rows {
    const whole: Omit<QueryDeclaration, "name"> = { frame: below.query, where: null, group: [], agg: [], distinct: null, prepend: null as Json, order: [], limit: null, ...step, inputs: [] };
    const inputs = [...new Set([...(step.inputs ?? []), ...(this.queries.get(below.query)?.inputs ?? this.inputs.get(below.query) ?? [])])].sort();
    const id = JSON.stringify(whole);
    let found = this.made.get(id);
    if (!found) {
      const plain = `${below.query} | ${does}`;
      let chosen = plain;
      for (let n = 2; this.queries.has(chosen); n += 1) chosen = `${plain} (${n})`;
      found = { ...whole, name: chosen, inputs };
      this.made.set(id, found);
      this.queries.set(chosen, found);
    }
    return { query: found.name, column: below.column };
  }
}

/** Functions that give other rows, which a query can give too. */
const STEPS = new Set(["where", "sort", "distinct", "pluck", "reverse", "first"]);

/** Functions over rows that are worked out over all of them, or read as many as they are asked for. */
export const OVER_ALL: ReadonlySet<string> = new Set([...STEPS, ...AGGREGATES, "last", "slice", "find", "contains"]);

function name(query: string): Expression {
  return { kind: "name", name: query };
}

function textIn(expression: Expression | undefined): string | null {
  return expression?.kind === "literal" && typeof expression.value === "string" ? expression.value : null;
}

function isNothing(expression: Expression | undefined): boolean {
  return expression === undefined || (expression.kind === "literal" && expression.value === null);
}
