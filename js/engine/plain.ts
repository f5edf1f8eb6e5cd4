// Values that can be kept: what JSON knows, and nothing else.

import type { Json } from "../protocol/index.ts";

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);
const DEEPEST = 100;

/** A value as JSON, or an error that says where it is not. */
export function plain(value: unknown, where: string): Json {
  return walk(value, { where, path: [], seen: [] });
}

/** Where a walk is. The path is put into words only for an error: most values have none. */
interface Place {
  readonly where: string;
  readonly path: (string | number)[];
  readonly seen: object[];
}

function words({ where, path }: Place): string {
  return where + path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
}

function walk(value: unknown, place: Place): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value;
  // Half a character, left by cutting a text, could not be written anywhere.
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new TypeError(`${words(place)} is ${value}, which cannot be kept; use null.`);
  }
  if (typeof value !== "object") throw new TypeError(`${words(place)} is a ${typeof value}, which cannot be kept.`);
  if (place.seen.includes(value)) throw new TypeError(`${words(place)} contains itself.`);
  if (place.seen.length > DEEPEST) throw new RangeError(`${words(place)} is nested too deeply.`);
  place.seen.push(value);
  const result = Array.isArray(value) ? array(value, place) : value instanceof Date ? value.toISOString() : object(value, place);
  place.seen.pop();
  return result;
}

function array(value: readonly unknown[], place: Place): Json[] {
  const items: Json[] = [];
  // By index, so that a hole is an item like any other and no method of the handler's is called.
  for (let i = 0; i < value.length; i++) {
    place.path.push(i);
    items.push(walk(value[i], place));
    place.path.pop();
  }
  return items;
}

function object(value: object, place: Place): Record<string, Json> {
  const kind = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== null) throw new TypeError(`${words(place)} is a ${kind?.constructor?.name ?? "strange object"}, which cannot be kept.`);
  const result: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    if (FORBIDDEN.has(key)) throw new TypeError(`${words(place)} has the key '${key}', which is not allowed.`);
    // Not replaced as in values: two keys could become one, and one of their values would be lost.
    if (!key.isWellFormed()) throw new TypeError(`${words(place)} has the key '${key.toWellFormed()}' with half of a character, which cannot be kept.`);
    place.path.push(key);
    result[key] = walk((value as Record<string, unknown>)[key], place);
    place.path.pop();
  }
  return result;
}
