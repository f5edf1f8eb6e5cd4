// Which effects of a panel a change sets off: as on the server, worked out from the values before it and after it.

import type { Build, Json } from "../protocol/index.ts";
import { work } from "../reactor/drawing.ts";
import { same, truthy, type Value } from "../reactor/expression/index.ts";

type Values = Readonly<Record<string, Json>>;

/** The effects whose condition became true, or is true with another value, in the order of the text; with those values. */
export function setOff(build: Build, before: Values, after: Values): readonly { readonly name: string; readonly value: Value }[] {
  if (!build.effects.length) return [];
  const [old, now] = [conditions(build, before), conditions(build, after)];
  return build.effects.map(({ name }) => ({ name, value: now[name] ?? null })).filter(({ name, value }) => truthy(value) && !same(value, old[name] ?? null));
}

/** A condition depends on states and links, never on rows: nothing has to be asked for. */
function conditions(build: Build, state: Values): Readonly<Record<string, Value>> {
  return work(build, "effects", { state, pages: [], aggregates: [] }).values;
}
