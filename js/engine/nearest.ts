// The nearest of the known names, as `nearest` in ../reactor/source.ts finds it, by means that a handler cannot replace.

import { bare, max, min, toLowerCase } from "./primordials.ts";

/** The known name nearest to a misspelt one, if it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > 64) return null;
  let best: string | null = null;
  let least = word.length <= 3 ? 2 : 3;
  for (let i = 0; i < known.length; i++) {
    const candidate = known[i] as string;
    if (word.length === 1 && candidate.length === 1) continue;
    const distance = edits(toLowerCase(word), toLowerCase(candidate), least);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Edit distance with swaps of neighbours (optimal string alignment); the limit where it is at least that. */
function edits(a: string, b: string, limit: number): number {
  if (max(a.length - b.length, b.length - a.length) >= limit) return limit;
  let before = bare<number[]>([]);
  let previous = bare<number[]>([]);
  for (let j = 0; j <= b.length; j++) previous[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const row = bare<number[]>([]);
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = min((previous[j] as number) + 1, (row[j - 1] as number) + 1, (previous[j - 1] as number) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = min(best, (before[j - 2] as number) + 1);
      row[j] = best;
    }
    before = previous;
    previous = row;
  }
  return min(previous[b.length] as number, limit);
}
