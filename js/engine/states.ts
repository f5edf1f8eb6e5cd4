// A panel's states as a handler sees them: only those that are declared, and with a record of what it changed.

import type { Json } from "../protocol/index.ts";
import { nearest } from "./nearest.ts";
import { json, plain, same } from "./plain.ts";
import { bare, create, keys, mapGet, mapHas, MapOf, mapSet, parse, ProxyOf, ReferenceErrorOf, StringOf, stringify, TypeErrorOf } from "./primordials.ts";

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
  const raw = create(null) as Record<string, Json>;
  const known = new MapOf<string, string>();
  const names = bare(keys(state));
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    raw[name] = state[name] as Json;
    // The engine's own, which is faster: no handler has run yet.
    mapSet(known, name, stringify(state[name]));
  }
  const check = (key: string | symbol): string => {
    if (typeof key === "string" && mapHas(known, key)) return key;
    const near = typeof key === "string" ? nearest(key, names) : null;
    throw new ReferenceErrorOf("The panel has no state '" + StringOf(key) + "'" + (near ? "; did you mean '" + near + "'?" : "."));
  };
  // Without a prototype: traps that are not there would be looked for there, and given the states themselves.
  const guarded = new ProxyOf(raw, bare<ProxyHandler<Record<string, Json>>>({
    get: (target, key) => (typeof key === "symbol" || key === "toJSON" ? undefined : target[check(key)]),
    set: (target, key, value) => { target[check(key)] = value as Json; return true; },
    deleteProperty: (_target, key) => { throw new TypeErrorOf("The state '" + StringOf(key) + "' cannot be deleted."); },
    defineProperty: () => { throw new TypeErrorOf("States are declared in the panel's text."); },
    setPrototypeOf: () => false,
  }));
  const changes = (): Record<string, Json> => {
    const found = create(null) as Record<string, Json>;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const value = plain(raw[name], "state." + name);
      if (!same(value, parse(mapGet(known, name) as string) as Json)) found[name] = value;
    }
    return found;
  };
  return { guarded, raw, known, changes };
}

/** Take over what others have changed, except where the handler itself has changed the same state. */
export function merge(values: Values, newer: Record<string, Json>): void {
  const names = keys(newer);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const text = mapGet(values.known, name);
    if (text === undefined || !same(plain(values.raw[name], "state." + name), parse(text) as Json)) continue;
    values.raw[name] = newer[name] as Json;
    mapSet(values.known, name, json(newer[name] as Json));
  }
}
