// The functions that expressions may call: pure, total (what does not fit gives null), the same in every engine.

import { json, letters, search, size, spend } from "./effort.ts";
import { compact, grouped, isList, isNumber, isRecord, numberText, order, own, rank, same, textOf, truthy, type Value } from "./values.ts";

/** What a function gives, as far as that does not depend on what it is given. */
export type Returned = "int" | "float" | "str" | "bool" | "list" | "any";

export interface FunctionSpec {
  readonly doc: string;
  readonly returns: Returned;
  /** Least and greatest number of arguments, the piped one included. */
  readonly arity: readonly [number, number];
  readonly call: (...args: Value[]) => Value;
}

const fields = (list: Value, key: Value): readonly Value[] => {
  if (!isList(list)) return [];
  return key === undefined || key === null ? list : list.map((item) => own(item, key));
};
/** Yes counts as one and no as nothing, as in a query. */
const numbers = (list: Value, key: Value): number[] => fields(list, key).map((value) => (typeof value === "boolean" ? Number(value) : value)).filter(isNumber);

/** The smallest (-1) or largest (1) of numbers; where there are none, of texts, or of yes and no. */
function extreme(list: Value, key: Value, sign: 1 | -1): Value {
  const values = fields(list, key).filter((value) => typeof value === "string" || typeof value === "boolean" || isNumber(value));
  const numeric = values.filter(isNumber);
  return (numeric.length ? numeric : values).reduce<Value>((best, value) => (best === null || sign * rank(value, best) > 0 ? value : best), null);
}

const numeric = (call: (value: number, digits: number) => Value) => (value: Value, digits: Value): Value =>
  isNumber(value) ? call(value, isNumber(digits) ? Math.max(0, Math.min(20, Math.trunc(digits))) : -1) : null;
const text = (call: (value: string, ...rest: Value[]) => Value) => (value: Value, ...rest: Value[]): Value =>
  value === null || value === undefined ? null : call(textOf(value), ...rest);
const listed = (call: (list: readonly Value[], ...rest: Value[]) => Value) => (list: Value, ...rest: Value[]): Value =>
  isList(list) ? call(list, ...rest) : null;

const within = (whole: string, part: string): boolean => {
  search(whole, part);
  return whole.toLowerCase().includes(part.toLowerCase());
};
const parts = (whole: string, by: string): string[] => {
  search(whole, by);
  return whole.split(by);
};

/** Whether a value is an item of a list, a part of a text, or a key of a record. */
export function isIn(value: Value, container: Value): boolean {
  spend(1 + size(container));
  if (isList(container)) return container.some((item) => same(item, value));
  if (typeof container === "string") {
    const part = textOf(value);
    search(container, part);
    return container.includes(part);
  }
  return isRecord(container) && typeof value === "string" && Object.hasOwn(container, value);
}

const COMPARE: Readonly<Record<string, (left: Value, right: Value) => boolean>> = {
  "==": same,
  "!=": (a, b) => !same(a, b),
  "<": (a, b) => (order(a, b) ?? 1) < 0,
  "<=": (a, b) => (order(a, b) ?? 1) <= 0,
  ">": (a, b) => (order(a, b) ?? -1) > 0,
  ">=": (a, b) => (order(a, b) ?? -1) >= 0,
  in: isIn,
  contains: (a, b) => within(textOf(a), textOf(b)),
};
/** How `where` compares. */
export const OPERATORS: readonly string[] = Object.keys(COMPARE);

const ISO = /^(\d{4})-(\d{2})-(\d{2})/;
const HOUR = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}))?/;
const DAY = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function monday(day: string): Value {
  const at = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== day) return null;
  return new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * DAY).toISOString().slice(0, 10);
}

function sorted(list: readonly Value[], key: Value, descending: Value): Value {
  const sign = truthy(descending) ? -1 : 1;
  const by = (item: Value): Value => (key === null || key === undefined ? item : own(item, key));
  // Nothing comes last either way, as in a query.
  return [...list].sort((a, b) => {
    spend(1);
    const [left, right] = [by(a) ?? null, by(b) ?? null];
    return left === null || right === null ? Number(left === null) - Number(right === null) : sign * rank(left, right);
  });
}

function unique(list: readonly Value[], key: Value): Value {
  const found: Value[] = [];
  const seen = new Set<string>();
  for (const item of list) {
    const value = key === null || key === undefined ? item : own(item, key);
    const id = json(value);
    if (!seen.has(id)) {
      seen.add(id);
      found.push(value);
    }
  }
  return found;
}

function keysOf(record: { readonly [key: string]: Value }): string[] {
  const keys = Object.keys(record);
  spend(keys.length);
  return keys;
}

function between(parts: readonly string[], by: string): string {
  letters(parts.reduce((sum, part) => sum + part.length + by.length, 0));
  return parts.join(by);
}

/** Edges of a diagram from a list whose items name those before (or after) them. */
function edges(list: readonly Value[], id: Value, from: Value): Value {
  return list.flatMap((item) => {
    const before = own(item, from);
    spend(size(before));
    return (isList(before) ? before : before === null ? [] : [before]).map((source) => ({ from: source, to: own(item, id) }));
  });
}

function average(values: readonly number[]): Value {
  return values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
}

const spec = (doc: string, least: number, most: number, call: FunctionSpec["call"], returns: Returned = "any"): FunctionSpec => ({ doc, returns, arity: [least, most], call });

export const FUNCTIONS: Readonly<Record<string, FunctionSpec>> = Object.freeze({
  __proto__: null as never,
  len: spec("Number of items, rows or characters.", 1, 1, (x) => (isList(x) || typeof x === "string" ? x.length : isRecord(x) ? keysOf(x).length : 0), "int"),
  sum: spec("Sum of numbers, or of a field of records.", 1, 2, (x, key) => numbers(x, key as Value).reduce((a, b) => a + b, 0), "float"),
  mean: spec("Mean of numbers, or of a field of records.", 1, 2, (x, key) => average(numbers(x, key as Value)), "float"),
  min: spec("Smallest number, or smallest of a field; of texts and dates where there are no numbers.", 1, 2, (x, key) => extreme(x, key as Value, -1)),
  max: spec("Largest number, or largest of a field; of texts and dates where there are no numbers.", 1, 2, (x, key) => extreme(x, key as Value, 1)),
  round: spec("Round to a number of decimals (0).", 1, 2, numeric((x, digits) => Number(x.toFixed(Math.max(0, digits)))), "float"),
  floor: spec("Round down.", 1, 1, numeric((x) => Math.floor(x)), "int"),
  ceil: spec("Round up.", 1, 1, numeric((x) => Math.ceil(x)), "int"),
  abs: spec("Without sign.", 1, 1, numeric((x) => Math.abs(x)), "float"),
  where: spec("Items whose field compares: where('col', '==', x), with ==, !=, <, <=, >, >=, in or contains.", 4, 4, listed((list, key, op, value) => {
    const compare = typeof op === "string" && Object.hasOwn(COMPARE, op) ? COMPARE[op] : undefined;
    // An operator that there is not is a finding of the checker; one that is worked out gives nothing, not an empty list.
    return compare ? list.filter((item) => compare(own(item, key), value ?? null)) : null;
  }), "list"),
  sort: spec("Sorted by a field, nothing last; descending if the third argument is true.", 1, 3, listed((list, key, descending) => sorted(list, key as Value, descending as Value)), "list"),
  first: spec("The first item, or the first n.", 1, 2, listed((list, n) => (isNumber(n) ? list.slice(0, n) : (list[0] ?? null)))),
  last: spec("The last item, or the last n.", 1, 2, listed((list, n) => (isNumber(n) ? (n > 0 ? list.slice(-n) : []) : (list[list.length - 1] ?? null)))),
  slice: spec("Items from a start to before an end.", 2, 3, listed((list, start, end) => list.slice(isNumber(start) ? start : 0, isNumber(end) ? end : undefined)), "list"),
  reverse: spec("In reverse order.", 1, 1, listed((list) => [...list].reverse()), "list"),
  distinct: spec("Different values, of a field.", 1, 2, listed((list, key) => unique(list, key as Value)), "list"),
  pluck: spec("The values of a field.", 2, 2, listed((list, key) => list.map((item) => own(item, key))), "list"),
  concat: spec("Two lists, one after the other.", 2, 2, listed((list, other) => (isList(other) ? [...list, ...other] : list)), "list"),
  find: spec("The first item whose field equals a value.", 3, 3, listed((list, key, value) => list.find((item) => same(own(item, key), value)) ?? null)),
  edges: spec("Edges for a diagram: edges('id', 'after').", 3, 3, listed((list, id, from) => edges(list, id as Value, from as Value)), "list"),
  keys: spec("Keys of a record.", 1, 1, (x) => (isRecord(x) ? keysOf(x) : []), "list"),
  values: spec("Values of a record.", 1, 1, (x) => (isRecord(x) ? keysOf(x).map((key) => own(x, key)) : []), "list"),
  get: spec("A field by name, or a default.", 2, 3, (x, key, otherwise) => own(x, key) ?? otherwise ?? null),
  contains: spec("Whether a text or list contains something.", 2, 2, (x, part) => (isList(x) ? x.some((item) => same(item, part)) : within(textOf(x), textOf(part))), "bool"),
  lower: spec("In small letters.", 1, 1, text((x) => x.toLowerCase()), "str"),
  upper: spec("In capitals.", 1, 1, text((x) => x.toUpperCase()), "str"),
  capitalize: spec("With a capital first letter.", 1, 1, text((x) => x.slice(0, 1).toUpperCase() + x.slice(1)), "str"),
  trim: spec("Without spaces around.", 1, 1, text((x) => x.trim()), "str"),
  replace: spec("With one text in place of another.", 3, 3, text((x, from, to) => between(parts(x, textOf(from)), textOf(to))), "str"),
  split: spec("Parts between a separator.", 2, 2, text((x, by) => parts(x, textOf(by))), "list"),
  join: spec("Texts of the items with something between.", 1, 2, listed((list, by) => between(list.map(textOf), by === undefined ? ", " : textOf(by))), "str"),
  year: spec("Year of a date.", 1, 1, text((x) => { const d = ISO.exec(x); return d ? Number(d[1]) : null; }), "int"),
  month: spec("Month of a date, as 2015-03.", 1, 1, text((x) => { const d = ISO.exec(x); return d ? `${d[1]}-${d[2]}` : null; }), "str"),
  day: spec("Day of a date, as 2015-03-09.", 1, 1, text((x) => { const d = ISO.exec(x); return d ? `${d[1]}-${d[2]}-${d[3]}` : null; }), "str"),
  week: spec("Monday of a date's week, as 2015-03-09.", 1, 1, text((x) => monday(ISO.exec(x)?.[0] ?? "")), "str"),
  hour: spec("Hour of a date, as 2015-03-09T14:00Z.", 1, 1, text((x) => { const d = HOUR.exec(x); return d ? `${d[1]}T${d[2] ?? "00"}:00Z` : null; }), "str"),
  date: spec("A date as people write it: 9 Mar 2015.", 1, 1, text((x) => { const d = ISO.exec(x); return d ? `${Number(d[3])} ${MONTHS[Number(d[2]) - 1] ?? ""} ${d[1]}` : null; }), "str"),
  number: spec("With grouped thousands and n decimals.", 1, 2, numeric((x, digits) => (digits >= 0 ? grouped(x, digits) : grouped(x, Number.isInteger(x) ? 0 : Math.min(6, (numberText(x).split(".")[1] ?? "").length)))), "str"),
  money: spec("With two decimals, behind a currency sign if one is given: {x | money('€')}.", 1, 2, (x, sign) => (isNumber(x) ? (x < 0 ? "\u2212" : "") + (typeof sign === "string" ? sign : "") + grouped(Math.abs(x), 2) : null), "str"),
  percent: spec("A share as per cent, with n decimals (0).", 1, 2, numeric((x, digits) => `${grouped(x * 100, Math.max(0, digits))}\u00a0%`), "str"),
  compact: spec("Shortened: 1.2M.", 1, 1, numeric((x) => compact(x)), "str"),
  text: spec("As text.", 1, 1, (x) => textOf(x), "str"),
}) as Readonly<Record<string, FunctionSpec>>;
