// Types as written in NXML (`int`, `list[Card]`, `str?`), and the check of values against them.

import type { Json, RecordType, TypeSpec } from "../protocol/index.ts";
import { isList, isNumber, isRecord } from "./expression/index.ts";

/** Types and values are nested no deeper than this. */
const DEPTH = 32;

export const SCALARS = ["str", "int", "float", "bool", "date", "any"] as const;
/** How types are made of others, `T`. */
export const TYPE_FORMS = ["list[T]", "dict[T]", "T?"] as const;

/** Parse a type; a text that is none gives the name that is not known. */
export function parseType(text: string, declared: ReadonlyMap<string, RecordType>, depth = 0): TypeSpec | { readonly unknown: string } {
  const written = text.trim();
  if (depth > DEPTH) return { unknown: written };
  if (written.endsWith("?")) {
    const item = parseType(written.slice(0, -1), declared, depth + 1);
    return "unknown" in item ? item : { kind: "optional", item };
  }
  const generic = /^(list|dict)\s*\[([\s\S]+)\]$/.exec(written);
  if (generic) {
    const item = parseType(generic[2] as string, declared, depth + 1);
    if ("unknown" in item) return item;
    return generic[1] === "list" ? { kind: "list", item } : { kind: "dict", value: item };
  }
  const unknown = /^([A-Za-z_]\w*)\s*\[/.exec(written);
  if (unknown) return { unknown: unknown[1] as string };
  if (written === "list") return { kind: "list", item: { kind: "any" } };
  if (written === "dict") return { kind: "dict", value: { kind: "any" } };
  if ((SCALARS as readonly string[]).includes(written)) return { kind: written as (typeof SCALARS)[number] };
  return declared.get(written) ?? { unknown: written };
}

/** Split `a: str, b: list[int] = 3` at the top level. */
export function parseFields(text: string): { name: string; type: string; typeStart: number; default: string | null }[] {
  const parts: { text: string; start: number }[] = [];
  let start = 0;
  let depth = 0;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (quote) quote = char === quote ? "" : quote;
    else if (char === "'" || char === '"') quote = char;
    else if ("[{(".includes(char)) depth += 1;
    else if ("]})".includes(char)) depth -= 1;
    if (char === "," && depth === 0 && !quote) {
      parts.push({ text: text.slice(start, at), start });
      start = at + 1;
    }
  }
  if (text.slice(start).trim()) parts.push({ text: text.slice(start), start });
  return parts.map(({ text: piece, start: from }) => {
    const colon = piece.indexOf(":");
    const equals = piece.indexOf("=", Math.max(0, colon));
    const head = equals < 0 ? piece : piece.slice(0, equals);
    return {
      name: (colon < 0 ? head : piece.slice(0, colon)).trim(),
      type: colon < 0 ? "any" : head.slice(colon + 1).trim(),
      typeStart: from + colon + 1,
      default: equals < 0 ? null : piece.slice(equals + 1).trim(),
    };
  });
}

export function spell(type: TypeSpec): string {
  switch (type.kind) {
    case "list":
      return `list[${spell(type.item)}]`;
    case "dict":
      return `dict[${spell(type.value)}]`;
    case "optional":
      return `${spell(type.item)}?`;
    case "record":
      return type.name;
    default:
      return type.kind;
  }
}

/** The value that a state has when no default is written. */
export function emptyValue(type: TypeSpec): Json {
  switch (type.kind) {
    case "str":
      return "";
    case "int":
    case "float":
      return 0;
    case "bool":
      return false;
    case "list":
      return [];
    case "dict":
      return {};
    default:
      return null;
  }
}

/** Read a default as written: text is text, everything else is JSON. */
export function readValue(type: TypeSpec, text: string): Json | undefined {
  if (type.kind === "str" || type.kind === "date") return text;
  if (type.kind === "optional") return text === "null" ? null : readValue(type.item, text);
  try {
    return JSON.parse(text) as Json;
  } catch {
    return type.kind === "any" ? text : undefined;
  }
}

const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

export function fits(type: TypeSpec, value: unknown): boolean {
  return !isDeep(value, 0) && matches(type, value);
}

function isDeep(value: unknown, depth: number): boolean {
  if (depth > DEPTH) return true;
  return (isList(value) ? value : isRecord(value) ? Object.values(value) : []).some((item) => isDeep(item, depth + 1));
}

function matches(type: TypeSpec, value: unknown): boolean {
  switch (type.kind) {
    case "str":
      return typeof value === "string";
    case "date":
      return typeof value === "string" && DATE.test(value);
    case "int":
      return Number.isSafeInteger(value);
    case "float":
      return isNumber(value);
    case "bool":
      return typeof value === "boolean";
    case "any":
      return true;
    case "optional":
      return value === null || matches(type.item, value);
    case "list":
      return isList(value) && value.every((item) => matches(type.item, item));
    case "dict":
      return isRecord(value) && Object.values(value).every((item) => matches(type.value, item));
    case "record":
      return (
        isRecord(value) &&
        Object.keys(value).every((key) => type.fields.some((field) => field.name === key)) &&
        type.fields.every((field) => (Object.hasOwn(value, field.name) ? matches(field.type, value[field.name]) : field.type.kind === "optional"))
      );
  }
}
