// A text with its lines, and the findings about it.

import type { Diagnostic, Fix, Span } from "../protocol/index.ts";
import { CATALOGUE, type Code } from "./catalogue.ts";
import { ENTITY, entityText } from "./entities.ts";

/** More findings than this help nobody. Hints are counted apart: they must not crowd out an error. */
const MOST = { error: 200, warning: 100, hint: 100 } as const;

/** Comparisons of words in one text, each of which takes about a microsecond. */
const MOST_COMPARED = 200_000;

export class Source {
  readonly text: string;
  readonly diagnostics: Diagnostic[] = [];
  private readonly lines: number[] = [0];
  private words: Map<string, { count: number; readonly at: number }> | null = null;
  private last: { readonly start: number; readonly text: string; readonly plain: boolean; readonly at: number; readonly read: number } | null = null;
  /** Words that misspelt ones were compared with. */
  private compared = 0;
  private readonly counts = { error: 0, warning: 0, hint: 0 };

  constructor(text: string) {
    this.text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.lines.push(at + 1);
  }

  span(start: number, end: number): Span {
    let low = 0;
    let high = this.lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.lines[middle] as number) <= start) low = middle;
      else high = middle - 1;
    }
    return { start, end: Math.max(start, end), line: low + 1, col: start - (this.lines[low] as number) + 1 };
  }

  /**
   * Where a character of a text stands that was read from `start` on: entities are longer here than in the text, and
   * white space may be more.
   */
  place(start: number, text: string, index: number): number {
    // Templates ask for one place after the other: what was read of the same text is not read again.
    const last = this.last?.start === start && this.last.text === text ? this.last : { start, text, plain: this.text.startsWith(text, start), at: start, read: 0 };
    this.last = last;
    if (last.plain) return start + index;
    let { at, read } = last.read <= index ? last : { at: start, read: 0 };
    while (at < this.text.length && (read < index || (isSpace(this.text, at) && !isSpace(text, read)))) {
      ENTITY.lastIndex = at;
      const entity = ENTITY.exec(this.text);
      const meant = entity && entityText(entity[1] as string);
      if (entity && meant !== null) {
        at += entity[0].length;
        read += (meant as string).length;
      } else if (isSpace(this.text, at)) {
        while (isSpace(this.text, at)) at += 1;
        while (read < index && isSpace(text, read)) read += 1;
      } else {
        at += 1;
        read += 1;
      }
    }
    // Inside a run of white space, how much of it was read depends on where was asked for.
    if (!isSpace(text, read)) this.last = { ...last, at, read };
    return at;
  }

  /** The known word nearest to a misspelt one; null also when no more is reported, or so much was compared that the check would take long. */
  nearest(word: string, known: readonly string[]): string | null {
    if (this.full || this.compared > MOST_COMPARED) return null;
    this.compared += known.length;
    return nearest(word, known);
  }

  /** Whether no more errors are taken, so that looking for what was meant is not worth its time. */
  get full(): boolean {
    return this.counts.error >= MOST.error;
  }

  /** Whether one more error is left out, before looking for what was meant. */
  leavesOut(): boolean {
    if (!this.full) return false;
    this.counts.error += 1;
    return true;
  }

  /**
   * The fix for a name that is not declared but like one that is. When the declared one stands nowhere else and the
   * other one several times, then it is the declaration that is misspelt.
   */
  correction(name: string, declared: string, known: readonly string[], start: number, end: number): Fix {
    this.words ??= wordsOf(this.text);
    const certain = isSlip(name, declared, known);
    const [uses, declaration] = [this.words.get(name)?.count ?? 0, this.words.get(declared)];
    if (declaration?.count !== 1 || uses < 2) return replaceFix(`write ${declared}`, start, end, declared, certain);
    return replaceFix(`write ${name} where it is declared`, declaration.at, declaration.at + declared.length, name, certain);
  }

  /** All findings in order, and, where some were left out, that there are more. */
  findings(): Diagnostic[] {
    const rank = { error: 0, warning: 1, hint: 2 } as const;
    const found = this.diagnostics.sort((a, b) => a.span.start - b.span.start || rank[a.severity] - rank[b.severity] || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0));
    if (this.counts.error <= MOST.error) return found;
    const end = this.text.length;
    return [...found, { code: "NX1001", severity: "error", message: `There are more errors than the ${MOST.error} that are listed. Mend these first, and check again.`, span: this.span(end, end), node: null, fix: null }];
  }

  report(code: Code, message: string, start: number, end: number, options: { node?: string | null; fix?: Fix | null } = {}): void {
    const severity = CATALOGUE[code][0];
    if (this.counts[severity]++ >= MOST[severity]) return;
    const { node = null, fix = null } = options;
    this.diagnostics.push({ code, severity, message, span: this.span(start, end), node, fix });
  }
}

function wordsOf(text: string): Map<string, { count: number; readonly at: number }> {
  const words = new Map<string, { count: number; readonly at: number }>();
  for (const { 0: word, index } of text.matchAll(/[A-Za-z_]\w*/g)) {
    const known = words.get(word);
    if (known) known.count += 1;
    else words.set(word, { count: 1, at: index });
  }
  return words;
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13);
}

/** A fix of one edit. It is certain if the author can have meant nothing else; others are suggestions, which a person takes or leaves. */
export function replaceFix(title: string, start: number, end: number, text: string, certain: boolean): Fix {
  return { title, edits: [{ start, end, text }], certain };
}

const KEYBOARD = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/** Whether two letters are beside each other on a keyboard, or above each other. */
function areNeighbours(one: string, other: string): boolean {
  const place = (letter: string): [number, number] => { const row = KEYBOARD.findIndex((keys) => keys.includes(letter)); return [row, KEYBOARD[row]?.indexOf(letter) ?? -1]; };
  const [[row, at], [otherRow, otherAt]] = [place(one), place(other)];
  if (row < 0 || otherRow < 0 || Math.abs(row - otherRow) > 1) return false;
  // Rows are shifted to the right as they go down.
  return row === otherRow ? Math.abs(at - otherAt) === 1 : row < otherRow ? at === otherAt || at === otherAt + 1 : otherAt === at || otherAt === at + 1;
}

/**
 * Whether a word is another one with one slip of the fingers: a letter left out, put in, swapped with the next, hit beside its key,
 * or in the wrong case. Digits are no slips: total1 is not total2.
 */
function isOneSlip(word: string, meant: string): boolean {
  const [a, b] = [word.toLowerCase(), meant.toLowerCase()];
  if (a === b) return true;
  if (Math.min(a.length, b.length) < 2) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  const isDigit = (char: string | undefined): boolean => char !== undefined && char >= "0" && char <= "9";
  if (isDigit(a[at]) || isDigit(b[at])) return false;
  if (longer.length === shorter.length + 1) return shorter.slice(at) === longer.slice(at + 1);
  if (a.length !== b.length) return false;
  if (a.slice(at + 1) === b.slice(at + 1)) return areNeighbours(a[at] as string, b[at] as string);
  return a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
}

/** Whether a word is a known one with one slip of the fingers, and no other known one with one: then nothing else can be meant. */
export function isSlip(word: string, near: string, known: Iterable<string>): boolean {
  if (!isOneSlip(word, near)) return false;
  const exact = word.toLowerCase() === near.toLowerCase();
  for (const other of known) if (other !== near && (exact ? other.toLowerCase() === near.toLowerCase() : isOneSlip(word, other))) return false;
  return true;
}

/** The known word nearest to a misspelt one, if it is near enough to be meant: they must have something in common. */
export function nearest(word: string, known: Iterable<string>): string | null {
  if (word.length > 64) return null;
  let best: string | null = null;
  // Two slips in a word of four letters leave too little of it to know what was meant.
  let least = word.length <= 4 ? 2 : 3;
  for (const candidate of known) {
    if (word.length === 1 && candidate.length === 1) continue;
    const distance = edits(word.toLowerCase(), candidate.toLowerCase(), least);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Edit distance with swaps of neighbours (optimal string alignment), given up at a limit. */
function edits(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  let least = 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    let smallest = i;
    for (let j = 1; j <= b.length; j += 1) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((previous[j] as number) + 1, (row[j - 1] as number) + 1, (previous[j - 1] as number) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] as number) + 1);
      row.push(best);
      if (best < smallest) smallest = best;
    }
    // Distances only grow from row to row; a swap looks back over two.
    if (smallest >= limit && least >= limit) return limit;
    least = smallest;
    before = previous;
    previous = row;
  }
  return previous[b.length] as number;
}
