// What may be written at a place of a text.

import { check } from "../check.ts";
import { DECLARATIONS } from "../checker/declarations.ts";
import type { RawAttribute, RawElement } from "../parser.ts";
import type { ComponentSpec, Registry } from "../registry.ts";
import { SECTIONS } from "../tree.ts";
import { type Cursor, locate, openHole } from "./cursor.ts";
import { states } from "./declared.ts";
import { loopNames, suggestInExpression } from "./expressions.ts";
import { componentOf, sectionOf, type Surroundings, wanted } from "./places.ts";
import type { Suggestion, Suggestions } from "./types.ts";
import { attributeDoc, DIRECTIVES, ELEMENTS } from "../words.ts";

/** Suggest what may be written at an offset; null where nothing is known to fit. */
export function suggest(text: string, at: number, registry: Registry): Suggestions | null {
  const cursor = locate(text, at);
  if (!cursor) return null;
  const around: Surroundings = { registry, build: check(text, registry), parents: cursor.parents };
  const { parents } = cursor;
  switch (cursor.kind) {
    case "tag":
      return { from: cursor.from, items: tags(around) };
    case "close": {
      const open = parents.at(-1);
      return open ? { from: cursor.from, items: [closing(open.name, text[at] === ">")] } : null;
    }
    case "attribute":
      return { from: cursor.from, items: attributes(around, cursor.element, cursor.attribute) };
    case "value":
      return inValue(around, cursor, text, at);
    case "code": {
      const member = /\bstate\s*\.\s*([A-Za-z_]\w*|)$/.exec(text.slice(cursor.from, at));
      return member ? { from: at - (member[1] as string).length, items: states(around.build) } : null;
    }
    case "text": {
      const before = text.slice(cursor.from, at);
      const hole = openHole(before);
      if (hole === null || sectionOf(parents) !== "view") return null;
      return suggestInExpression(before.slice(hole), cursor.from + hole, { build: around.build, locals: loopNames(parents) });
    }
  }
}

function inValue(around: Surroundings, { element, attribute }: Extract<Cursor, { kind: "value" }>, text: string, at: number): Suggestions | null {
  const before = text.slice(attribute.valueStart, at);
  const found = wanted(around, element, attribute, before);
  if (found?.kind === "words") return { from: attribute.valueStart, items: found.items };
  return found ? suggestInExpression(before.slice(found.start), attribute.valueStart + found.start, found.scope) : null;
}

function closing(name: string, ended: boolean): Suggestion {
  return { label: name, kind: "element", detail: "", doc: `Close <${name}>.`, insert: ended ? name : `${name}>` };
}

/** What may stand in the innermost element. */
function tags(around: Surroundings): Suggestion[] {
  const { registry, build, parents } = around;
  const parent = parents.at(-1);
  const words = (names: readonly string[]): Suggestion[] => names.map((label) => ({ label, kind: "element", detail: "", doc: ELEMENTS[label] ?? "" }));
  if (!parent) return words(["panel"]);
  if (parent.name === "panel") return words(SECTIONS);
  const section = sectionOf(parents);
  if (section === "data" || section === "logic") return parent.name === section ? words(Object.keys(DECLARATIONS[section])) : [];
  if (section === "doc") return [];
  const inside = componentOf(around, parent.name)?.content ?? "elements";
  if (inside === "text" || inside === "none") return [];
  const fits = ({ name, within }: ComponentSpec): boolean => (inside === "elements" ? !within || within.includes(parent.name) : inside.includes(name));
  const packed = build.packs.flatMap(({ prefix, pack }) => Object.entries(registry.packs[pack]?.components ?? {}).map(([name, spec]) => [`${prefix}:${name}`, spec] as const));
  return [...Object.entries(registry.components), ...packed].filter(([, spec]) => fits(spec)).map(([label, { category, doc }]) => ({ label, kind: "element", detail: category, doc }));
}

/** Attributes that an element may have and has not; the one at the cursor counts as not there. */
function attributes(around: Surroundings, element: RawElement, current: RawAttribute | null): Suggestion[] {
  const taken = new Set(element.attributes.filter((item) => item !== current).map((item) => item.name));
  const spec = componentOf(around, element.name);
  const all = spec && sectionOf(around.parents) === "view" ? componentAttributes(spec) : declaredAttributes(around, element.name);
  const bare = current !== null && current.value !== null;
  return all.filter(({ label }) => !taken.has(label)).map((item) => (bare || item.label === "else" ? item : { ...item, insert: `${item.label}=""`, caret: item.label.length + 2 }));
}

function componentAttributes({ props, events }: ComponentSpec): Suggestion[] {
  const entries = Object.entries(props);
  return [
    ...entries.map(([label, { type, doc, oneOf }]): Suggestion => ({ label, kind: "attribute", detail: oneOf ? oneOf.join(" | ") : type, doc })),
    ...Object.entries(events).map(([name, doc]): Suggestion => ({ label: `on:${name}`, kind: "event", detail: "event", doc: `$event holds ${doc}.` })),
    ...entries.filter(([, prop]) => prop.bindable).map(([name, { type, doc }]): Suggestion => ({ label: `bind:${name}`, kind: "attribute", detail: type, doc: `${doc} Follows a state, and sets it.` })),
    ...Object.entries(DIRECTIVES).map(([label, doc]): Suggestion => ({ label, kind: "attribute", detail: "", doc })),
  ];
}

function declaredAttributes({ parents }: Surroundings, tag: string): Suggestion[] {
  const section = sectionOf(parents);
  const names = !parents.length && tag === "panel" ? ["id", "title"] : section === "data" || section === "logic" ? (DECLARATIONS[section][tag] ?? []) : [];
  return names.map((name) => name.replace("!", "")).map((label) => ({ label, kind: "attribute", detail: "", doc: attributeDoc(tag, label) ?? "" }));
}
