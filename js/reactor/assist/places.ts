// What may stand in an attribute's value.

import type { Build } from "../../protocol/index.ts";
import { CAPABILITIES } from "../checker/logic.ts";
import type { RawAttribute, RawElement } from "../parser.ts";
import type { ComponentSpec, Registry } from "../registry.ts";
import { table } from "../table.ts";
import { attribute, type SectionName, SECTIONS } from "../tree.ts";
import { SCALARS } from "../types.ts";
import { openHole } from "./cursor.ts";
import { actions, columns, rows, states } from "./declared.ts";
import { loopNames, type Scope } from "./expressions.ts";
import type { Suggestion } from "./types.ts";
import { CAPABILITY_DOCS, CHOICES } from "../words.ts";

/** A value is an expression from some character on, one of some words, or free text. */
export type Wanted =
  | { readonly kind: "expression"; readonly start: number; readonly scope: Scope }
  | { readonly kind: "words"; readonly items: readonly Suggestion[] }
  | null;

/** Attributes of declarations that are expressions. */
const EXPRESSIONS = table<true>({ "computed expr": true, "export expr": true, "resource expr": true, "effect on": true, "query where": true, "query group": true, "query agg": true, "query order": true });
/** Attributes that are expressions wherever they stand. */
const WHOLE = table<true>({ if: true, key: true });

export interface Surroundings {
  readonly registry: Registry;
  readonly build: Build;
  readonly parents: readonly RawElement[];
}

/** The section that an element stands in; a text that is only a part of a panel is taken for a view. */
export function sectionOf(parents: readonly RawElement[]): SectionName {
  return SECTIONS.find((name) => parents.some((element) => element.name === name)) ?? "view";
}

/** A component by its tag, of the core or of a pack that the panel brings in. */
export function componentOf({ registry, build }: Surroundings, tag: string): ComponentSpec | undefined {
  const own = (components: Readonly<Record<string, ComponentSpec>> | undefined, name: string) => (components && Object.hasOwn(components, name) ? components[name] : undefined);
  const [prefix, name] = tag.split(":");
  if (name === undefined) return own(registry.components, tag);
  const pack = build.packs.find((used) => used.prefix === prefix)?.pack;
  return pack === undefined ? undefined : own(registry.packs[pack]?.components, name);
}

/** What is wanted at the end of `before`, the part of a value that is written before the cursor. */
export function wanted(around: Surroundings, element: RawElement, { name }: RawAttribute, before: string): Wanted {
  const { build, parents } = around;
  if (sectionOf(parents) !== "view") return declared(around, element, name, before);
  const locals = loopNames([...parents, ...(name === "for" ? [] : [element])]);
  const expression = (start: number): Wanted => ({ kind: "expression", start, scope: { build, locals } });
  if (name.startsWith("on:")) return invocation(build, before, [...locals, { name: "$event", doc: componentOf(around, element.name)?.events[name.slice(3)] ?? "" }]);
  if (name.startsWith("bind:")) return { kind: "words", items: states(build) };
  if (name === "for") {
    const head = /^\s*[A-Za-z_]\w*\s+in\s/.exec(before);
    return head ? expression(head[0].length) : null;
  }
  if (name === "slot") return words(componentOf(around, parents.at(-1)?.name ?? "")?.slots ?? {});
  const hole = openHole(before);
  if (hole !== null) return expression(hole);
  if (WHOLE[name]) return expression(0);
  const prop = componentOf(around, element.name)?.props[name];
  if (!prop) return null;
  if (prop.oneOf) return words(Object.fromEntries(prop.oneOf.map((word) => [word, prop.doc])));
  switch (prop.type) {
    case "frame":
      return { kind: "words", items: rows(build) };
    case "column": {
      const data = attribute(element, "data")?.value;
      return data ? { kind: "words", items: columns(build, data) } : null;
    }
    case "str":
    case "url":
    case "date":
      return null;
    case "bool":
      return before.trim() ? expression(0) : words({ true: prop.doc, false: prop.doc });
    default:
      return expression(0);
  }
}

function declared({ build }: Surroundings, element: RawElement, name: string, before: string): Wanted {
  const key = `${element.name} ${name}`;
  const frame = attribute(element, "frame")?.value;
  const choices = CHOICES[key];
  if (choices) return words(choices);
  if (EXPRESSIONS[key]) {
    const row = element.name === "query" ? [{ name: "row", doc: `A row of ${frame ?? "the frame"}.` }] : [];
    return { kind: "expression", start: 0, scope: { build, locals: row, ...(frame && { frame }) } };
  }
  switch (key) {
    case "lifecycle run":
      return invocation(build, before, []);
    case "query frame":
      return { kind: "words", items: rows(build) };
    case "query distinct":
      return { kind: "words", items: columns(build, frame ?? "") };
    case "tool action":
    case "export action":
      return { kind: "words", items: actions(build) };
    case "tool set":
      return { kind: "words", items: states(build) };
    case "state type":
      return words(Object.fromEntries([...SCALARS, "list", "dict"].map((word) => [word, "A type."])));
    case "uses cap":
      return words(Object.fromEntries(CAPABILITIES.map((cap) => [cap, CAPABILITY_DOCS[cap] ?? ""])));
    default:
      return null;
  }
}

/** `name(arguments)`: first an action, then expressions. */
function invocation(build: Build, before: string, locals: Scope["locals"]): Wanted {
  const open = before.indexOf("(");
  if (open >= 0) return { kind: "expression", start: open + 1, scope: { build, locals } };
  return { kind: "words", items: actions(build).map((item) => ({ ...item, insert: `${item.label}()`, caret: item.label.length + (item.detail === "()" ? 2 : 1) })) };
}

function words(docs: Readonly<Record<string, string>>): Wanted {
  return { kind: "words", items: Object.entries(docs).map(([label, doc]) => ({ label, kind: "value", detail: "", doc })) };
}
