// A panel's states as a handler sees them: only those that are declared, and with a record of what it changed.

import { nearest } from "../reactor/source.ts";
import type { Json } from "../protocol/index.ts";
import { plain } from "./plain.ts";

const { stringify } = JSON;

export interface Values {
  /** What the handler is given. */
  readonly guarded: object;
  readonly raw: Record<string, Json>;
  /** The values as the host knows them, as JSON text. */
  readonly known: Map<string, string>;
  /** Values of states that differ from what the host knows. */
  changes(): Record<string, Json>;
}

export function guard(state: Record<string, Json>): Values {
  const raw = Object.assign(Object.create(null) as Record<string, Json>, state);
  const known = new Map(Object.entries(state).map(([name, value]) => [name, stringify(value)]));
  const names = [...known.keys()];
  const check = (key: string | symbol): string => {
    if (typeof key === "string" && known.has(key)) return key;
    const near = typeof key === "string" ? nearest(key, names) : null;
    throw new ReferenceError(`The panel has no state '${String(key)}'${near ? `; did you mean '${near}'?` : "."}`);
  };
  const guarded = new Proxy(raw, {
    get: (target, key) => (typeof key === "symbol" || key === "toJSON" ? undefined : target[check(key)]),
    set: (target, key, value) => { target[check(key)] = value as Json; return true; },
    deleteProperty: (_target, key) => { throw new TypeError(`The state '${String(key)}' cannot be deleted.`); },
    defineProperty: () => { throw new TypeError("States are declared in the panel's text."); },
    setPrototypeOf: () => false,
  });
  const changes = (): Record<string, Json> => {
    const found: Record<string, Json> = {};
    for (const name of names) {
      const value = plain(raw[name], `state.${name}`);
      if (stringify(value) !== known.get(name)) found[name] = value;
    }
    return found;
  };
  return { guarded, raw, known, changes };
}

/** Take over what others have changed, except where the handler itself has changed the same state. */
export function merge(values: Values, newer: Record<string, Json>): void {
  for (const [name, value] of Object.entries(newer)) {
    if (!values.known.has(name) || stringify(plain(values.raw[name], `state.${name}`)) !== values.known.get(name)) continue;
    values.raw[name] = value;
    values.known.set(name, stringify(value));
  }
}
