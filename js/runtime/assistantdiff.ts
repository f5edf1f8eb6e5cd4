// The difference between two texts, line by line, with a little of what stayed around it.

export interface Line {
  readonly kind: "same" | "added" | "removed" | "gap";
  readonly text: string;
}

/** Lines that stay and are shown around those that do not. */
const AROUND = 2;
/** Comparisons up to which the shortest difference is looked for; above, what differs is replaced as a whole. */
const MOST = 4_000_000;

export function differenceOf(before: string, after: string): Line[] {
  const old = linesOf(before);
  const now = linesOf(after);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const middle = shortest(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  return folded([...old.slice(0, head).map(same), ...middle, ...old.slice(old.length - tail).map(same)]);
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** By the longest common subsequence. */
function shortest(old: readonly string[], now: readonly string[]): Line[] {
  if (old.length * now.length > MOST) return [...old.map(removed), ...now.map(added)];
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] as number;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) longest[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push(same(old[i] as string));
      i += 1;
      j += 1;
    } else if (i < old.length && (j === now.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(removed(old[i] as string));
      i += 1;
    } else {
      lines.push(added(now[j] as string));
      j += 1;
    }
  }
  return lines;
}

/** Leave out what stayed and is far from what did not. */
function folded(lines: readonly Line[]): Line[] {
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(({ kind }) => kind !== "same"));
  const result: Line[] = [];
  let left = 0;
  const close = (): void => {
    if (left) result.push({ kind: "gap", text: left === 1 ? "1 line as before" : `${left} lines as before` });
    left = 0;
  };
  lines.forEach((line, index) => {
    if (!near[index]) {
      left += 1;
      return;
    }
    close();
    result.push(line);
  });
  close();
  return result;
}

const same = (text: string): Line => ({ kind: "same", text });
const added = (text: string): Line => ({ kind: "added", text });
const removed = (text: string): Line => ({ kind: "removed", text });
