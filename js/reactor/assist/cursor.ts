// Where in a text a cursor is. The text is being written, so most of the time it has errors.

import { parse, RAW_TEXT, type RawAttribute, type RawElement, type RawNode } from "../parser.ts";
import { Source } from "../source.ts";

interface Inside {
  /** The open elements around, outermost first. */
  readonly parents: readonly RawElement[];
}

export type Cursor = Inside & (
  | { readonly kind: "tag"; readonly from: number; readonly element: RawElement | null }
  | { readonly kind: "close"; readonly from: number }
  | { readonly kind: "attribute"; readonly from: number; readonly element: RawElement; readonly attribute: RawAttribute | null }
  | { readonly kind: "value"; readonly element: RawElement; readonly attribute: RawAttribute }
  | { readonly kind: "code"; readonly from: number }
  | { readonly kind: "text"; readonly from: number }
);

/** Find where a cursor is; null where nothing can be said (after a value's quote, in a comment). */
export function locate(text: string, at: number): Cursor | null {
  const roots = parse(new Source(text));
  const chain = elementsAround(roots, at);
  const last = chain.at(-1);
  if (last && inOpeningTag(text, last, at)) return inTag(text, last, chain.slice(0, -1), at);
  const written = /<(\/?)([\w:.-]*)$/.exec(text.slice(0, at));
  const raw = last && RAW_TEXT.has(last.name);
  if (written?.[1]) return { kind: "close", from: at - (written[2] as string).length, parents: chain };
  if (raw) return { kind: "code", from: last.openEnd, parents: chain };
  if (written) return { kind: "tag", from: at - (written[2] as string).length, element: null, parents: chain };
  const run = (last?.children ?? roots).find((node) => node.kind === "text" && node.start <= at && at <= node.end);
  return run ? { kind: "text", from: run.start, parents: chain } : null;
}

function elementsAround(roots: readonly RawNode[], at: number): RawElement[] {
  const chain: RawElement[] = [];
  for (let level = roots; ;) {
    const next = level.find((node): node is RawElement => node.kind === "element" && node.start < at && (at < node.end || (at === node.end && !node.closed)));
    if (!next) return chain;
    chain.push(next);
    level = next.children;
  }
}

function inOpeningTag(text: string, element: RawElement, at: number): boolean {
  return at < element.openEnd || (at === element.openEnd && text[at - 1] !== ">");
}

function inTag(text: string, element: RawElement, parents: readonly RawElement[], at: number): Cursor | null {
  if (at <= element.nameEnd) return { kind: "tag", from: element.nameStart, element, parents };
  for (const attribute of element.attributes) {
    if (attribute.value !== null && attribute.valueStart <= at && at <= attribute.valueEnd) return { kind: "value", element, attribute, parents };
    if (attribute.start <= at && at <= attribute.nameEnd) return { kind: "attribute", from: attribute.start, element, attribute, parents };
  }
  return /\s/.test(text[at - 1] ?? "") ? { kind: "attribute", from: at, element, attribute: null, parents } : null;
}

/** Where the hole starts that is open at the end of a text, its brace not included; null in plain text. */
export function openHole(text: string): number | null {
  const open: number[] = [];
  let quote = "";
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (quote) quote = char === quote ? "" : quote;
    else if (!open.length && (char === "{" || char === "}") && text[i + 1] === char) i += 1;
    else if (char === "{") open.push(i + 1);
    else if (open.length && char === "}") open.pop();
    else if (open.length && (char === "'" || char === '"')) quote = char;
  }
  return open[0] ?? null;
}
