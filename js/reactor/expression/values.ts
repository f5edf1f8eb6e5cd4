// Values and how they become text: the same in every engine, with no Intl and no locale.

import { json, OBJECT, spend } from "./effort.ts";

export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

export function isList(value: unknown): value is readonly Value[] {
  return Array.isArray(value);
}

export function isRecord(value: unknown): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** An own property or element; everything else reads as null. */
export function own(value: unknown, key: unknown): Value {
  if (isList(value)) {
    const index = typeof key === "number" ? (key < 0 ? value.length + key : key) : key === "length" ? -1 : Number.NaN;
    return key === "length" ? value.length : (value[index] ?? null);
  }
  if (typeof value === "string") return key === "length" ? value.length : typeof key === "number" ? (value[key] ?? null) : null;
  if (isRecord(value) && (typeof key === "string" || typeof key === "number") && Object.hasOwn(value, key)) return value[key] ?? null;
  return null;
}

export function truthy(value: unknown): boolean {
  return isList(value) ? value.length > 0 : Boolean(value);
}

/** Equality by value, without conversion. */
export function same(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return (left ?? null) === (right ?? null);
  spend(typeof left === "object" ? OBJECT : 1);
  if (isList(left) && isList(right)) return left.length === right.length && left.every((item, i) => same(item, right[i]));
  if (isRecord(left) && isRecord(right)) {
    const keys = Object.keys(left);
    return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]));
  }
  return false;
}

/** Characters that code units order otherwise than code points do: surrogates, and what lies above them. */
const HIGH = /[\ud800-\uffff]/;

/** Order of two texts by code point, as databases and Python have it. */
function textOrder(left: string, right: string): number {
  if (left === right) return 0;
  if (HIGH.test(left) && HIGH.test(right)) {
    let at = 0;
    while (left.charCodeAt(at) === right.charCodeAt(at)) at += 1;
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    // Surrogates stand for what comes after all other characters.
    if (a >= 0xd800 && b >= 0xd800 && a >= 0xe000 !== b >= 0xe000) return a >= 0xe000 ? -1 : 1;
  }
  return left < right ? -1 : 1;
}

/** Order of two values: numbers by size, texts by code point; null where they do not compare. */
export function order(left: unknown, right: unknown): number | null {
  if (isNumber(left) && isNumber(right)) return left - right;
  if (typeof left === "string" && typeof right === "string") return textOrder(left, right);
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  return null;
}

/** An order of all values, for sorting: nothing first, then yes and no, numbers, texts, and the rest as it comes. */
export function rank(left: unknown, right: unknown): number {
  const kind = (value: unknown): number => (value === null || value === undefined ? 0 : typeof value === "boolean" ? 1 : typeof value === "number" ? 2 : typeof value === "string" ? 3 : 4);
  return kind(left) - kind(right) || (order(left, right) ?? 0);
}

/** The text of a value as people read it; null is nothing. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  return json(value);
}

/** A number without binary noise: 0.1 + 0.2 is shown as 0.3. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "";
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(12)));
}

/** Group thousands and keep `digits` decimals. */
export function grouped(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21) return numberText(value).replace("-", "\u2212");
  const [whole = "0", fraction] = Math.abs(value).toFixed(digits).split(".");
  let text = "";
  for (let at = whole.length; at > 0; at -= 3) text = whole.slice(Math.max(0, at - 3), at) + (text ? `,${text}` : "");
  const sign = value < 0 && Number(value.toFixed(digits)) !== 0 ? "\u2212" : "";
  return sign + text + (fraction ? `.${fraction}` : "");
}

/** Shorten large numbers: 1234567 is 1.2M. */
export function compact(value: number): string {
  const size = Math.abs(value);
  for (const [limit, unit] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]] as const) {
    if (size >= limit * 0.99995) {
      const short = value / limit;
      return grouped(short, Math.abs(short) < 99.95 ? 1 : 0).replace(/\.0$/, "") + unit;
    }
  }
  return Number.isInteger(value) ? grouped(value, 0) : numberText(Number(value.toPrecision(3)));
}
