// Damaged panels: edits of the tree most of the time, since edits of the text seldom get past the parser.

import { ATTRIBUTES, ENTITIES, EXPRESSIONS, MARKUP, TAGS, VALUES } from "./dictionary.ts";
import { type Attribute, copy, type Element, everyElement, type Item, read, write } from "./document.ts";
import type { Random } from "./random.ts";

/** Longer texts are cut: edits that duplicate would otherwise grow them without end. */
const LONGEST = 30_000;

/** A panel made of those of the corpus; the same for the same random numbers. */
export function mutated(corpus: readonly string[], random: Random): string {
  const items = read(random.pick(corpus));
  for (let edits = 1 + random.below(5); edits > 0; edits -= 1) random.pick(TREE_EDITS)(items, random, corpus);
  let text = write(items).slice(0, LONGEST);
  if (random.oneIn(3)) for (let edits = 1 + random.below(3); edits > 0; edits -= 1) text = random.pick(TEXT_EDITS)(text, random);
  return text.slice(0, LONGEST);
}

type TreeEdit = (items: Item[], random: Random, corpus: readonly string[]) => void;
type TextEdit = (text: string, random: Random) => string;

function anyElement(items: Item[], random: Random): { element: Element; siblings: Item[] } | undefined {
  return random.pick([...everyElement(items)]);
}

/** An edit of one element, if there is any. */
function ofElement(edit: (element: Element, siblings: Item[], random: Random, items: Item[]) => void): TreeEdit {
  return (items, random) => {
    const found = anyElement(items, random);
    if (found) edit(found.element, found.siblings, random, items);
  };
}

/** An edit of one attribute, if there is any. */
function ofAttribute(edit: (attribute: Attribute, element: Element, random: Random) => void): TreeEdit {
  return ofElement((element, _, random) => {
    const attribute = random.pick(element.attributes);
    if (attribute) edit(attribute, element, random);
  });
}

function insert<T>(list: T[], random: Random, one: T): void {
  list.splice(random.below(list.length + 1), 0, one);
}

function newValue(random: Random): string {
  if (random.oneIn(3)) return random.pick(VALUES);
  const expression = random.pick(EXPRESSIONS);
  return random.oneIn(2) ? `{${expression}}` : expression;
}

function noise(random: Random): string {
  const from = random.pick([0x20, 0x80, 0x300, 0x2000, 0xd800, 0xfff0, 0x1f600]);
  return Array.from({ length: 1 + random.below(8) }, () => String.fromCodePoint(from + random.below(96))).join("");
}

const TREE_EDITS: readonly TreeEdit[] = [
  ofElement((element, siblings) => void siblings.splice(siblings.indexOf(element), 1)),
  ofElement((element, siblings, random) => insert(siblings, random, copy(element))),
  ofElement((element, siblings, random) => {
    const [at, other] = [siblings.indexOf(element), random.below(siblings.length)];
    [siblings[at], siblings[other]] = [siblings[other] as Item, siblings[at] as Item];
  }),
  // Cut out before the place is chosen: an element must not come to stand in itself.
  ofElement((element, siblings, random, items) => {
    siblings.splice(siblings.indexOf(element), 1);
    insert(anyElement(items, random)?.element.children ?? items, random, element);
  }),
  (items, random, corpus) => {
    const other = anyElement(read(random.pick(corpus)), random);
    if (other) insert(anyElement(items, random)?.element.children ?? items, random, other.element);
  },
  ofElement((element, siblings) => void siblings.splice(siblings.indexOf(element), 1, ...element.children)),
  ofElement((element, siblings, random) => {
    const at = siblings.indexOf(element);
    let inner: Item = element;
    for (let depth = random.pick([1, 3, 20, 70, 200]); depth > 0; depth -= 1) inner = { kind: "element", name: element.name, attributes: [], children: [inner], ending: "tag" };
    siblings[at] = inner;
  }),
  ofElement((element, siblings, random) => {
    const times = random.pick([2, 5, 40]);
    for (let made = 0; made < times; made += 1) siblings.push(copy(element));
  }),
  ofElement((element, _, random) => { element.name = random.oneIn(5) ? noise(random) : random.pick(TAGS); }),
  ofElement((element, _, random) => { element.ending = random.pick(["tag", "slash", "none"]); }),
  ofElement((element, _, random) => insert(element.children, random, { kind: "text", text: random.pick([newValue, noise, (one: Random) => one.pick(ENTITIES), (one: Random) => one.pick(MARKUP)])(random) })),
  ofElement((element, _, random) => insert(element.attributes, random, { name: random.pick(ATTRIBUTES), value: random.oneIn(10) ? null : newValue(random), quote: random.oneIn(20) ? "" : '"' })),
  ofElement((element, _, random) => { for (let made = random.pick([3, 70]); made > 0; made -= 1) element.attributes.push({ name: `${random.pick(ATTRIBUTES)}${made}`, value: newValue(random), quote: '"' }); }),
  ofAttribute((attribute, element) => void element.attributes.splice(element.attributes.indexOf(attribute), 1)),
  ofAttribute((attribute, element, random) => insert(element.attributes, random, { ...attribute })),
  ofAttribute((attribute, _, random) => { attribute.name = random.oneIn(5) ? noise(random) : random.pick(ATTRIBUTES); }),
  ofAttribute((attribute, _, random) => { attribute.value = newValue(random); }),
  ofAttribute((attribute, _, random) => { attribute.value = newValue(random); }),
  ofAttribute((attribute, _, random) => {
    const [value, at] = [attribute.value ?? "", random.below((attribute.value ?? "").length + 1)];
    attribute.value = value.slice(0, at) + random.pick([...VALUES, ...EXPRESSIONS, ...ENTITIES]) + value.slice(at + random.below(6));
  }),
  ofAttribute((attribute, element, random) => { attribute.value = random.pick(element.attributes).value; }),
  ofAttribute((attribute, _, random) => { attribute.quote = random.pick(["", '"', "'", "`", '""', "\u201c"]); }),
  ofAttribute((attribute, _, random) => {
    const [open, close] = random.pick([["(", ")"], ["[", "]"], ["{a: ", "}"], ["- ", ""], ["not ", ""], ["list[", "]"]] as const);
    const times = random.pick([3, 40, 300]);
    attribute.value = open.repeat(times) + (attribute.value ?? "") + close.repeat(times);
  }),
];

const TEXT_EDITS: readonly TextEdit[] = [
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.below(text.length + 1)),
  (text, random) => spliced(text, random, random.pick(MARKUP), 0),
  (text, random) => spliced(text, random, random.pick(ENTITIES), 0),
  (text, random) => spliced(text, random, noise(random), random.below(4)),
  (text, random) => spliced(text, random, "", 1 + random.below(40)),
  (text, random) => {
    const [from, length] = [random.below(text.length + 1), random.below(200)];
    return spliced(text, random, text.slice(from, from + length), 0);
  },
  (text, random) => text.replaceAll(random.pick(['"', "'", "<", ">", "/", "=", "{", "}", "\n"]), random.pick(['"', "'", "", " ", "\r\n"])),
];

function spliced(text: string, random: Random, piece: string, removed: number): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at + removed);
}
