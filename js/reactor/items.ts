// Fields of the items of a list that a control is bound to: read, written, and of which type.

import type { Json, StatePlace, TypeSpec } from "../protocol/index.ts";
import { isList, isRecord, same, type Value } from "./expression/index.ts";

/** A field of an item, or of a record in it; null where there is none. */
export function partOf(item: Value, path: readonly string[]): Value {
  let found: Value = item;
  for (const name of path) found = isRecord(found) && Object.hasOwn(found, name) ? (found[name] ?? null) : null;
  return found;
}

/** The list with one field of one item changed; null when the item is not there (any more). */
export function withPart(list: Value, { index, key, equals, path }: StatePlace, value: Json): Json | null {
  if (!isList(list)) return null;
  const at = key === null ? index : list.findIndex((item) => same(partOf(item, key), equals as Value));
  const item = list[at];
  const changed = item === undefined ? null : changedPart(item, path, value);
  return changed === null ? null : (list.map((other, i) => (i === at ? changed : other)) as Json);
}

function changedPart(item: Value, path: readonly string[], value: Json): Json | null {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (!isRecord(item)) return null;
  const inner = changedPart(Object.hasOwn(item, name) ? (item[name] ?? null) : null, rest, value);
  return inner === null && rest.length ? null : ({ ...item, [name]: inner } as Json);
}

/** The type of a field of a list's items; null where the type has no such field, `any` where it does not say. */
export function typeOfPart(list: TypeSpec, path: readonly string[]): TypeSpec | null {
  const plain = (type: TypeSpec): TypeSpec => (type.kind === "optional" ? type.item : type);
  const whole = plain(list);
  let type: TypeSpec = whole.kind === "list" ? whole.item : { kind: "any" };
  for (const name of path) {
    const inner = plain(type);
    if (inner.kind === "any") return inner;
    if (inner.kind === "dict") type = inner.value;
    else if (inner.kind === "record") {
      const field = inner.fields.find((one) => one.name === name);
      if (!field) return null;
      type = field.type;
    } else return null;
  }
  return type;
}
