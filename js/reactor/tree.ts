// From raw elements to the protocol's sections and nodes: ids, texts, what stands where.

import type { Attribute, Node, Section } from "../protocol/index.ts";
import { type RawAttribute, type RawElement, type RawNode, renameTag } from "./parser.ts";
import { isSlip, nearest, replaceFix, type Source } from "./source.ts";

export const SECTIONS = ["view", "data", "logic", "doc"] as const;
export type SectionName = (typeof SECTIONS)[number];

/** A node with the raw element it was made from, for the checker. */
export interface TreeNode {
  readonly node: Node;
  readonly raw: RawElement | null;
  readonly children: readonly TreeNode[];
}

/** `xmlns:PREFIX="nexus:lib/NAME@VERSION"`, with where it is written. */
export interface PackAttribute {
  readonly prefix: string;
  /** NAME@VERSION. */
  readonly pack: string;
  readonly at: RawAttribute;
}

export interface Tree {
  readonly panel: RawElement | null;
  readonly id: string;
  readonly title: string;
  readonly packs: readonly PackAttribute[];
  readonly sections: readonly Section[];
  readonly nodes: Readonly<Record<SectionName, readonly TreeNode[]>>;
}

export const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
/** `NAME` in words. */
export const NAME_RULE = "a name has letters, digits, _ and -, begins with a letter or _, and is at most 100 characters long";

export function attribute(element: RawElement | null, name: string): RawAttribute | undefined {
  return element?.attributes.find((item) => item.name === name);
}

export function growTree(source: Source, roots: readonly RawNode[]): Tree {
  const elements = roots.filter((node): node is RawElement => node.kind === "element");
  const panel = elements.find((element) => element.name === "panel") ?? null;
  const nodes: Record<SectionName, TreeNode[]> = { view: [], data: [], logic: [], doc: [] };
  if (!panel) {
    reportNoPanel(source, elements);
    return { panel, id: "", title: "", packs: [], sections: [], nodes };
  }
  for (const other of roots) {
    if (other === panel || (other.kind === "text" && !other.value.trim())) continue;
    source.report("NX2008", "Nothing may stand beside <panel>.", other.start, other.end, { fix: replaceFix("remove it", other.start, other.end, "", false) });
  }
  const id = panelId(source, panel);
  const packs = readRootAttributes(source, panel);
  const gardener = new Gardener(source, panel);
  const sections: Section[] = [];
  for (const child of panel.children) {
    const section = sectionOf(source, child, sections);
    if (!section) continue;
    const name = section.name as SectionName;
    const isDoc = name === "doc";
    nodes[name] = isDoc ? [] : gardener.grow(section, name);
    const text = isDoc ? contentText(section) : null;
    sections.push({ name, text, children: nodes[name].map((item) => item.node), comments: [...section.comments], last_comments: [...section.lastComments], span: source.span(section.start, section.end) });
  }
  sections.sort((a, b) => SECTIONS.indexOf(a.name) - SECTIONS.indexOf(b.name));
  return { panel, id, title: attribute(panel, "title")?.value || id, packs, sections, nodes };
}

function reportNoPanel(source: Source, elements: readonly RawElement[]): void {
  const first = elements[0];
  const near = first ? nearest(first.name, ["panel"]) : null;
  const fix = first && near ? { title: "write <panel>", edits: renameTag(first, near), certain: isSlip(first.name, near, []) } : null;
  source.report("NX2001", "The text has no <panel> around everything.", first?.start ?? 0, first?.nameEnd ?? Math.min(1, source.text.length), { fix });
}

function panelId(source: Source, panel: RawElement): string {
  const written = attribute(panel, "id");
  if (!written?.value) {
    source.report("NX2009", "<panel> needs an id.", panel.start, panel.nameEnd, { fix: written ? replaceFix('write id="panel"', written.start, written.end, 'id="panel"', true) : replaceFix('add id="panel"', panel.nameEnd, panel.nameEnd, ' id="panel"', true) });
    return "panel";
  }
  if (!NAME.test(written.value)) {
    const plain = plainId("panel", written.value);
    source.report("NX2016", `'${written.value}' cannot be the name of a panel: ${NAME_RULE}. '${plain}' would do.`, written.valueStart, written.valueEnd, {
      fix: replaceFix(`write ${plain}`, written.valueStart, written.valueEnd, plain, true),
    });
    return plain;
  }
  return written.value;
}

/** An id made of a text that is none. Ids go into stylesheets, so a malformed one must not get further than here. */
export function plainId(start: string, text: string): string {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/-{2,}/g, "-").replace(/^-|-$/g, "").slice(0, 60);
  return NAME.test(plain) && !(SECTIONS as readonly string[]).includes(plain) ? plain : plain ? `${start}-${plain}` : start;
}

const NAMESPACE = "urn:nexus:nxml:1";
const PACK = /^nexus:lib\/([a-z][a-z0-9-]{0,60}@\d{1,6})$/;

function readRootAttributes(source: Source, panel: RawElement): PackAttribute[] {
  const packs: PackAttribute[] = [];
  for (const item of panel.attributes) {
    if (item.name === "id" || item.name === "title") continue;
    if (item.name === "xmlns") {
      if (item.value !== NAMESPACE) source.report("NX2010", `The namespace must be ${NAMESPACE}.`, item.valueStart, item.valueEnd, { fix: replaceFix("use it", item.valueStart, item.valueEnd, NAMESPACE, true) });
    } else if (item.name.startsWith("xmlns:")) {
      const pack = PACK.exec(item.value ?? "");
      const prefix = item.name.slice("xmlns:".length);
      if (pack && NAME.test(prefix)) packs.push({ prefix, pack: pack[1] as string, at: item });
      else source.report("NX2010", 'A component pack is brought in by xmlns:PREFIX="nexus:lib/NAME@VERSION".', item.start, item.end, { fix: replaceFix("remove it", item.start, item.end, "", false) });
    } else unknownAttribute(source, panel, item, ["id", "title", "xmlns"]);
  }
  return packs;
}

export function unknownAttribute(source: Source, element: RawElement, item: RawAttribute, known: readonly string[], node: string | null = null, own: readonly string[] = known): void {
  if (source.full) return;
  const free = known.filter((name) => !attribute(element, name));
  const near = nearest(item.name, free);
  const has = own.length ? `. It takes ${own.join(", ")}.` : ".";
  const fix = near ? replaceFix(`write ${near}`, item.start, item.nameEnd, near, isSlip(item.name, near, free)) : replaceFix("remove it", item.start, item.end, "", false);
  source.report("NX2004", `<${element.name}> has no attribute '${item.name}'${near ? `; did you mean '${near}'?` : has}`, item.start, item.nameEnd, { node, fix });
}

function sectionOf(source: Source, child: RawNode, sections: readonly Section[]): RawElement | null {
  if (child.kind === "text") {
    if (child.value.trim()) source.report("NX2014", "Text may not stand between the sections.", child.start, child.end, { fix: replaceFix("remove it", child.start, child.end, "", false) });
    return null;
  }
  if (!(SECTIONS as readonly string[]).includes(child.name)) {
    const near = nearest(child.name, SECTIONS);
    const fix = near ? { title: `write <${near}>`, edits: renameTag(child, near), certain: isSlip(child.name, near, SECTIONS) } : null;
    source.report("NX2011", `<panel> has the sections view, data, logic and doc, not <${child.name}>${near ? `; did you mean <${near}>?` : "."}`, child.start, child.nameEnd, { fix });
    return null;
  }
  if (sections.some((section) => section.name === child.name)) {
    source.report("NX2011", `The section <${child.name}> is given twice.`, child.start, child.nameEnd);
    return null;
  }
  for (const item of child.attributes) unknownAttribute(source, child, item, []);
  return child;
}

/** The text of an element as written, its lines without their common indentation. */
export function contentText(element: RawElement): string | null {
  const text = element.children.map((child) => (child.kind === "text" ? child.value : "")).join("");
  return text.trim() ? dedent(text) : null;
}

export function dedent(text: string): string {
  const lines = text.replace(/\r\n?/g, "\n").replace(/^[ \t]*\n/, "").replace(/\s+$/, "").split("\n");
  const first = text.includes("\n") && /^[ \t]*\n/.test(text.replace(/\r\n?/g, "\n")) ? 0 : 1;
  let margin = Number.POSITIVE_INFINITY;
  for (const line of lines.slice(first)) if (line.trim()) margin = Math.min(margin, line.length - line.trimStart().length);
  if (!Number.isFinite(margin)) margin = 0;
  return lines.map((line, i) => (i < first ? line.trimStart() : line.trim() ? line.slice(margin) : "")).join("\n");
}

class Gardener {
  private readonly source: Source;
  private readonly taken = new Map<string, RawElement>();
  private readonly counts = new Map<string, number>();
  /** The number that the next declaration of a name that is taken is tried with. */
  private readonly repeats = new Map<string, number>();

  constructor(source: Source, panel: RawElement) {
    this.source = source;
    this.collectIds(panel);
  }

  /** Written ids first, so that a generated one never takes one that stands further down. */
  private collectIds(element: RawElement): void {
    for (const child of element.children) {
      if (child.kind !== "element") continue;
      const written = attribute(child, "id")?.value;
      if (written && !this.taken.has(written)) this.taken.set(written, child);
      this.collectIds(child);
    }
  }

  grow(parent: RawElement, section: SectionName): TreeNode[] {
    const grown: TreeNode[] = [];
    for (const child of parent.children) {
      if (child.kind === "element") grown.push(section === "view" ? this.element(child) : this.declaration(child));
      else if (child.value.trim()) {
        this.source.report("NX2014", `Text may not stand in <${parent.name}>.`, child.start, child.end, { fix: replaceFix("remove it", child.start, child.end, "", false) });
      }
    }
    return grown;
  }

  private element(raw: RawElement): TreeNode {
    const { id, generated } = this.elementId(raw);
    const hasElements = raw.children.some((child) => child.kind === "element");
    const children: TreeNode[] = [];
    if (hasElements) {
      let pieces = 0;
      for (const child of raw.children) {
        if (child.kind === "element") children.push(this.element(child));
        else if (child.value.trim()) children.push(this.piece(child, `${id}.t${++pieces}`));
      }
    }
    return { raw, children, node: this.node(raw, id, generated, hasElements ? null : contentText(raw), children) };
  }

  private piece(child: RawNode & { kind: "text" }, id: string): TreeNode {
    const node: Node = { id, tag: "#text", generated_id: true, attrs: [], text: dedent(child.value), children: [], comments: [], last_comments: [], span: this.source.span(child.start, child.end) };
    return { raw: null, children: [], node };
  }

  private declaration(raw: RawElement): TreeNode {
    const name = attribute(raw, raw.name === "uses" ? "cap" : "name")?.value || String(this.count(raw.name));
    const base = `${raw.name}.${name}`;
    let id = base;
    for (let n = this.repeats.get(base) ?? 2; this.taken.has(id); n += 1) {
      id = `${base}.${n}`;
      this.repeats.set(base, n + 1);
    }
    this.taken.set(id, raw);
    for (const child of raw.children) {
      if (child.kind === "element") this.source.report("NX2008", `<${raw.name}> takes no elements inside.`, child.start, child.end, { node: id });
    }
    return { raw, children: [], node: this.node(raw, id, false, contentText(raw), []) };
  }

  private node(raw: RawElement, id: string, generated: boolean, text: string | null, children: readonly TreeNode[]): Node {
    return {
      id, tag: raw.name, generated_id: generated, attrs: raw.attributes.map((item) => this.attribute(item)), text,
      children: children.map((child) => child.node), comments: [...raw.comments], last_comments: [...raw.lastComments], span: this.source.span(raw.start, raw.end),
    };
  }

  private attribute(item: RawAttribute): Attribute {
    const span = this.source.span(item.start, item.end);
    return { name: item.name, value: item.value, span, value_span: item.value === null ? null : this.source.span(item.valueStart, item.valueEnd) };
  }

  private count(tag: string): number {
    const count = (this.counts.get(tag) ?? 0) + 1;
    this.counts.set(tag, count);
    return count;
  }

  private elementId(raw: RawElement): { id: string; generated: boolean } {
    const written = attribute(raw, "id");
    if (written?.value) {
      if (!NAME.test(written.value) || (SECTIONS as readonly string[]).includes(written.value)) {
        const wanted = plainId("element", written.value);
        const plain = this.taken.has(wanted) ? this.freeId("x") : wanted;
        this.taken.set(plain, raw);
        this.source.report("NX2016", `'${written.value}' cannot be an id: ${(SECTIONS as readonly string[]).includes(written.value) ? "that is the name of a section" : NAME_RULE}. '${plain}' would do.`, written.valueStart, written.valueEnd, {
          fix: replaceFix(`write ${plain}`, written.valueStart, written.valueEnd, plain, true),
        });
        return { id: plain, generated: false };
      }
      if (this.taken.get(written.value) === raw) return { id: written.value, generated: false };
      const free = this.freeId(written.value);
      this.source.report("NX2003", `The id '${written.value}' is used twice.`, written.start, written.end, { node: written.value, fix: replaceFix(`write ${free}`, written.valueStart, written.valueEnd, free, true) });
      return { id: free, generated: false };
    }
    const id = this.freeId(raw.name.replace(/[^A-Za-z0-9_-]/g, "_"));
    this.source.report("NX2012", `<${raw.name}> has no id; edits and undo find it better with one.`, raw.start, raw.nameEnd, { node: id, fix: replaceFix(`add id="${id}"`, raw.nameEnd, raw.nameEnd, ` id="${id}"`, true) });
    return { id, generated: true };
  }

  private freeId(base: string): string {
    let id = `${base}-${this.count(base)}`;
    while (this.taken.has(id)) id = `${base}-${this.count(base)}`;
    this.taken.set(id, { kind: "element", name: base, attributes: [], children: [], start: 0, nameStart: 0, nameEnd: 0, openEnd: 0, end: 0, closeName: null, closed: true, comments: [], lastComments: [] });
    return id;
  }
}

