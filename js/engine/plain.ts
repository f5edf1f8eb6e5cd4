// Values that can be kept: what JSON knows, and nothing else. The copies have no prototypes.

import type { Json } from "../protocol/index.ts";
import { bare, create, dateToISO, defineProperty, getPrototypeOf, isArray, isFinite, isIn, isWellFormed, keys, objectPrototype, prototypes, RangeErrorOf, stringify, toWellFormed, TypeErrorOf } from "./primordials.ts";

const DEEPEST = 100;

/** A value as JSON, or an error that says where it is not. */
export function plain(value: unknown, where: string): Json {
  return walk(value, { where, path: bare([]), seen: bare([]), depth: 0 });
}

/** Where a walk is. The path is put into words only for an error: most values have none. */
interface Place {
  readonly where: string;
  readonly path: (string | number)[];
  readonly seen: object[];
  /** How much of both counts: nothing is taken off lists without a prototype, which is slow. */
  depth: number;
}

/** Describes an item; one for all, since a list may have many. */
const ITEM: { value: Json; readonly writable: true; readonly enumerable: true; readonly configurable: true } = bare({ value: null, writable: true, enumerable: true, configurable: true });

function words({ where, path, depth }: Place): string {
  let text = where;
  for (let i = 0; i < depth; i++) text += typeof path[i] === "number" ? "[" + path[i] + "]" : "." + path[i];
  return text;
}

function walk(value: unknown, place: Place): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value;
  // Half a character, left by cutting a text, could not be written anywhere.
  if (typeof value === "string") return toWellFormed(value);
  if (typeof value === "number") {
    if (isFinite(value)) return value;
    throw new TypeErrorOf(words(place) + " is " + value + ", which cannot be kept; use null.");
  }
  if (typeof value !== "object") throw new TypeErrorOf(words(place) + " is a " + (typeof value) + ", which cannot be kept.");
  const { seen, depth } = place;
  for (let i = 0; i < depth; i++) if (seen[i] === value) throw new TypeErrorOf(words(place) + " contains itself.");
  if (depth > DEEPEST) throw new RangeErrorOf(words(place) + " is nested too deeply.");
  seen[depth] = value;
  const result = isArray(value) ? array(value, place) : isIn(prototypes.Date, value) ? dateToISO(value) : object(value, place);
  return result;
}

function array(value: readonly unknown[], place: Place): Json[] {
  const items: Json[] = [];
  const { path, depth } = place;
  // By index, so that a hole is an item like any other and no method of the handler's is called.
  for (let i = 0; i < value.length; i++) {
    path[depth] = i;
    place.depth = depth + 1;
    ITEM.value = walk(value[i], place);
    defineProperty(items, i, ITEM);
    place.depth = depth;
  }
  return bare(items);
}

function object(value: object, place: Place): Record<string, Json> {
  const kind = getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  if (kind !== objectPrototype && kind !== null) throw new TypeErrorOf(words(place) + " is a " + (kind.constructor?.name ?? "strange object") + ", which cannot be kept.");
  const result = create(null) as Record<string, Json>;
  const { path, depth } = place;
  const names = keys(value);
  for (let i = 0; i < names.length; i++) {
    const key = names[i] as string;
    if (key === "__proto__" || key === "constructor" || key === "prototype") throw new TypeErrorOf(words(place) + " has the key '" + key + "', which is not allowed.");
    // Not replaced as in values: two keys could become one, and one of their values would be lost.
    if (!isWellFormed(key)) throw new TypeErrorOf(words(place) + " has the key '" + toWellFormed(key) + "' with half of a character, which cannot be kept.");
    path[depth] = key;
    place.depth = depth + 1;
    result[key] = walk((value as Record<string, unknown>)[key], place);
    place.depth = depth;
  }
  return result;
}

/**
 * A copy that `plain` made, as JSON text. The engine's own `JSON.stringify` keeps what it is in on a list with the
 * prototype that handlers can change, so only strings and numbers are left to it.
 */
export function json(value: Json): string {
  if (typeof value !== "object" || value === null) return stringify(value);
  let text = "";
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) text += (i > 0 ? "," : "") + json(value[i] as Json);
    return "[" + text + "]";
  }
  const names = keys(value);
  for (let i = 0; i < names.length; i++) text += (i > 0 ? "," : "") + stringify(names[i]) + ":" + json((value as Record<string, Json>)[names[i] as string] as Json);
  return "{" + text + "}";
}

/** Whether two values are the same as JSON, the order of members included; neither may look into its prototype. */
export function same(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const list = isArray(a);
  if (list !== isArray(b)) return false;
  if (list) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i] as Json, (b as Json[])[i] as Json)) return false;
    return true;
  }
  const names = keys(a);
  const others = keys(b);
  if (names.length !== others.length) return false;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (name !== others[i] || !same((a as Record<string, Json>)[name] as Json, (b as Record<string, Json>)[name] as Json)) return false;
  }
  return true;
}
