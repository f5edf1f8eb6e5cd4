// From rows to the marks of a chart: what makes one, what does not, and how many there are of each.

import { grouped, isNumber, textOf, type Value } from "../reactor/expression/index.ts";
import type { Marks, Row, Rows } from "../reactor/host.ts";
import { isDates, time } from "./scales.ts";

export interface Point {
  readonly x: Value;
  /** Null where a line has a gap. */
  readonly y: number | null;
}

export interface Series {
  readonly name: string;
  /** Its place among all series, whichever of them are shown. */
  readonly place: number;
  readonly points: readonly Point[];
}

export interface Drawing {
  readonly series: readonly Series[];
  /** What must be said of the marks, as sentences. */
  readonly notes: readonly string[];
  /** Whether all marks that the rows make are there. */
  readonly whole: boolean;
}

/** Gives each group a place, and keeps it. */
export type Places = (group: Value) => number;

/** The column in which the database says in which part of a line a row lies. */
const PART = "";
/** Parts of one line: about as many as a chart has pixels across. */
const PARTS = 600;
const ENDS = 4;

/** Places in the order of the groups that are known, then in the order in which others come. */
export function places(): (groups: readonly Value[]) => Places {
  const seen = new Map<string, number>();
  return (groups) => {
    const known = new Map(groups.map((group, i) => [groupName(group), i]));
    return (group) => {
      const name = groupName(group);
      const place = known.get(name);
      if (place !== undefined) return place;
      if (!seen.has(name)) seen.set(name, seen.size);
      return groups.length + (seen.get(name) as number);
    };
  };
}

/** What keeps rows from being drawn as they are asked for: a column that is not there, or no numbers in one. */
export function misfit(rows: Rows, asked: Marks): string | null {
  if (!rows.columns.length) return null;
  for (const name of [asked.x, asked.by, ...asked.y]) {
    if (name === null || rows.columns.some((column) => column.name === name)) continue;
    return `There is no column '${name}' to draw. Columns: ${rows.columns.slice(0, 20).map((column) => column.name).join(", ")}${rows.columns.length > 20 ? ", \u2026" : ""}.`;
  }
  for (const name of asked.y) {
    const type = rows.columns.find((column) => column.name === name)?.type ?? "";
    if (rows.total && ["str", "date", "bool"].includes(type)) return `The column '${name}' has ${type === "str" ? "text" : type === "date" ? "dates" : "yes and no"}: what is drawn upwards must be numbers.`;
  }
  return null;
}

/** The marks that rows make. */
export function drawingOf(rows: Rows, asked: Marks, place: Places): Drawing {
  const found = collect(rows, asked, place);
  const there = rows.drawn?.there ?? found.series.reduce((sum, series) => sum + count(series), 0);
  const reduced = typeof rows.drawn?.there === "number" ? found.series : fewer(found.series, asked);
  const series = asked.kind === "line" ? reduced.map(alongAxis(reduced)) : reduced;
  const drawn = series.reduce((sum, one) => sum + count(one), 0);
  return { series, notes: notesOf(asked, { there, drawn, missing: found.missing, rows: rows.total }), whole: drawn >= there };
}

function count(series: Series): number {
  return series.points.reduce((sum, point) => sum + (point.y === null ? 0 : 1), 0);
}

function groupName(group: Value): string {
  return group === null ? "(none)" : textOf(group) || "(empty)";
}

interface Collected {
  readonly series: Series[];
  readonly missing: Readonly<Record<string, number>>;
}

function collect(rows: Rows, asked: Marks, place: Places): Collected {
  const ys = [...new Set(asked.y)];
  const missing = new Map<string, number>();
  const lacks = (column: string): void => void missing.set(column, (missing.get(column) ?? 0) + 1);
  const found = new Map<number, { name: string; points: Point[]; sums: Map<string, number> }>();
  const filled = rows.drawn?.there === null || rows.drawn?.there === undefined ? null : filledParts(rows.rows, asked.by, ys);
  for (const row of rows.rows) {
    const x = own(row, asked.x);
    if (x === null) {
      lacks(asked.x ?? "");
      continue;
    }
    const group = asked.by === null ? null : own(row, asked.by);
    ys.forEach((column, i) => {
      const value = own(row, column);
      const y = isNumber(value) ? value : null;
      if (y === null) lacks(column);
      // Of a line that was made shorter, a row stands for its part: it is a gap only where the part has no value.
      if (y === null && (asked.kind !== "line" || filled?.has(partKey(row, asked.by, column)))) return;
      const at = (asked.by === null ? 0 : place(group)) * ys.length + i;
      let series = found.get(at);
      if (!series) {
        series = { name: asked.by === null ? column : ys.length > 1 ? `${groupName(group)}, ${column}` : groupName(group), points: [], sums: new Map() };
        found.set(at, series);
      }
      const key = asked.kind === "bars" ? textOf(x) : "";
      const known = asked.kind === "bars" ? series.sums.get(key) : undefined;
      if (known === undefined || y === null) {
        series.sums.set(key, series.points.length);
        series.points.push({ x, y });
      } else {
        const before = series.points[known] as Point;
        series.points[known] = { x: before.x, y: (before.y ?? 0) + y };
      }
    });
  }
  const series = [...found].sort(([a], [b]) => a - b).map(([at, { name, points }]) => ({ name, place: at, points }));
  return { series, missing: rows.drawn?.missing ?? Object.fromEntries(missing) };
}

function own(row: Row, column: string | null): Value {
  return column !== null && Object.hasOwn(row, column) ? (row[column] ?? null) : null;
}

function partKey(row: Row, by: string | null, column: string): string {
  return JSON.stringify([row[PART] ?? null, by === null ? null : own(row, by), column]);
}

/** The parts of lines that have values. */
function filledParts(rows: readonly Row[], by: string | null, ys: readonly string[]): ReadonlySet<string> {
  return new Set(rows.flatMap((row) => ys.filter((column) => isNumber(own(row, column))).map((column) => partKey(row, by, column))));
}

/** Positions along an axis that has any: those of numbers and of dates. */
function positions(series: readonly Series[]): ((x: Value) => number) | null {
  const xs = series.flatMap((one) => one.points.map((point) => point.x));
  return xs.every(isNumber) ? Number : isDates(xs) ? time : null;
}

/** A line goes from left to right, whatever the order of the rows. */
function alongAxis(all: readonly Series[]): (series: Series) => Series {
  const at = positions(all);
  return (series) => (at === null ? series : { ...series, points: [...series.points].sort((a, b) => at(a.x) - at(b.x)) });
}

/** As few marks as a chart draws, each kind in its own way; the database does the same with rows that it has. */
function fewer(series: readonly Series[], asked: Marks): readonly Series[] {
  const total = series.reduce((sum, one) => sum + one.points.length, 0);
  if (total <= asked.most) return series;
  switch (asked.kind) {
    case "line":
      return shorterLines(series, asked.most);
    case "bars":
      return firstBars(series, asked.most);
    default:
      return sample(series, asked.most);
  }
}

/** Of each part of a line its ends and extremes (Jugel et al., M4, VLDB 2014). */
function shorterLines(all: readonly Series[], most: number): Series[] {
  const shown = all.slice(0, Math.floor(most / ENDS));
  const parts = Math.max(1, Math.min(PARTS, Math.floor(most / ENDS / shown.length)));
  const at = positions(all);
  return shown.map((series) => {
    const points = at === null ? series.points : [...series.points].sort((a, b) => at(a.x) - at(b.x));
    const place = (i: number): number => (at === null ? i : at((points[i] as Point).x));
    const [low, span] = [place(0), place(points.length - 1) - place(0)];
    const kept: Point[] = [];
    let [part, from] = [0, 0];
    const end = (to: number): void => {
      const there = points.slice(from, to).filter((point) => point.y !== null);
      const least = there.reduce<Point | null>((best, point) => (best === null || (point.y as number) < (best.y as number) ? point : best), null);
      const most = there.reduce<Point | null>((best, point) => (best === null || (point.y as number) > (best.y as number) ? point : best), null);
      const wanted = new Set([there[0], least, most, there.at(-1)]);
      if (there.length) kept.push(...there.filter((point) => wanted.has(point)));
      else if (to > from) kept.push(points[from] as Point);
      from = to;
    };
    points.forEach((_, i) => {
      const next = span > 0 ? Math.min(parts - 1, Math.floor(((place(i) - low) / span) * parts)) : 0;
      if (next !== part) end(i);
      part = next;
    });
    end(points.length);
    return { ...series, points: kept };
  });
}

/** The first bars; each place across has all of its bars or none. */
function firstBars(series: readonly Series[], most: number): Series[] {
  const bars = new Map<string, number>();
  for (const { points } of series) for (const { x } of points) bars.set(textOf(x), (bars.get(textOf(x)) ?? 0) + 1);
  const kept = new Set<string>();
  let sum = 0;
  for (const [x, count] of bars) {
    sum += count;
    if (sum > most && kept.size) break;
    kept.add(x);
  }
  return series.map((one) => ({ ...one, points: one.points.filter((point) => kept.has(textOf(point.x))).slice(0, most) }));
}

/** A sample of all points, the same each time, together with the extremes. */
function sample(series: readonly Series[], most: number): Series[] {
  const all = series.flatMap((one, owner) => one.points.map((point) => ({ point, owner })));
  const ends = new Set<number>();
  for (const value of [({ x }: Point) => x, ({ y }: Point) => y]) {
    const numbers = all.map(({ point }) => value(point));
    if (!numbers.every(isNumber)) continue;
    let [least, greatest] = [0, 0];
    numbers.forEach((number, i) => {
      if (number < (numbers[least] as number)) least = i;
      if (number > (numbers[greatest] as number)) greatest = i;
    });
    ends.add(least).add(greatest);
  }
  const chosen = all.map((_, i) => i).sort((a, b) => Number(ends.has(b)) - Number(ends.has(a)) || mixed(a) - mixed(b)).slice(0, most).sort((a, b) => a - b);
  const kept = series.map((): Point[] => []);
  for (const i of chosen) kept[(all[i] as { owner: number }).owner]?.push((all[i] as { point: Point }).point);
  return series.map((one, i) => ({ ...one, points: kept[i] as Point[] }));
}

/** A number with all bits of another mixed (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let bits = value ^ 0x9e3779b9;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function notesOf(asked: Marks, { there, drawn, missing, rows }: { readonly there: number; readonly drawn: number; readonly missing: Collected["missing"]; readonly rows: number }): string[] {
  const notes: string[] = [];
  const many = (value: number, one: string): string => `${grouped(value, 0)} ${one}${value === 1 ? "" : "s"}`;
  if (drawn < there) {
    const part = `${grouped(drawn, 0)} of ${many(there, asked.kind === "bars" ? "bar" : "point")}`;
    notes.push(asked.kind === "bars" ? `The first ${part} are drawn.` : asked.kind === "line" ? `Drawn through ${part}: the ends and extremes of each part.` : `${part} are drawn: a random sample, and the extremes.`);
  }
  const columns = [...new Set(asked.y)];
  const without = missing[asked.x ?? ""] ?? 0;
  const summed = columns.reduce((sum, column) => sum + rows - without - (missing[column] ?? 0), 0);
  if (asked.kind === "bars" && there && summed > there) notes.push(`Each bar is the sum of its rows: ${many(rows - without, "row")}, ${many(there, "bar")}.`);
  const lacking = [asked.x ?? "", ...columns].flatMap((column) => (missing[column] ? [{ column, count: missing[column] }] : []));
  if (lacking.length) notes.push(`${lacking.map(({ column, count }) => `${many(count, "row")} without ${column}`).join(" and ")} ${lacking.length === 1 && lacking[0]?.count === 1 ? "is" : "are"} not drawn.`);
  return notes;
}
