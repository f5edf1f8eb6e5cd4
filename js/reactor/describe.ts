// The language as data, from the very tables that the checker uses: for the reference and for models.

import { CATALOGUE } from "./catalogue.ts";
import { DECLARATIONS } from "./checker/declarations.ts";
import { CAPABILITIES } from "./checker/logic.ts";
import { SQL_FUNCTIONS } from "./checker/queries.ts";
import { FUNCTIONS } from "./expression/index.ts";
import { LIMITS } from "./parser.ts";
import type { ComponentSpec, Registry } from "./registry.ts";
import { NAME_RULE } from "./tree.ts";
import { SCALARS, TYPE_FORMS } from "./types.ts";
import { DIRECTIVES, ELEMENTS } from "./words.ts";

export function describe(registry: Registry): object {
  const component = ({ name, category, doc, props, events, slots = {}, content, within = [], example }: ComponentSpec): object => ({ name, category, doc, props, events, slots, content, within, example });
  return {
    components: Object.values(registry.components).map(component),
    packs: Object.entries(registry.packs).map(([name, { doc, components }]) => ({ name, doc, components: Object.values(components).map(component) })),
    functions: Object.entries(FUNCTIONS).map(([name, { doc, arity, returns }]) => ({ name, doc, least: arity[0], most: arity[1], returns, sql: SQL_FUNCTIONS.has(name) })),
    diagnostics: Object.entries(CATALOGUE).map(([code, [severity, title]]) => ({ code, severity, title })),
    declarations: DECLARATIONS, meanings: ELEMENTS, directives: DIRECTIVES, capabilities: CAPABILITIES, types: SCALARS, typeForms: TYPE_FORMS, limits: LIMITS, nameRule: NAME_RULE,
  };
}
