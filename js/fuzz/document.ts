// A text as elements that can be moved about and written again, well-formed or not.

import { parse, type RawNode } from "../reactor/parser.ts";
import { Source } from "../reactor/source.ts";

export interface Attribute {
  name: string;
  /** As written in the quotes; null when there is no value. */
  value: string | null;
  quote: string;
}

export interface Element {
  kind: "element";
  name: string;
  attributes: Attribute[];
  children: Item[];
  /** How the element ends; `none` leaves it open. */
  ending: "tag" | "slash" | "none";
}

export interface Text {
  kind: "text";
  text: string;
}

export type Item = Element | Text;

export function read(text: string): Item[] {
  const source = new Source(text);
  return parse(source).map((node) => item(node, text));
}

function item(node: RawNode, text: string): Item {
  if (node.kind === "text") return { kind: "text", text: text.slice(node.start, node.end) };
  const attributes = node.attributes.map(({ name, value, valueStart, valueEnd }) => ({ name, value: value === null ? null : text.slice(valueStart, valueEnd), quote: text[valueStart - 1] === "'" ? "'" : '"' }));
  const ending = !node.closed ? "none" : text.slice(node.openEnd - 2, node.openEnd) === "/>" ? "slash" : "tag";
  return { kind: "element", name: node.name, attributes, children: node.children.map((child) => item(child, text)), ending };
}

export function write(items: readonly Item[]): string {
  let text = "";
  for (const one of items) {
    if (one.kind === "text") {
      text += one.text;
      continue;
    }
    text += `<${one.name}`;
    for (const { name, value, quote } of one.attributes) text += value === null ? ` ${name}` : ` ${name}=${quote}${value}${quote}`;
    text += one.ending === "slash" && !one.children.length ? "/>" : `>${write(one.children)}${one.ending === "none" ? "" : `</${one.name}>`}`;
  }
  return text;
}

export function copy<T extends Item>(one: T): T {
  return structuredClone(one);
}

/** All elements with the list that each stands in. */
export function* everyElement(items: Item[]): Generator<{ readonly element: Element; readonly siblings: Item[] }> {
  for (const one of items) {
    if (one.kind !== "element") continue;
    yield { element: one, siblings: items };
    yield* everyElement(one.children);
  }
}
