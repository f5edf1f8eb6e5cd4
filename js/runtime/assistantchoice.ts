// Which ops of a proposal are chosen. What an op needs comes with it, and what needs it goes with it.

import type { ProposedOp } from "../protocol/index.ts";

export type Chosen = ReadonlySet<number>;

/** The choice with an op, and with all that it needs. */
export function withOp(ops: readonly ProposedOp[], chosen: Chosen, index: number): Chosen {
  return closed(chosen, index, (at) => ops.find((op) => op.index === at)?.needs ?? [], (set, at) => set.add(at));
}

/** The choice without an op, and without all that needs it. */
export function withoutOp(ops: readonly ProposedOp[], chosen: Chosen, index: number): Chosen {
  return closed(chosen, index, (at) => ops.filter(({ needs }) => needs.includes(at)).map((op) => op.index), (set, at) => set.delete(at));
}

function closed(chosen: Chosen, start: number, next: (at: number) => readonly number[], change: (set: Set<number>, at: number) => void): Chosen {
  const result = new Set(chosen);
  const seen = new Set<number>();
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    change(result, at);
    open.push(...next(at));
  }
  return result;
}

/** In words what else was chosen, or let go, by a choice; empty if nothing was. */
export function alongWords(before: Chosen, after: Chosen, index: number): string {
  const more = [...after].filter((at) => at !== index && !before.has(at));
  const less = [...before].filter((at) => at !== index && !after.has(at));
  const named = (list: readonly number[]): string => list.map((at) => at + 1).sort((a, b) => a - b).join(", ");
  if (more.length) return `Change ${index + 1} needs ${named(more)}, which ${more.length === 1 ? "is" : "are"} chosen with it.`;
  if (less.length) return `Without change ${index + 1}, ${named(less)} ${less.length === 1 ? "goes" : "go"} as well: ${less.length === 1 ? "it needs" : "they need"} it.`;
  return "";
}
