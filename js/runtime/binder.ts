// What is drawn, as live DOM: functions are followed by signals, lists keep the nodes of keys that stay.

import { effect, untracked } from "@preact/signals-core";
import { Budget, LIVE_ELEMENTS } from "../reactor/budget.ts";
import { allowedTag, safeAttribute } from "../reactor/html.ts";
import type { AttrValue, Follow, VChild, VDynamic, VElement, VList } from "../reactor/vnode.ts";

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set("svg g path line rect circle ellipse polygon polyline text tspan defs marker linearGradient stop".split(" "));
/** The code of keys that an input method takes; Safari gives it to the key that ends the composition, too. */
const COMPOSED = 229;
/** Set as properties: attributes only give the first value. */
const PROPERTIES = new Set(["value", "checked", "selected"]);

/** Everything to undo when a part goes away. */
export class Owner {
  readonly budget: Budget;
  private readonly undo: (() => void)[] = [];
  private elements = 0;

  constructor(budget = new Budget(LIVE_ELEMENTS)) {
    this.budget = budget;
  }

  /** Take room for an element, which is given back when this part goes; false when the panel has no more. */
  room(): boolean {
    if (!this.budget.take()) return false;
    this.elements += 1;
    return true;
  }

  add(dispose: () => void): void {
    this.undo.push(dispose);
  }

  /** Follow what a function reads; an error takes down this part only. */
  follow(run: () => void): void {
    let unfinished: string | null = null;
    const tell = (now: string | null): void => {
      if (now === unfinished) return;
      if (unfinished !== null) this.budget.count(unfinished, -1);
      if (now !== null) this.budget.count(now, 1);
      unfinished = now;
    };
    this.add(effect(() => {
      try {
        tell(this.budget.unfinishedAfter(run));
      } catch (error) {
        console.error("nexus:", error);
      }
    }));
    this.add(() => tell(null));
  }

  dispose(): void {
    for (const one of this.undo.splice(0).reverse()) one();
    this.budget.giveBack(this.elements);
    this.elements = 0;
  }
}

/** Put children into an element; the owner takes them out of signals again. */
export function bindChildren(parent: Element, children: readonly VChild[], owner: Owner): void {
  for (const child of children) parent.append(...bindChild(child, owner, inSvg(parent), null));
}

/** Give life to what the server has drawn: nodes that are as they should be stay, the others are made anew. */
export function hydrateChildren(parent: Element, children: readonly VChild[], owner: Owner): void {
  const found = new Found(parent);
  for (const child of children) bindChild(child, owner, inSvg(parent), found);
  found.end();
}

/** The children that an element has already, from first to last. */
class Found {
  private readonly parent: Element;
  private at: ChildNode | null;

  constructor(parent: Element) {
    this.parent = parent;
    this.at = parent.firstChild;
  }

  /** The text that stands here, cut off from what follows it; a new one where another text stands. */
  text(data: string): Text {
    const { at } = this;
    if (!data || !(at instanceof Text) || !at.data.startsWith(data)) return this.put(document.createTextNode(data));
    if (at.data.length > data.length) at.splitText(data.length);
    this.at = at.nextSibling;
    return at;
  }

  element(tag: string, id: unknown): Element | null {
    const { at } = this;
    if (!(at instanceof Element) || at.localName !== tag || (at.getAttribute("data-id") ?? undefined) !== id) return null;
    this.at = at.nextSibling;
    return at;
  }

  put<T extends Node>(node: T): T {
    return this.parent.insertBefore(node, this.at);
  }

  /** What is left was drawn for a picture, and is not part of what is live. */
  end(): void {
    while (this.at) {
      const next = this.at.nextSibling;
      this.at.remove();
      this.at = next;
    }
  }
}

function inSvg(parent: Element): boolean {
  return parent.namespaceURI === SVG;
}

function bindChild(child: VChild, owner: Owner, svg: boolean, found: Found | null): Node[] {
  if (typeof child === "string") return [textNode(child, found)];
  if (typeof child === "function") {
    const text = textNode(found ? untracked(() => quiet(child)) : "", found);
    owner.follow(() => { const data = child(); if (text.data !== data) text.data = data; });
    return [text];
  }
  switch (child.kind) {
    case "element":
      return bindElement(child, owner, svg, found);
    case "dynamic":
      return bindDynamic(child, owner, svg, found);
    default:
      return bindList(child, owner, svg, found);
  }
}

function textNode(data: string, found: Found | null): Text {
  return found ? found.text(data) : document.createTextNode(data);
}

/** A text that cannot be worked out is empty here: following it tells of the error. */
function quiet(text: () => string): string {
  try {
    return text();
  } catch {
    return "";
  }
}

function bindElement(described: VElement, owner: Owner, parentSvg: boolean, found: Found | null): Node[] {
  if (!allowedTag(described.tag) || !owner.room()) return [];
  const svg = (parentSvg || described.tag === "svg") && (SVG_TAGS.has(described.tag) || (parentSvg && described.tag === "title"));
  const known = found?.element(described.tag, described.attrs["data-id"]) ?? null;
  const made = svg ? document.createElementNS(SVG, described.tag) : document.createElement(described.tag);
  const element = known ?? made;
  if (known) for (const name of known.getAttributeNames()) if (!Object.hasOwn(described.attrs, name)) known.removeAttribute(name);
  const late: [string, Follow<AttrValue>][] = [];
  for (const [name, value] of Object.entries(described.attrs)) {
    if (PROPERTIES.has(name)) late.push([name, value]);
    else if (typeof value === "function") owner.follow(() => setAttribute(element, name, value()));
    else setAttribute(element, name, value);
  }
  for (const [name, listen] of Object.entries(described.on)) {
    const listener = (event: Event): void => {
      // Keys of an input method choose letters, and mean nothing to the control.
      if (event instanceof KeyboardEvent && (event.isComposing || event.keyCode === COMPOSED)) return;
      owner.budget.effort.during(() => (listen as unknown as (event: Event) => void)(event));
    };
    element.addEventListener(name, listener);
    // A listener of a node that stays would otherwise outlive its part.
    if (known) owner.add(() => element.removeEventListener(name, listener));
  }
  if (known) hydrateChildren(known, described.children, owner);
  else {
    bindChildren(element, described.children, owner);
    found?.put(element);
  }
  // After the children: the value of a select needs its options.
  for (const [name, value] of late) {
    if (typeof value === "function") owner.follow(() => setProperty(element, name, value()));
    else setProperty(element, name, value);
  }
  const mounted = described.mounted?.(element as never);
  if (mounted) owner.add(mounted);
  return [element];
}

function setAttribute(element: Element, name: string, value: AttrValue): void {
  const text = safeAttribute(name, value);
  if (text === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

function setProperty(element: Element, name: string, value: AttrValue): void {
  const target = element as unknown as Record<string, unknown>;
  if (name !== "value" || element.tagName === "PROGRESS" || element.tagName === "OPTION") {
    if (name === "value") setAttribute(element, name, value);
    else target[name] = Boolean(value) && value !== "false";
    return;
  }
  const text = value === null || value === undefined ? "" : String(value);
  // Writing the same text again would move the caret.
  if (target["value"] !== text) target["value"] = text;
}

function bindDynamic(described: VDynamic, owner: Owner, svg: boolean, found: Found | null): Node[] {
  const anchor = document.createComment("");
  let part: { nodes: Node[]; owner: Owner } | null = null;
  let first = found;
  const fragment: Node[] = [];
  owner.follow(() => {
    const made = described.make();
    const inner = new Owner(owner.budget);
    const adopting = first;
    const nodes = made === null ? [] : untracked(() => bindChild(made, inner, svg, adopting));
    first = null;
    const old = part;
    part = { nodes, owner: inner };
    if (adopting) return;
    if (anchor.parentNode) {
      for (const node of nodes) anchor.parentNode.insertBefore(node, anchor);
      remove(old);
    } else fragment.push(...nodes);
  });
  owner.add(() => part?.owner.dispose());
  found?.put(anchor);
  return [...fragment, anchor];
}

function remove(part: { nodes: Node[]; owner: Owner } | null): void {
  if (!part) return;
  part.owner.dispose();
  for (const node of rangeOf(part.nodes)) node.parentNode?.removeChild(node);
}

/** A part's nodes as they are now: between its first and last node others may have come. */
function rangeOf(nodes: readonly Node[]): Node[] {
  const [first, last] = [nodes[0], nodes[nodes.length - 1]];
  if (!first || !last || first === last) return [...nodes];
  const found: Node[] = [];
  for (let node: Node | null = first; node; node = node.nextSibling) {
    found.push(node);
    if (node === last) return found;
  }
  return [...nodes];
}

interface ListItem {
  readonly nodes: Node[];
  readonly owner: Owner;
}

function bindList(described: VList, owner: Owner, svg: boolean, found: Found | null): Node[] {
  const anchor = document.createComment("");
  let items = new Map<string, ListItem>();
  let last: ReturnType<VList["items"]> = [];
  let first = found;
  const fragment: Node[] = [];
  owner.follow(() => {
    const wanted = described.items();
    // Most changes are those of items that are there already, which follow their own values.
    if (wanted === last || (wanted.length === last.length && wanted.every((item, i) => item === last[i]))) return;
    last = wanted;
    const adopting = first;
    first = null;
    const next = new Map<string, ListItem>();
    untracked(() => {
      for (const { key, make } of wanted) {
        const known = items.get(key);
        if (known) next.set(key, known);
        else {
          // Items that are left out are not even made.
          if (!owner.budget.room()) break;
          const inner = new Owner(owner.budget);
          next.set(key, { owner: inner, nodes: bindChild(make(), inner, svg, adopting) });
        }
      }
    });
    for (const [key, item] of items) if (!next.has(key)) remove(item);
    if (anchor.parentNode) place(anchor, [...items.keys()].filter((key) => next.has(key)), next);
    else if (!adopting) fragment.push(...[...next.values()].flatMap((item) => item.nodes));
    items = next;
  });
  owner.add(() => { for (const item of items.values()) item.owner.dispose(); });
  found?.put(anchor);
  return [...fragment, anchor];
}

/** Move as few nodes as possible: those on a longest increasing run of old positions stay where they are. */
function place(anchor: Comment, before: readonly string[], next: ReadonlyMap<string, ListItem>): void {
  const position = new Map(before.map((key, i) => [key, i]));
  const keys = [...next.keys()];
  const staying = longestRun(keys.map((key) => position.get(key) ?? -1));
  const parent = anchor.parentNode as Node;
  let follower: Node = anchor;
  for (let i = keys.length - 1; i >= 0; i -= 1) {
    const nodes = rangeOf((next.get(keys[i] as string) as ListItem).nodes);
    if (!staying.has(i)) for (const node of nodes) parent.insertBefore(node, follower);
    follower = nodes[0] ?? follower;
  }
}

/** Indices of a longest increasing subsequence; -1 stands for new and never stays. */
function longestRun(positions: readonly number[]): Set<number> {
  const tails: number[] = [];
  const previous: number[] = [];
  positions.forEach((value, i) => {
    if (value < 0) return;
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((positions[tails[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    previous[i] = low > 0 ? (tails[low - 1] as number) : -1;
    tails[low] = i;
  });
  const run = new Set<number>();
  for (let i = tails.length ? (tails[tails.length - 1] as number) : -1; i >= 0; i = previous[i] ?? -1) run.add(i);
  return run;
}
