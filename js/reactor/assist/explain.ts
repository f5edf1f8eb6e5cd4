// What a word of a text means.

import { check } from "../check.ts";
import { DECLARATIONS } from "../checker/declarations.ts";
import type { ComponentSpec, PropSpec, Registry } from "../registry.ts";
import { type Cursor, locate, openHole } from "./cursor.ts";
import { states } from "./declared.ts";
import { findName, loopNames, type Scope } from "./expressions.ts";
import { componentOf, sectionOf, type Surroundings, wanted } from "./places.ts";
import type { Explanation, Suggestion } from "./types.ts";
import { attributeDoc, DIRECTIVES, ELEMENTS } from "../words.ts";

type Words = Pick<Explanation, "title" | "doc"> & Partial<Explanation>;

/** Explain the word that the character at an offset belongs to; null where there is nothing to say. */
export function explain(text: string, at: number, registry: Registry): Explanation | null {
  const cursor = locate(text, at + 1);
  if (!cursor) return null;
  const around: Surroundings = { registry, build: check(text, registry), parents: cursor.parents };
  const [from, to] = extent(text, at, cursor);
  const words = from <= at && at < to ? meaning(around, cursor, text, from, to) : null;
  return words && { from, to, details: [], example: "", ...words };
}

/** The range of the word: a tag with its <; it and an attribute's name may hold more than letters. */
function extent(text: string, at: number, cursor: Cursor): readonly [number, number] {
  if (cursor.kind === "tag") return [cursor.from - 1, cursor.element?.nameEnd ?? cursor.from];
  if (cursor.kind === "attribute") return [cursor.from, cursor.attribute?.nameEnd ?? cursor.from];
  const before = text.slice(0, at).search(/[\w$]*$/);
  const after = text.slice(at).search(/[^\w$]|$/);
  return [before, at + after];
}

function meaning(around: Surroundings, cursor: Cursor, text: string, from: number, to: number): Words | null {
  const word = text.slice(from, to);
  const { build, parents } = around;
  switch (cursor.kind) {
    case "tag":
      return cursor.element && tag(around, cursor.element.name);
    case "attribute":
      return attribute(around, cursor.element.name, word);
    case "value": {
      const { attribute: given, element } = cursor;
      const found = wanted(around, element, given, text.slice(given.valueStart, from));
      if (found?.kind === "words") return named(found.items.find((item) => item.label === text.slice(given.valueStart, given.valueEnd) || item.label === word));
      return found && inExpression(word, text.slice(given.valueStart + found.start, from), found.scope);
    }
    case "code":
      return /\bstate\s*\.\s*$/.test(text.slice(cursor.from, from)) ? named(states(build).find((item) => item.label === word)) : null;
    case "text": {
      const hole = openHole(text.slice(cursor.from, from));
      return hole === null ? null : inExpression(word, text.slice(cursor.from + hole, from), { build, locals: loopNames(parents) });
    }
    case "close":
      return null;
  }
}

function inExpression(word: string, ahead: string, scope: Scope): Words | null {
  return named(findName(word, ahead, scope));
}

function named(item: Suggestion | undefined): Words | null {
  if (!item) return null;
  const title = item.kind === "action" ? `${item.label}${item.detail}` : item.detail && item.kind !== "computed" ? `${item.label}: ${item.detail}` : item.label;
  return { title, doc: item.doc };
}

function tag(around: Surroundings, name: string): Words | null {
  const section = sectionOf(around.parents);
  const spec = section === "view" ? componentOf(around, name) : undefined;
  if (spec) return { title: `<${name}>`, doc: spec.doc, details: componentDetails(spec), example: spec.example };
  const doc = ELEMENTS[name];
  if (!doc) return null;
  const written = section === "data" || section === "logic" ? DECLARATIONS[section][name] : undefined;
  return { title: `<${name}>`, doc, details: written ? [`Attributes: ${written.map((item) => item.replace("!", "")).join(", ")}.`] : [] };
}

function componentDetails({ props, events, slots = {} }: ComponentSpec): string[] {
  const listed = (what: string, names: readonly string[]): string[] => (names.length ? [`${what}: ${names.join(", ")}.`] : []);
  return [...listed("Attributes", Object.keys(props)), ...listed("Events", Object.keys(events).map((name) => `on:${name}`)), ...listed("Slots", Object.keys(slots))];
}

function attribute(around: Surroundings, element: string, name: string): Words | null {
  const spec = sectionOf(around.parents) === "view" ? componentOf(around, element) : undefined;
  if (!spec) return documented(name, attributeDoc(element, name));
  const [head, rest] = name.split(":");
  if (head === "on" && rest !== undefined && spec.events[rest]) return { title: name, doc: `Runs an action. $event holds ${spec.events[rest]}.` };
  if (head === "bind" && rest !== undefined && spec.props[rest]) return { title: name, doc: `${spec.props[rest].doc} Follows a state, and sets it.` };
  const prop = spec.props[name];
  return prop ? { title: `${name}: ${prop.type}`, doc: prop.doc, details: propDetails(prop) } : documented(name, DIRECTIVES[name]);
}

function documented(title: string, doc: string | undefined): Words | null {
  return doc === undefined ? null : { title, doc };
}

function propDetails({ oneOf, required, bindable }: PropSpec): string[] {
  return [...(oneOf ? [`One of ${oneOf.join(", ")}.`] : []), ...(required ? ["It must be given."] : []), ...(bindable ? ["It may be bound to a state."] : [])];
}
