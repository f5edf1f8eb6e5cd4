// Queries without a database, over the rows that a page brought along: the same answers as DuckDB gives on the server.

import type { Aggregate, AggregateColumn, Build, Json, Ordering, QueryDeclaration } from "../protocol/index.ts";
import { compile, isNumber, rank, same, type Scope, truthy, type Value } from "../reactor/expression/index.ts";
import type { ColumnInfo, Row } from "../reactor/host.ts";

export interface Table {
  readonly rows: readonly Row[];
  readonly columns: readonly ColumnInfo[];
}

/** Groups whose place among the others is kept when some are left out; as on the server. */
const GROUPS = 1000;

type State = (name: string) => Value;

/** The rows of a query or frame. */
export function answer(build: Build, name: string, frames: (source: string) => Table, state: State): Table {
  const query = build.queries.find((one) => one.name === name);
  if (query) return answerOne(query, answer(build, query.frame, frames, state), state);
  const frame = build.frames.find((one) => one.name === name);
  if (!frame) throw new Error(`The panel has no frame or query '${name}'.`);
  return frames(frame.source);
}

function scopeOf(row: Row, state: State): Scope {
  return { get: (name) => (name === "row" ? row : state(name)), aggregate: () => null };
}

function answerOne(query: QueryDeclaration, below: Table, state: State): Table {
  const where = query.where ? compile(query.where) : null;
  const rows = where ? below.rows.filter((row) => truthy(where(scopeOf(row, state)))) : below.rows;
  if (query.pipe === "reverse") return { ...below, rows: [...rows].reverse() };
  const made = query.distinct !== null ? distinct(query, rows, below) : query.group.length || query.agg.length ? grouped(query, rows, below, state) : { rows, columns: below.columns };
  const ordered = query.order.length ? { ...made, rows: sorted(made.rows, query.order, query.distinct !== null && query.prepend !== null ? 1 : 0) } : made;
  return query.limit === null ? ordered : { ...ordered, rows: ordered.rows.slice(0, query.limit) };
}

function distinct(query: QueryDeclaration, rows: readonly Row[], below: Table): Table {
  const name = query.distinct as string;
  const found: Value[] = [];
  for (const row of rows) {
    const value = row[name] ?? null;
    if (!found.some((other) => same(other, value))) found.push(value);
  }
  if (query.pipe === null) found.sort(nullsLast);
  const first = query.prepend as Value;
  const all = first === null ? found : [first, ...found.filter((value) => !same(value, first))];
  return { rows: all.map((value) => ({ [name]: value })), columns: [{ name, type: kindOf(below, name) }] };
}

function grouped(query: QueryDeclaration, rows: readonly Row[], below: Table, state: State): Table {
  const keys = query.group.map((key) => ({ name: key.name, value: compile(key.expr) }));
  const groups = new Map<string, { readonly values: readonly Value[]; readonly rows: Row[] }>();
  for (const row of rows) {
    const values = keys.map((key) => key.value(scopeOf(row, state)));
    const id = JSON.stringify(values);
    const group = groups.get(id);
    if (group) group.rows.push(row);
    else groups.set(id, { values, rows: [row] });
  }
  // Without keys there is one group, even of nothing.
  if (!keys.length && !groups.size) groups.set("", { values: [], rows: [] });
  const made = [...groups.values()].sort((a, b) => a.values.map((value, i) => nullsLast(value, b.values[i] ?? null)).find((difference) => difference !== 0) ?? 0);
  const lines = made.map((group): Row => Object.fromEntries([...keys.map((key, i) => [key.name, group.values[i] ?? null] as const), ...query.agg.map((column) => [column.name, aggregateOf(column, group.rows, state)] as const)]));
  const columns = [...keys.map(({ name }) => name), ...query.agg.map(({ name }) => name)].map((name) => ({ name, type: typeOf(lines, name, below) }));
  return { rows: lines, columns };
}

function aggregateOf({ fn, expr }: AggregateColumn, rows: readonly Row[], state: State): Value {
  if (!expr) return rows.length;
  const value = compile(expr);
  return reduced(fn, rows.map((row) => value(scopeOf(row, state))));
}

/** The different values of a column, whatever rows the queries leave out. */
export function groups(build: Build, name: string, column: string, frames: (source: string) => Table, state: State): Json[] {
  const all = { ...build, queries: build.queries.map((query) => ({ ...query, where: null, limit: null })) };
  const found = new Map(answer(all, name, frames, state).rows.map((row) => { const value = row[column] ?? null; return [JSON.stringify(value), value] as const; }));
  return [...found.values()].sort(nullsLast).slice(0, GROUPS) as Json[];
}

/** A number over values: as in SQL, nothing counts for nothing. */
export function reduced(fn: Aggregate["fn"], values: readonly Value[]): Value {
  const there = values.filter((value) => value !== null);
  if (fn === "len") return there.length;
  if (fn === "min" || fn === "max") return there.reduce<Value>((best, value) => (best === null || (fn === "min" ? rank(value, best) < 0 : rank(value, best) > 0) ? value : best), null);
  const numbers = there.map((value) => (typeof value === "boolean" ? Number(value) : value)).filter(isNumber);
  const sum = numbers.reduce((a, b) => a + b, 0);
  return fn === "sum" ? sum : numbers.length ? sum / numbers.length : null;
}

/** Sorted by columns; a sort keeps the order of equals, as the tie of the server does. The first rows may be kept. */
export function sorted(rows: readonly Row[], order: readonly Ordering[], kept = 0): Row[] {
  const compare = (a: Row, b: Row): number => {
    for (const { column, descending } of order) {
      const [left, right] = [a[column] ?? null, b[column] ?? null];
      if (left === null || right === null) {
        if (left !== right) return left === null ? 1 : -1;
        continue;
      }
      const difference = rank(left, right);
      if (difference) return descending ? -difference : difference;
    }
    return 0;
  };
  return [...rows.slice(0, kept), ...rows.slice(kept).sort(compare)];
}

function nullsLast(a: Value, b: Value): number {
  return a === null || b === null ? Number(a === null) - Number(b === null) : rank(a, b);
}

function kindOf(table: Table, name: string): string {
  return table.columns.find((column) => column.name === name)?.type ?? "str";
}

function typeOf(rows: readonly Row[], name: string, below: Table): string {
  const values = rows.map((row) => row[name] ?? null).filter((value) => value !== null);
  if (values.length && values.every(isNumber)) return values.every(Number.isInteger) ? "int" : "float";
  return kindOf(below, name);
}

/** The value that a request gives for a state of the view alone, or the panel's. */
export function stateOf(values: Readonly<Record<string, Json>>, given: Readonly<Record<string, Json>>): State {
  return (name) => ((Object.hasOwn(given, name) ? given[name] : values[name]) ?? null) as Value;
}
