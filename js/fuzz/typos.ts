// Valid panels with one slip of the fingers each, and whether the project's own fixes take it back.

import { registry } from "../components/index.ts";
import { check, fix, format } from "../reactor/index.ts";
import { FUNCTIONS } from "../reactor/expression/index.ts";
import { parse, type RawElement, type RawNode } from "../reactor/parser.ts";
import { Source } from "../reactor/source.ts";
import { SCALARS } from "../reactor/types.ts";
import { Random } from "./random.ts";

export const KINDS = ["component", "attribute", "event", "state", "function", "column", "action", "type", "tag", "punctuation"] as const;
export type Kind = (typeof KINDS)[number];

export interface Typo {
  readonly kind: Kind;
  /** What was done to which word. */
  readonly slip: string;
  readonly panel: string;
  readonly broken: string;
}

interface Site {
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
}

/** As many typos of each kind as asked for, if there are so many; each is one that the checker does not take for right. */
export function typos(panels: readonly string[], seed: number, perKind: number): Typo[] {
  const random = new Random(seed);
  const clean = panels.filter((panel) => isClean(panel));
  return KINDS.flatMap((kind) => {
    const places = clean.flatMap((panel) => sites(panel).filter((site) => site.kind === kind).map((site) => ({ panel, site })));
    const found = new Map<string, Typo>();
    for (let tries = 0; tries < perKind * 40 && found.size < perKind && places.length; tries += 1) {
      const { panel, site } = random.pick(places);
      const word = panel.slice(site.start, site.end);
      const [name, written] = kind === "punctuation" ? ["missing", ""] : slip(word, random);
      const broken = panel.slice(0, site.start) + written + panel.slice(site.end);
      if (written !== word && !isClean(broken)) found.set(broken, { kind, slip: `${name}: ${word.trim()} -> ${written}`, panel, broken });
    }
    return [...found.values()];
  });
}

/** Whether the fixes lead back to the panel that was meant. */
export function isFixed({ panel, broken }: Typo): boolean {
  const fixed = fix(broken, registry);
  return isClean(fixed) && format(fixed, registry) === format(panel, registry);
}

function isClean(text: string): boolean {
  return check(text, registry).diagnostics.every((item) => item.severity === "hint");
}

const KEYS = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/** The keys beside, above and below one. */
function neighbours(letter: string): string[] {
  const row = KEYS.findIndex((keys) => keys.includes(letter));
  const at = KEYS[row]?.indexOf(letter) ?? -1;
  const near = [[row, at - 1], [row, at + 1], [row - 1, at], [row - 1, at + 1], [row + 1, at - 1], [row + 1, at]] as const;
  return at < 0 ? [] : near.flatMap(([r, c]) => KEYS[r]?.[c] ?? []);
}

type Slip = (word: string, at: number, random: Random) => string;
const SLIPS: Readonly<Record<string, Slip>> = {
  dropped: (word, at) => word.slice(0, at) + word.slice(at + 1),
  doubled: (word, at) => word.slice(0, at + 1) + word.slice(at),
  swapped: (word, at) => (at + 1 < word.length ? word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2) : word),
  "beside it": (word, at, random) => word.slice(0, at) + (random.pick(neighbours(word[at]?.toLowerCase() ?? "")) ?? word[at]) + word.slice(at + 1),
  "wrong case": (word, _, random) => random.pick([word.toUpperCase(), word.toLowerCase(), word.slice(0, 1).toUpperCase() + word.slice(1)]),
  "singular or plural": (word) => (word.endsWith("s") ? word.slice(0, -1) : `${word}s`),
};

/** A word as someone in a hurry writes it; never an empty one. */
function slip(word: string, random: Random): [string, string] {
  const name = random.pick(Object.keys(SLIPS));
  return [name, (SLIPS[name] as Slip)(word, random.below(word.length), random) || word];
}

/** Where in a panel a slip can happen. */
function sites(text: string): Site[] {
  const build = check(text, registry);
  const names = new Set([...build.state, ...build.computed, ...build.queries, ...build.frames].map((item) => item.name));
  const columns = new Set(build.frames.flatMap((frame) => frame.columns.map((column) => column.name)));
  const actions = new Set(build.actions.map((action) => action.name));
  const types = new Set<string>([...SCALARS, "list", "dict", ...text.matchAll(/<type name="(\w+)"/g)].map((item) => (typeof item === "string" ? item : (item[1] as string))));
  const found: Site[] = [];

  const words = (start: number, end: number, attribute: string): void => {
    for (const match of text.slice(start, end).matchAll(/[A-Za-z_]\w*/g)) {
      const at = start + match.index;
      const site = (kind: Kind): void => void found.push({ kind, start: at, end: at + match[0].length });
      const before = text.slice(0, at).trimEnd();
      if (["type", "fields", "params", "columns"].includes(attribute)) {
        if (/^\s*:/.test(text.slice(at + match[0].length))) {
          if (attribute === "columns") site("column");
        } else if (types.has(match[0])) site("type");
      } else if (before.endsWith("row.") || (columns.has(match[0]) && !names.has(match[0]))) site("column");
      else if (before.endsWith("|") || (/^\s*\(/.test(text.slice(at + match[0].length)) && Object.hasOwn(FUNCTIONS, match[0]) && !before.endsWith("."))) site("function");
      else if (actions.has(match[0]) && attribute !== "") site("action");
      else if (names.has(match[0]) && (!/['".]$/.test(text[at - 1] ?? "") || before.endsWith("state.") || text[at - 1] === '"')) site("state");
    }
    for (const match of text.slice(start, end).matchAll(/[{}()[\]]/g)) found.push({ kind: "punctuation", start: start + match.index, end: start + match.index + 1 });
  };

  const visit = (node: RawNode, inView: boolean): void => {
    if (node.kind === "text") return words(node.start, node.end, "");
    found.push({ kind: inView ? "component" : "tag", start: node.nameStart, end: node.nameEnd });
    for (const item of node.attributes) {
      if (item.name.startsWith("on:")) found.push({ kind: "event", start: item.start, end: item.nameEnd });
      else if (!item.name.startsWith("xmlns")) found.push({ kind: "attribute", start: item.start, end: item.nameEnd });
      if (item.value === null) continue;
      words(item.valueStart, item.valueEnd, item.name);
      found.push({ kind: "punctuation", start: item.valueStart - 1, end: item.valueStart }, { kind: "punctuation", start: item.valueEnd, end: item.valueEnd + 1 });
    }
    for (const child of node.children) visit(child, inView || node.name === "view");
    found.push(...tagEnds(node, text));
  };
  for (const root of parse(new Source(text))) visit(root, false);
  return found;
}

/** The name of a closing tag, and the characters that end tags. */
function tagEnds(node: RawElement, text: string): Site[] {
  const close = text.lastIndexOf(`</${node.name}`, node.end);
  const punctuation = (start: number, end: number): Site => ({ kind: "punctuation", start, end });
  if (close < node.openEnd) return [punctuation(node.end - 2, node.end - 1), punctuation(node.end - 1, node.end)];
  return [{ kind: "tag", start: close + 2, end: close + 2 + node.name.length }, punctuation(close, node.end), punctuation(close + 1, close + 2), punctuation(node.openEnd - 1, node.openEnd), punctuation(node.end - 1, node.end)];
}
