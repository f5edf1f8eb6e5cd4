// A constraint compiler to CSS grid spans. Rows are broken by dynamic programming; a row whose members are related by
// constraints is solved by Cassowary (`@lume/kiwi`); everything else is apportioned in whole columns.

import { Constraint, Expression as Linear, Operator, Solver, Strength, Variable } from "@lume/kiwi";
import type { LayoutRule, WidthClass } from "../protocol/index.ts";

export interface Item {
  readonly id: string;
  readonly min: number;
  readonly preferred: number;
  readonly grow: number;
  readonly priority: number;
  /** Columns out of twelve, or the whole row. */
  readonly span: number | "full" | null;
}

/** `left.width >= factor * right.width`, or against a number of pixels when `right` is null. */
export interface Relation {
  readonly left: string;
  readonly op: "==" | ">=" | "<=";
  readonly factor: number;
  readonly right: string | null;
  readonly strength: "required" | "strong" | "weak";
  readonly text: string;
}

/** Classes of container width: from how many pixels, how many columns, and a width that stands for the class. */
export const CLASSES = [
  { from: 0, columns: 4, width: 360 },
  { from: 480, columns: 8, width: 640 },
  { from: 720, columns: 12, width: 780 },
  { from: 840, columns: 12, width: 960 },
  { from: 1200, columns: 12, width: 1400 },
] as const;
const GAP = 12;

export interface Arrangement {
  readonly rule: LayoutRule;
  /** Relations that could not be honoured in a class, by their text. */
  readonly dropped: readonly string[];
}

export function arrange(container: string, items: readonly Item[], relations: readonly Relation[]): Arrangement {
  const dropped = new Set<string>();
  const widths = CLASSES.map((kind): WidthClass => {
    const spans = arrangeClass(items, relations, kind.columns, kind.width, dropped);
    return { min_width: kind.from, columns: kind.columns, spans: Object.fromEntries(items.map((item, i) => [item.id, spans[i] as number])) };
  });
  return { rule: { container, widths }, dropped: [...dropped] };
}

interface Bounds {
  readonly least: number;
  readonly wanted: number;
}

function arrangeClass(items: readonly Item[], relations: readonly Relation[], columns: number, width: number, dropped: Set<string>): number[] {
  const bounds = items.map((item) => boundsOf(item, columns, width));
  const spans: number[] = [];
  const places = new Map(items.map((item, i) => [item.id, i]));
  const pairs = relations.map(({ left, right }): Pair => [places.get(left) ?? -1, right === null ? (places.get(left) ?? -1) : (places.get(right) ?? -1)]);
  for (const [start, end] of breakRows(items.length, bounds, pairs, columns)) {
    const row = items.slice(start, end);
    const related = relations.filter((_, i) => (pairs[i] as Pair).every((place) => place >= start && place < end));
    const shares = related.length && row.length > 1 ? solveRow(row, bounds.slice(start, end), related, columns, width, dropped) : apportion(row, bounds.slice(start, end), columns);
    spans.push(...shares);
  }
  return spans;
}

function boundsOf(item: Item, columns: number, width: number): Bounds {
  if (item.span === "full") return { least: columns, wanted: columns };
  if (item.span !== null) {
    const fixed = Math.max(1, Math.min(columns, Math.round((item.span * columns) / 12)));
    return { least: fixed, wanted: fixed };
  }
  const column = (width + GAP) / columns;
  const least = Math.max(1, Math.min(columns, Math.ceil((item.min + GAP) / column)));
  return { least, wanted: Math.max(least, Math.min(columns, Math.round((item.preferred + GAP) / column))) };
}

/** The places of the two items that a relation is about; twice the same where it is about one. */
type Pair = readonly [number, number];

/** Break items into rows so that rows are evenly filled; related items stay together where they fit. */
function breakRows(count: number, bounds: readonly Bounds[], pairs: readonly Pair[], columns: number): [number, number][] {
  const best: number[] = [0, ...Array<number>(count).fill(Number.POSITIVE_INFINITY)];
  const from: number[] = Array<number>(count + 1).fill(0);
  for (let start = 0; start < count; start += 1) {
    let least = 0;
    let wanted = 0;
    for (let end = start; end < count; end += 1) {
      least += (bounds[end] as Bounds).least;
      wanted += (bounds[end] as Bounds).wanted;
      if (least > columns) break;
      const slack = columns - wanted;
      const last = end === count - 1;
      const cost = slack * slack * (slack < 0 ? 1.5 : last ? 0.4 : 1) + 3 + torn(pairs, start, end) * columns * columns;
      const total = (best[start] as number) + cost;
      if (total < (best[end + 1] as number)) {
        best[end + 1] = total;
        from[end + 1] = start;
      }
    }
  }
  const rows: [number, number][] = [];
  for (let end = count; end > 0; end = from[end] as number) rows.unshift([from[end] as number, end]);
  return rows;
}

/** How many relations a row would tear apart. */
function torn(pairs: readonly Pair[], start: number, end: number): number {
  const inside = (place: number): boolean => place >= start && place <= end;
  let count = 0;
  for (const [left, right] of pairs) if (inside(left) !== inside(right)) count += 1;
  return count;
}

/** Give each item its least span, then hand out the rest to whoever wants it most. */
function apportion(row: readonly Item[], bounds: readonly Bounds[], columns: number): number[] {
  const spans = bounds.map((bound) => bound.least);
  for (let left = columns - spans.reduce((a, b) => a + b, 0); left > 0; left -= 1) {
    let chosen = -1;
    let most = Number.NEGATIVE_INFINITY;
    row.forEach((item, i) => {
      const fixed = item.span !== null;
      if (fixed && row.some((other) => other.span === null)) return;
      const want = ((bounds[i] as Bounds).wanted - (spans[i] as number)) / (bounds[i] as Bounds).wanted + item.grow * 0.05 + item.priority * 0.02 - (spans[i] as number) * 0.001;
      if (want > most) {
        most = want;
        chosen = i;
      }
    });
    if (chosen < 0) break;
    spans[chosen] = (spans[chosen] as number) + 1;
  }
  return spans;
}

function solveRow(row: readonly Item[], bounds: readonly Bounds[], relations: readonly Relation[], columns: number, width: number, dropped: Set<string>): number[] {
  const rank = { required: 0, strong: 1, weak: 2 } as const;
  let kept = [...relations].sort((a, b) => rank[a.strength] - rank[b.strength]);
  for (;;) {
    const solved = solve(row, bounds, kept, columns, width);
    if (!("failed" in solved)) return rounded(solved.shares, bounds, columns);
    dropped.add(solved.failed.text);
    kept = kept.filter((relation) => relation !== solved.failed);
  }
}

/** The shares of a row, or the first relation that cannot hold. A solver that has refused a constraint is not to be used again. */
function solve(row: readonly Item[], bounds: readonly Bounds[], relations: readonly Relation[], columns: number, width: number): { readonly shares: number[] } | { readonly failed: Relation } {
  const solver = new Solver();
  const variables = row.map(() => new Variable());
  const add = (left: Linear, op: Operator, right: number | Linear, strength: number): void => solver.addConstraint(new Constraint(left, op, right, strength));
  add(new Linear(...variables), Operator.Eq, columns, Strength.required);
  variables.forEach((variable, i) => {
    add(new Linear(variable), Operator.Ge, (bounds[i] as Bounds).least, Strength.required);
    add(new Linear(variable), Operator.Eq, (bounds[i] as Bounds).wanted, Strength.weak);
  });
  for (const relation of relations) {
    const left = variables[row.findIndex((item) => item.id === relation.left)] as Variable;
    const other = relation.right === null ? null : (variables[row.findIndex((item) => item.id === relation.right)] as Variable);
    const right = other ? new Linear([relation.factor, other]) : new Linear(((relation.factor + GAP) * columns) / (width + GAP));
    const op = relation.op === "==" ? Operator.Eq : relation.op === ">=" ? Operator.Ge : Operator.Le;
    try {
      add(new Linear(left), op, right, relation.strength === "weak" ? Strength.medium : Strength.required);
    } catch {
      return { failed: relation };
    }
  }
  solver.updateVariables();
  return { shares: variables.map((variable) => variable.value()) };
}

/** Round shares to whole columns that add up, by largest remainder, never below the least. */
function rounded(values: readonly number[], bounds: readonly Bounds[], columns: number): number[] {
  const spans = values.map((value, i) => Math.max((bounds[i] as Bounds).least, Math.floor(value + 1e-6)));
  const total = (): number => spans.reduce((a, b) => a + b, 0);
  const rest = values.map((value, i) => ({ i, part: value - Math.floor(value + 1e-6) })).sort((a, b) => b.part - a.part || a.i - b.i);
  for (let at = 0; total() < columns; at += 1) {
    const { i } = rest[at % rest.length] as { i: number };
    spans[i] = (spans[i] as number) + 1;
  }
  for (let at = spans.length - 1; total() > columns && at >= 0; at -= 1) {
    const spare = (spans[at] as number) - (bounds[at] as Bounds).least;
    spans[at] = (spans[at] as number) - Math.min(spare, total() - columns);
  }
  return spans;
}

const RELATION = /^\s*([A-Za-z_][\w-]*)\.width\s*(==|>=|<=)\s*(?:(\d+(?:\.\d+)?)\s*(?:\*\s*)?)?(?:([A-Za-z_][\w-]*)\.width)?\s*(?:!(required|strong|weak))?\s*$/;

/** Read `a.width >= 2 * b.width !weak; ...`; pieces that are no relations are given back. */
export function readRelations(text: string): { relations: Relation[]; malformed: string[] } {
  const relations: Relation[] = [];
  const malformed: string[] = [];
  for (const piece of text.split(";")) {
    if (!piece.trim()) continue;
    const match = RELATION.exec(piece);
    if (!match || (match[3] === undefined && match[4] === undefined)) {
      malformed.push(piece.trim());
      continue;
    }
    const [, left = "", op = "==", factor, right, strength] = match;
    relations.push({ left, op: op as Relation["op"], factor: factor === undefined ? 1 : Number(factor), right: right ?? null, strength: (strength ?? "strong") as Relation["strength"], text: piece.trim() });
  }
  return { relations, malformed };
}
