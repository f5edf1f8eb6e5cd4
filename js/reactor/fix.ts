// Applying fixes, and panels assembled from a tree.

import type { Build, Diagnostic } from "../protocol/index.ts";
import { check } from "./check.ts";
import { elementNames } from "./checker/declarations.ts";
import { parse } from "./parser.ts";
import { print, type PrintTree } from "./printer.ts";
import type { Registry } from "./registry.ts";
import { Source } from "./source.ts";

/** A slip is mended in one or two; a text that is still broken after these has no author who meant it. */
const ROUNDS = 8;

/** Apply one fix to a text. */
export function applyFix(text: string, diagnostic: Diagnostic): string {
  const edits = [...(diagnostic.fix?.edits ?? [])].sort((a, b) => b.start - a.start);
  return edits.reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
}

/**
 * Apply all certain fixes of errors and warnings, checking again after each round, until none is left or nothing helps: what
 * has the same findings as before is no better.
 */
export function fix(text: string, registry: Registry): string {
  let current = text;
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const fixable = fixableFindings(current, registry);
    const findings = fixable.map((item) => `${item.code} ${item.message}`).join("\n");
    if (seen.has(findings)) return current;
    seen.add(findings);
    const first = Math.min(...fixable.map(rank));
    const next = applyRound(current, fixable.filter((item) => rank(item) === first));
    if (next === current) return current;
    current = next;
  }
  return current;
}

/** The syntax alone as long as something can be fixed there: all else hangs on it, and costs much more time to find. */
function fixableFindings(text: string, registry: Registry): Diagnostic[] {
  const isFixable = (item: Diagnostic): boolean => item.fix?.certain === true && item.severity !== "hint";
  const source = new Source(text);
  parse(source, elementNames(registry));
  const syntax = source.diagnostics.filter(isFixable);
  return syntax.length ? syntax : check(text, registry).diagnostics.filter(isFixable);
}

/**
 * Which fixes come first: what is misspelt, since what seems to be missing may be there under a wrong name; additions;
 * and only then what takes something away. All those of the syntax belong together.
 */
function rank({ code, fix: offered }: Diagnostic): number {
  const edits = offered?.edits ?? [];
  if (code.startsWith("NX1")) return 0;
  if (edits.every((edit) => edit.text === "")) return 3;
  return edits.every((edit) => edit.start === edit.end) ? 2 : 1;
}

/** Apply those fixes of a round that do not touch each other, from the end of the text to its beginning. */
function applyRound(text: string, fixable: readonly Diagnostic[]): string {
  let result = text;
  let limit = Number.POSITIVE_INFINITY;
  const last = (item: Diagnostic): number => Math.max(...(item.fix?.edits ?? []).map((edit) => edit.end));
  for (const item of [...fixable].sort((a, b) => last(b) - last(a))) {
    if (last(item) > limit) continue;
    result = applyFix(result, item);
    limit = Math.min(...(item.fix?.edits ?? []).map((edit) => edit.start));
  }
  return result;
}

/** Print a tree and check what was printed: what an edit of the graph becomes. */
export function assemble(tree: PrintTree, registry: Registry): { nxml: string; build: Build } {
  const nxml = print(tree);
  return { nxml, build: check(nxml, registry) };
}
