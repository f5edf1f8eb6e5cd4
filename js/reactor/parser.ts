// Text to a tree of elements. Never throws, never stops at the first error; every finding goes to the source.

import { ENTITY, entityText } from "./entities.ts";
import { nearest, replaceFix, type Source } from "./source.ts";

export interface RawAttribute {
  readonly name: string;
  /** With entities resolved; null when the attribute has no value. */
  readonly value: string | null;
  readonly start: number;
  readonly nameEnd: number;
  readonly end: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface RawElement {
  readonly kind: "element";
  readonly name: string;
  readonly attributes: readonly RawAttribute[];
  readonly children: RawNode[];
  readonly start: number;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Where the opening tag ends. */
  openEnd: number;
  end: number;
  /** Where the name in the closing tag starts and ends; null when there is no such tag. */
  closeName: readonly [number, number] | null;
  /** Whether the text has its end (a closing tag, or `/>`). */
  closed: boolean;
  /** What is in the comments before it, since the element before; those after its last child are in `lastComments`. */
  comments: readonly string[];
  lastComments: readonly string[];
}

export interface RawText {
  readonly kind: "text";
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export type RawNode = RawElement | RawText;

export const LIMITS = { length: 1_000_000, depth: 64, nodes: 20_000, attributes: 64 } as const;

/** Elements whose content is taken as it is, up to their closing tag. */
export const RAW_TEXT: ReadonlySet<string> = new Set(["action", "effect"]);

/** A value over several lines or tags that ends in ` name=`: its quote opens the next value, and it was never closed. */
export const OPENS_NEXT = /^(?=[^<>\n]*[<>\n])[\s\S]*\s[A-Za-z_][\w:.-]*\s*=\s*$/;

/** A value of which only the closing quote is there. */
const UNOPENED = /[^"'<>\n]*(?:'[^"'<>\n]*'[^"'<>\n]*)*["'](?=\s|\/?>)/y;
const ATTRIBUTE_START = /[A-Za-z_][\w:.-]*\s*=\s*["']/y;
const REST_OF_TAG = /(?:\s+[A-Za-z_][\w:.-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*\s*\/?>/y;

interface TagCount {
  readonly opened: number;
  readonly closed: number;
  readonly lastClosed: number;
}

/** The tags of each name. Of a text that is well-formed the numbers are exact, so nothing in it is taken for a slip. */
function countTags(text: string, rawText: ReadonlySet<string>): Map<string, TagCount> {
  const counts = new Map<string, TagCount>();
  const tag = /<(\/?)([A-Za-z_][\w:.-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)/g;
  for (let found = tag.exec(text); found; found = tag.exec(text)) {
    const [, slash, name = "", rest = ""] = found;
    const { opened, closed, lastClosed } = counts.get(name) ?? { opened: 0, closed: 0, lastClosed: -1 };
    if (slash) counts.set(name, { opened, closed: closed + 1, lastClosed: found.index });
    else if (!rest.endsWith("/")) {
      counts.set(name, { opened: opened + 1, closed, lastClosed });
      const close = rawText.has(name) ? text.indexOf(`</${name}`, tag.lastIndex) : -1;
      if (close >= 0) tag.lastIndex = close;
    }
  }
  return counts;
}

/** How a text is read. */
export interface ParseOptions {
  /** More of the text is still to come. */
  readonly partial?: boolean;
  readonly rawText?: ReadonlySet<string>;
  /** Names of elements that are not misspelt, for tags that do not fit together. All are, when left out. */
  readonly known?: ReadonlySet<string>;
  /** Names of elements that hold no others. */
  readonly leaves?: ReadonlySet<string>;
}

export function parse(source: Source, options: ParseOptions = {}): RawNode[] {
  if (source.text.length > LIMITS.length) {
    source.report("NX1001", `The text is longer than ${LIMITS.length} characters.`, 0, 1);
    return [];
  }
  return new Parser(source, options).parse();
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function isName(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 58) || code === 95 || code === 45 || code === 46 || code > 127;
}

class Parser {
  private readonly source: Source;
  private readonly text: string;
  private readonly raw: ReadonlySet<string>;
  private readonly partial: boolean;
  private readonly known: ReadonlySet<string> | null;
  private readonly leaves: ReadonlySet<string>;
  private counted: ReadonlyMap<string, TagCount> | null = null;
  private at = 0;
  private nodes = 0;
  private readonly roots: RawNode[] = [];
  /** Comments whose element has not come yet. */
  private comments: string[] = [];
  private readonly open: RawElement[] = [];

  constructor(source: Source, { rawText = RAW_TEXT, partial = false, known, leaves = new Set() }: ParseOptions) {
    this.source = source;
    this.raw = rawText;
    this.partial = partial;
    this.known = known ?? null;
    this.leaves = leaves;
    this.text = source.text;
  }

  parse(): RawNode[] {
    while (this.at < this.text.length && this.nodes < LIMITS.nodes) {
      if (this.text.charCodeAt(this.at) === 60) this.markup();
      else this.plain();
    }
    if (this.nodes >= LIMITS.nodes) this.source.report("NX1001", `There are more than ${LIMITS.nodes} nodes.`, this.at, this.at + 1);
    while (this.open.length) this.closeUnclosed(this.text.length);
    const last = this.roots.filter((node): node is RawElement => node.kind === "element").pop();
    if (last) last.lastComments = [...last.lastComments, ...this.taken()];
    return this.roots;
  }

  private add(node: RawNode): void {
    this.nodes += 1;
    const parent = this.open[this.open.length - 1];
    (parent ? parent.children : this.roots).push(node);
  }

  private plain(): void {
    const start = this.at;
    const next = this.text.indexOf("<", start);
    this.at = next < 0 ? this.text.length : next;
    this.add({ kind: "text", value: this.decode(this.text.slice(start, this.at), start), start, end: this.at });
  }

  private markup(): void {
    const { text, at } = this;
    // What a tag is cannot be told before its end has come.
    if (this.partial && !text.includes(">", at)) {
      this.at = text.length;
      return;
    }
    if (text.startsWith("<!--", at)) return this.comment();
    if (text.startsWith("<![CDATA[", at)) {
      this.source.report("NX1006", "CDATA is not needed: the content of an action is taken as it is.", at, at + 9);
      return this.skip("]]>", "NX1006", "The CDATA section is not closed.");
    }
    const second = text.charCodeAt(at + 1);
    if (second === 33 || second === 63) {
      this.source.report("NX1010", "Declarations and processing instructions are not allowed.", at, at + 2, { fix: this.removal(at, ">") });
      return this.skip(">", "NX1010", "The declaration is not closed.");
    }
    if (second === 47) return this.closingTag();
    if (isName(second) && !(second >= 48 && second <= 57) && second !== 45 && second !== 46) return this.openingTag();
    this.source.report("NX1007", "This < starts no tag; write &lt; for the character.", at, at + 1, { fix: replaceFix("write &lt;", at, at + 1, "&lt;", true) });
    this.at += 1;
    this.add({ kind: "text", value: "<", start: at, end: at + 1 });
  }

  private comment(): void {
    const start = this.at;
    this.skip("-->", "NX1005", "The comment is not closed.");
    const closed = this.text.endsWith("-->", this.at) && this.at >= start + 7;
    // One that never ends has taken the elements that follow, and is not the person's.
    if (!closed) return;
    this.nodes += 1;
    this.comments.push(commentText(this.text.slice(start + 4, this.at - 3)));
  }

  private taken(): string[] {
    const taken = this.comments;
    this.comments = [];
    return taken;
  }

  private removal(start: number, end: string): ReturnType<typeof replaceFix> {
    const found = this.text.indexOf(end, start);
    return replaceFix("remove it", start, found < 0 ? this.text.length : found + end.length, "", true);
  }

  private skip(end: string, code: "NX1005" | "NX1006" | "NX1010", message: string): void {
    const found = this.text.indexOf(end, this.at + 2);
    if (found < 0) this.source.report(code, message, this.at, this.at + 2);
    this.at = found < 0 ? this.text.length : found + end.length;
  }

  private name(): string {
    const start = this.at;
    while (this.at < this.text.length && isName(this.text.charCodeAt(this.at))) this.at += 1;
    return this.text.slice(start, this.at);
  }

  private space(): void {
    while (isSpace(this.text.charCodeAt(this.at))) this.at += 1;
  }

  private openingTag(): void {
    const start = this.at;
    this.at += 1;
    const name = this.name();
    const nameEnd = this.at;
    const attributes = this.attributes(name);
    let closed = false;
    if (this.text[this.at] === "/") {
      closed = true;
      this.at += 1;
    }
    if (this.text[this.at] === ">") this.at += 1;
    else if (this.partial && this.at >= this.text.length) return; // what it will be is not known yet
    else {
      const end = start + this.text.slice(start, this.at).trimEnd().length;
      this.source.report("NX1008", `The tag <${name}> is not ended by >.`, start, end, { fix: replaceFix("add >", end, end, ">", true) });
    }
    const element: RawElement = {
      kind: "element", name, attributes, children: [], start, nameStart: start + 1, nameEnd, openEnd: this.at, end: this.at, closeName: null, closed, comments: [], lastComments: [],
    };
    if (!closed && !attributes.length && this.isMeantToClose(name)) return this.closeInstead(start);
    if (this.isUnclosedLeaf()) this.closeUnclosed(start);
    element.comments = this.taken();
    this.add(element);
    if (closed) return;
    if (this.raw.has(name)) return this.rawText(element);
    if (this.open.length >= LIMITS.depth) {
      this.source.report("NX1001", `Elements are nested deeper than ${LIMITS.depth}.`, start, nameEnd);
      this.at = this.text.length;
      return;
    }
    this.open.push(element);
  }

  /** Whether an opening tag right in an element of its name lacks its slash: there is one closing tag too few for each of the two. */
  private isMeantToClose(name: string): boolean {
    const [parent, inner] = [this.open[this.open.length - 2], this.open[this.open.length - 1]];
    if (inner?.name !== name) return false;
    const tags = this.count(name);
    return tags.opened - tags.closed === 2 && (!parent || this.count(parent.name).lastClosed >= this.at);
  }

  private closeInstead(start: number): void {
    const element = this.open.pop() as RawElement;
    this.source.report("NX1004", `<${element.name}> stands where </${element.name}> is expected.`, start, this.at, { fix: replaceFix(`write </${element.name}>`, start + 1, start + 1, "/", true) });
    element.end = this.at;
    element.closed = true;
  }

  /** Whether the innermost element can hold no other and lacks its end, so that what follows is its sibling. */
  private isUnclosedLeaf(): boolean {
    const inner = this.open[this.open.length - 1];
    if (!inner || !this.leaves.has(inner.name)) return false;
    const tags = this.count(inner.name);
    return tags.opened > tags.closed;
  }

  /** The tags of a name in the whole text; counted once, when something does not fit together. */
  private count(name: string): TagCount {
    this.counted ??= countTags(this.text, this.raw);
    return this.counted.get(name) ?? { opened: 0, closed: 0, lastClosed: -1 };
  }

  private rawText(element: RawElement): void {
    const close = `</${element.name}`;
    const found = this.text.indexOf(close, this.at);
    // An action that is never closed takes its section's rest, not the panel's.
    const section = this.text.indexOf("</logic", this.at);
    const end = found >= 0 ? found : section >= 0 ? section : this.text.length;
    if (end > this.at) element.children.push({ kind: "text", value: this.text.slice(this.at, end), start: this.at, end });
    if (found < 0) {
      this.source.report("NX1002", `<${element.name}> is not closed.`, element.start, element.nameEnd);
      this.at = element.end = end;
      return;
    }
    const greater = this.text.indexOf(">", found);
    element.closeName = [found + 2, found + close.length];
    this.at = greater < 0 ? this.text.length : greater + 1;
    element.end = this.at;
    element.closed = true;
  }

  private attributes(tag: string): RawAttribute[] {
    const found: RawAttribute[] = [];
    const seen = new Set<string>();
    for (;;) {
      this.space();
      const char = this.text[this.at];
      if (char === undefined || char === ">" || char === "<" || (char === "/" && this.endsTag())) return found;
      const last = found[found.length - 1];
      if (last && this.lacksEnd(tag, last)) {
        this.at = last.end;
        return found;
      }
      const code = this.text.charCodeAt(this.at);
      if (!isName(code)) {
        this.source.report("NX1009", `'${char}' in the tag <${tag}> is no attribute.`, this.at, this.at + 1, { fix: replaceFix("remove it", this.at, this.at + 1, "", true) });
        this.at += 1;
        continue;
      }
      const attribute = this.attribute();
      if (seen.has(attribute.name)) {
        const sameTwice = found.find(({ name }) => name === attribute.name)?.value === attribute.value;
        this.source.report("NX1016", `The attribute '${attribute.name}' is given twice.`, attribute.start, attribute.end, { fix: replaceFix("remove the second one", attribute.start, attribute.end, "", sameTwice) });
      } else if (found.length >= LIMITS.attributes) {
        this.source.report("NX1001", `<${tag}> has more than ${LIMITS.attributes} attributes.`, attribute.start, attribute.end);
        this.at = Math.max(this.at, this.text.indexOf(">", this.at));
        return found;
      } else {
        seen.add(attribute.name);
        found.push(attribute);
      }
    }
  }

  /** Whether a slash ends the tag, with or without its >. */
  private endsTag(): boolean {
    const next = this.text.slice(this.at + 1).search(/\S/);
    return "><".includes(this.text[this.at + 1 + next] ?? " ") && (next === 0 || this.text[this.at + 1 + next] === "<");
  }

  /** Whether what follows a value is no attribute but the content of an element whose tag lacks its >. */
  private lacksEnd(tag: string, last: RawAttribute): boolean {
    const touching = this.at === last.end && last.end > last.valueEnd && !"/,;=\"'".includes(this.text[this.at] as string);
    const rest = touching ? ATTRIBUTE_START : this.raw.has(tag) ? REST_OF_TAG : null;
    if (!rest) return false;
    rest.lastIndex = last.end;
    return !rest.test(this.text);
  }

  private attribute(): RawAttribute {
    const start = this.at;
    const name = this.name();
    const nameEnd = this.at;
    this.space();
    if (this.text[this.at] !== "=") {
      this.at = nameEnd;
      return { name, value: null, start, nameEnd, end: nameEnd, valueStart: nameEnd, valueEnd: nameEnd };
    }
    this.at += 1;
    this.space();
    const quote = this.text[this.at];
    return quote === '"' || quote === "'" ? this.quoted(name, start, nameEnd, quote) : this.unquoted(name, start, nameEnd);
  }

  private quoted(name: string, start: number, nameEnd: number, quote: string): RawAttribute {
    const valueStart = this.at + 1;
    let valueEnd = this.text.indexOf(quote, valueStart);
    if (valueEnd >= 0 && this.opensNext(valueStart, valueEnd)) valueEnd = -1;
    if (valueEnd < 0) {
      const tagEnd = this.text.slice(valueStart).search(/[<>\n]|\s+[A-Za-z_][\w:.-]*=["']/);
      valueEnd = tagEnd < 0 ? this.text.length : valueStart + tagEnd;
      if (this.text[valueEnd] === ">" && this.text[valueEnd - 1] === "/") valueEnd -= 1;
      this.source.report("NX1014", `The value of '${name}' has no closing quote.`, valueStart - 1, valueEnd, { fix: replaceFix(`add ${quote}`, valueEnd, valueEnd, quote, true) });
      this.at = valueEnd;
    } else this.at = valueEnd + 1;
    const value = this.decode(this.text.slice(valueStart, valueEnd), valueStart);
    return { name, value, start, nameEnd, end: this.at, valueStart, valueEnd };
  }

  /** Whether the quote that seems to end a value opens the next one. */
  private opensNext(start: number, end: number): boolean {
    const value = this.text.slice(start, end);
    if (OPENS_NEXT.test(value)) return true;
    const after = this.text[end + 1];
    return after !== undefined && !/[\s/>]/.test(after) && /\s[A-Za-z_][\w:.-]*=$/.test(value);
  }

  /** Where a value ends that has no opening quote but a closing one. */
  private closingQuote(start: number): number {
    UNOPENED.lastIndex = start;
    const found = UNOPENED.exec(this.text);
    return found && !found[0].slice(0, -1).trimEnd().endsWith("=") ? start + found[0].length - 1 : -1;
  }

  private unquoted(name: string, start: number, nameEnd: number): RawAttribute {
    const valueStart = this.at;
    const closing = this.closingQuote(valueStart);
    if (closing >= 0) {
      const quote = this.text[closing] as string;
      this.source.report("NX1014", `The value of '${name}' has no opening quote.`, valueStart, closing + 1, { fix: replaceFix(`add ${quote}`, valueStart, valueStart, quote, true) });
      this.at = closing + 1;
      return { name, value: this.decode(this.text.slice(valueStart, closing), valueStart), start, nameEnd, end: this.at, valueStart, valueEnd: closing };
    }
    while (this.at < this.text.length && !isSpace(this.text.charCodeAt(this.at)) && this.text[this.at] !== ">" && this.text[this.at] !== "<" && !this.text.startsWith("/>", this.at)) this.at += 1;
    const raw = this.text.slice(valueStart, this.at);
    const quotes = raw.replaceAll('"', "&quot;");
    this.source.report("NX1015", `The value of '${name}' needs quotes.`, valueStart, this.at, { fix: replaceFix("add quotes", valueStart, this.at, `"${quotes}"`, true) });
    return { name, value: this.decode(raw, valueStart), start, nameEnd, end: this.at, valueStart, valueEnd: this.at };
  }

  private closingTag(): void {
    const start = this.at;
    this.at += 2;
    const name = this.name();
    this.space();
    if (this.text[this.at] === ">") this.at += 1;
    else {
      const greater = this.text.indexOf(">", this.at);
      const next = this.text.indexOf("<", this.at);
      this.source.report("NX1004", `The closing tag </${name}> is malformed.`, start, this.at, { fix: replaceFix("write it plainly", start, greater >= 0 && (next < 0 || greater < next) ? greater + 1 : this.at, `</${name}>`, true) });
      this.at = greater >= 0 && (next < 0 || greater < next) ? greater + 1 : this.at;
    }
    const element = this.misspeltPair(name) ?? this.matching(name, start);
    if (!element) {
      this.source.report("NX1003", `</${name}> closes nothing.`, start, this.at, { fix: replaceFix("remove it", start, this.at, "", true) });
      return;
    }
    const closeName = [start + 2, start + 2 + name.length] as const;
    if (element.name !== name) this.source.report("NX1003", `</${name}> does not fit <${element.name}>.`, start, this.at, { fix: replaceFix(`write </${element.name}>`, ...closeName, element.name, true) });
    this.open.pop();
    element.lastComments = this.taken();
    element.end = this.at;
    element.closed = true;
    element.closeName = closeName;
  }

  /** The innermost element, if a closing tag is meant for it though one of the two is misspelt. */
  private misspeltPair(name: string): RawElement | null {
    const inner = this.open[this.open.length - 1];
    if (!inner || inner.name === name || !nearest(name, [inner.name])) return null;
    const right = (word: string): boolean => this.known === null || this.known.has(word);
    return right(name) && right(inner.name) && this.open.some((element) => element.name === name) ? null : inner;
  }

  /** The element that a closing tag names, as the innermost: those inside of it have no closing tag. */
  private matching(name: string, start: number): RawElement | null {
    let depth = this.open.length - 1;
    while (depth >= 0 && (this.open[depth] as RawElement).name !== name) depth -= 1;
    if (depth < 0) return null;
    while (this.open.length - 1 > depth) this.closeUnclosed(start);
    return this.open[depth] as RawElement;
  }

  private closeUnclosed(at: number): void {
    const element = this.open.pop() as RawElement;
    const before = this.text.slice(0, at).trimEnd().length;
    const place = Math.max(before, element.openEnd);
    this.source.report("NX1002", `<${element.name}> is not closed.`, element.start, element.nameEnd, { fix: replaceFix(`add </${element.name}>`, place, place, `</${element.name}>`, true) });
    element.end = at;
  }

  private decode(text: string, offset: number): string {
    if (!text.includes("&")) return text;
    return text.replace(new RegExp(ENTITY, "g"), (whole, name: string, at: number) => {
      const [start, end] = [offset + at, offset + at + whole.length];
      const found = entityText(name);
      if (found === null) this.source.report("NX1011", `There is no entity ${whole}; write the character itself.`, start, end, { fix: replaceFix("write it out", start, end, `&amp;${name};`, true) });
      else if (!found) this.source.report("NX1012", `${whole} is no character.`, start, end, { fix: replaceFix("remove it", start, end, "", true) });
      return found ?? whole;
    });
  }
}

/** A comment's text, the lines after its first without the indentation that they share: it is the printer's to give. */
function commentText(text: string): string {
  const [first = "", ...rest] = text.replace(/\r\n?/g, "\n").split("\n");
  const margin = rest.reduce((least, line) => (line.trim() ? Math.min(least, line.length - line.trimStart().length) : least), text.length);
  return [first, ...rest.map((line) => (line.trim() ? line.slice(margin) : ""))].join("\n");
}

/** The edits that give an element another tag, its closing tag included. */
export function renameTag(raw: RawElement, name: string): { start: number; end: number; text: string }[] {
  const edits = [{ start: raw.nameStart, end: raw.nameEnd, text: name }];
  if (raw.closeName) edits.push({ start: raw.closeName[0], end: raw.closeName[1], text: name });
  return edits;
}
