// Values that come as text are new objects, even where nothing has changed in them.

import { isList, isRecord, type Value } from "../reactor/expression/index.ts";

/** A value with those parts of an older one that are equal: what compares by identity then sees what has changed. */
export function shared(before: Value, now: Value): Value {
  if (before === now) return before;
  if (isList(before) && isList(now)) {
    const items = now.map((item, i) => (i < before.length ? shared(before[i] as Value, item) : item));
    return items.length === before.length && items.every((item, i) => item === before[i]) ? before : items;
  }
  if (!isRecord(before) || !isRecord(now)) return now;
  const keys = Object.keys(now);
  const entries = keys.map((key) => [key, Object.hasOwn(before, key) ? shared(before[key] as Value, now[key] as Value) : (now[key] as Value)] as const);
  const same = keys.length === Object.keys(before).length && entries.every(([key, value]) => Object.hasOwn(before, key) && value === before[key]);
  return same ? before : Object.fromEntries(entries);
}
