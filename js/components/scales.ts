// Scales of a chart: what a column's values are, where they stand, and how they are written. d3-scale in UTC and without locales.

import { scaleBand, scaleLinear, scaleUtc } from "d3-scale";
import { grouped, isNumber, numberText, textOf, type Value } from "../reactor/expression/index.ts";
import { isCode } from "./codes.ts";

export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Axis {
  /** Position of a value in pixels, the middle for bands. */
  at(value: Value): number | null;
  readonly ticks: readonly Tick[];
  /** Width of a band in pixels; 0 for continuous axes. */
  readonly band: number;
  /** Whether labels stand aslant, since they have no room side by side. */
  readonly slanted: boolean;
  /** What the labels leave out and all values have in common: the year of days, the day of hours. */
  readonly context: string;
}

/** Bars of numbers beyond which those that are not there get no room. */
const MOST_BANDS = 120;
const DATE = /^\d{4}(-\d{2}(-\d{2}(T.*)?)?)?$/;
/** Pixels between two labels, and of a line of slanted ones. */
const BETWEEN = 10;
const SLANTED = 15;

export function isDates(values: readonly Value[]): boolean {
  return values.length > 0 && values.every((value) => typeof value === "string" && DATE.test(value) && value.length >= 7);
}

export function time(value: Value): number {
  const text = textOf(value);
  return Date.parse(text.length === 7 ? `${text}-01T00:00:00Z` : text.length === 10 ? `${text}T00:00:00Z` : /[Z+]/.test(text.slice(10)) ? text : `${text}Z`);
}

/** Pixels that a label takes in the chart's small letters, near enough to keep labels apart. */
export function widthOf(label: string): number {
  let width = 0;
  for (const letter of label) width += letter > "\u2e7f" ? 11 : /[ilj.,:;'|\u2009 ]/.test(letter) ? 3.4 : /[mwMWA-Z@%]/.test(letter) ? 8 : 6.1;
  return width;
}

/** The axis across. `name` is the column's, which tells years and codes from quantities. */
export function xAxis(values: readonly Value[], width: number, bars: boolean, name: string): Axis {
  const numeric = values.length > 0 && values.every((value) => isNumber(value));
  if (!bars && numeric) return linear(values as readonly number[], 0, width, false, name);
  if (!bars && isDates(values)) return dates(values, width);
  return bands(values, width, numeric, name);
}

function bands(values: readonly Value[], width: number, numeric: boolean, name: string): Axis {
  const keys = numeric ? evenly(values as readonly number[]) : [...new Set(values.map(textOf))];
  const scale = scaleBand<string>().domain(keys).range([0, width]).padding(0.22);
  const dated = isDates(values);
  const labels = numeric ? numberLabels(keys.map(Number), isCode(name, keys.map(Number))) : distinct(keys, [(key) => (dated ? dateLabel(key) : short(key, 14)), (key) => (dated ? key : short(key, 24)), (key) => key]);
  const room = width / Math.max(1, keys.length);
  const widest = Math.max(0, ...labels.map(widthOf));
  // Numbers and dates are understood with some left out; names of categories are read one by one.
  const slanted = !numeric && !dated && widest + BETWEEN > room && room >= SLANTED;
  const every = slanted ? 1 : Math.max(1, Math.ceil((numeric || dated ? widest + BETWEEN : SLANTED) / Math.max(room, 0.001)));
  const leftOut = !slanted && !numeric && !dated && every > 1;
  const ticks = keys.flatMap((key, i) => (i % every === 0 ? [{ at: (scale(key) ?? 0) + scale.bandwidth() / 2, label: labels[i] as string }] : []));
  return { at: (value) => { const start = scale(textOf(value)); return start === undefined ? null : start + scale.bandwidth() / 2; }, ticks, band: scale.bandwidth(), slanted: slanted || leftOut, context: "" };
}

/** Bands for numbers: in their order and with room for those between, so that a gap in them is seen as one. */
function evenly(values: readonly number[]): string[] {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const step = sorted.reduce((least, value, i) => (i ? Math.min(least, value - (sorted[i - 1] as number)) : least), Number.POSITIVE_INFINITY);
  const first = sorted[0] ?? 0;
  const count = Math.round(((sorted.at(-1) ?? 0) - first) / step) + 1;
  const even = sorted.every((value) => Math.abs((value - first) / step - Math.round((value - first) / step)) < 1e-6);
  if (!even || !(count <= MOST_BANDS)) return sorted.map(textOf);
  const places = sorted.map((value) => Math.round((value - first) / step));
  return Array.from({ length: count }, (_, i) => { const at = places.indexOf(i); return textOf(at < 0 ? first + i * step : (sorted[at] as number)); });
}

/** A continuous axis between two positions; `zero` is always on it where bars and areas begin. */
export function linear(values: readonly number[], from: number, to: number, zero: boolean, name = ""): Axis {
  let low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  let high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  if (!values.length) [low, high] = [0, 1];
  if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high) [low, high] = [low - 1, high + 1];
  const scale = scaleLinear().domain([low, high]).range([from, to]).nice(5);
  const whole = values.every(Number.isInteger);
  const code = isCode(name, values);
  const across = to > from;
  let count = Math.max(2, Math.min(across ? 8 : 6, Math.floor(Math.abs(to - from) / (across ? 44 : 34))));
  for (;;) {
    // Between whole numbers there is nothing to name: no half of a year or of a passenger.
    const ticks = scale.ticks(count).filter((tick) => !whole || Number.isInteger(tick));
    const labels = numberLabels(ticks, code);
    const room = Math.abs(to - from) / Math.max(1, ticks.length - 1);
    if (!across || count <= 2 || Math.max(0, ...labels.map(widthOf)) + BETWEEN <= room) {
      return { at: (value) => (isNumber(value) ? scale(value) : null), ticks: ticks.map((tick, i) => ({ at: scale(tick), label: labels[i] as string })), band: 0, slanted: false, context: "" };
    }
    count -= 1;
  }
}

const UNITS: readonly (readonly [number, string])[] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e4, "k"]];

/** Numbers side by side: of one unit, with as many decimals as it takes to say each, and no two alike. */
export function numberLabels(values: readonly number[], code = false): string[] {
  if (code) return values.map((value) => minus(numberText(value)));
  const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const written = (divisor: number, unit: string, most: number): string[] | null => {
    for (let digits = 0; digits <= most; digits += 1) {
      if (!values.every((value) => Math.abs(Number((value / divisor).toFixed(digits)) - value / divisor) <= 1e-9 * (size / divisor))) continue;
      const labels = values.map((value) => (value === 0 ? "0" : grouped(value / divisor, digits) + unit));
      if (new Set(labels).size === new Set(values).size) return labels;
    }
    return null;
  };
  const found = UNITS.find(([least]) => size >= least);
  const divisor = found ? (found[1] === "k" ? 1e3 : found[0]) : 1;
  const far = size >= 1e15 || (size > 0 && size < 1e-4);
  return (far ? null : ((found && written(divisor, found[1], 2)) ?? written(1, "", 8))) ?? values.map((value) => (value === 0 ? "0" : minus(value.toExponential().replace("e+", "e"))));
}

function minus(text: string): string {
  return text.replaceAll("-", "\u2212");
}

/** Labels by the first way of writing them in which no two are alike. */
function distinct<T>(items: readonly T[], ways: readonly ((item: T) => string)[]): string[] {
  for (const way of ways) {
    const labels = items.map(way);
    if (new Set(labels).size === items.length) return labels;
  }
  return items.map(ways.at(-1) ?? String);
}

function dates(values: readonly Value[], width: number): Axis {
  const times = values.map(time).filter(Number.isFinite);
  const low = times.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = times.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const scale = scaleUtc().domain([low, high]).range([0, width]);
  const at = (value: Value): number | null => { const found = scale(time(value)); return Number.isFinite(found) ? found : null; };
  const least = /^\d{4}-\d{2}$/.test(textOf(values[0] ?? null)) ? MONTH : values.every((value) => textOf(value).length <= 10) ? DAY : 0;
  for (let count = Math.max(2, Math.floor(width / 70)); ; count -= 1) {
    const ticks = low === high ? [new Date(low)] : scale.ticks(count).filter((tick) => least === 0 || (tick.getTime() % DAY === 0 && (least === DAY || tick.getUTCDate() === 1)));
    const labels = distinct(ticks, [tickLabel, timeLabel, fullLabel, (tick) => tick.toISOString()]);
    const room = width / Math.max(1, ticks.length - 1);
    if (count <= 2 || Math.max(0, ...labels.map(widthOf)) + BETWEEN <= room) {
      return { at, ticks: ticks.map((tick, i) => ({ at: scale(tick), label: labels[i] as string })), band: 0, slanted: false, context: labels.some((label) => /\d{4}/.test(label)) ? "" : common(low, high) };
    }
  }
}

const DAY = 86_400_000;
const MONTH = 28 * DAY;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function clock(date: Date): string {
  const text = date.toISOString();
  return text.slice(11, date.getUTCMilliseconds() ? 23 : date.getUTCSeconds() ? 19 : 16);
}

function tickLabel(date: Date): string {
  if (date.getTime() % DAY) return clock(date);
  if (date.getUTCDate() > 1) return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return date.getUTCMonth() ? `${MONTHS[date.getUTCMonth()]}` : String(date.getUTCFullYear());
}

/** A moment with its day, whose midnight is the day itself. */
function timeLabel(date: Date): string {
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return date.getTime() % DAY ? `${day} ${clock(date)}` : day;
}

/** A moment with what makes it differ from the same one of another day or year. */
function fullLabel(date: Date): string {
  const [day, month, year] = [date.getUTCDate(), MONTHS[date.getUTCMonth()], date.getUTCFullYear()];
  return date.getTime() % DAY ? `${day} ${month} ${clock(date)}` : day > 1 ? `${day} ${month} ${year}` : `${month} ${year}`;
}

/** The day or the years that moments lie in. */
function common(low: number, high: number): string {
  const [from, to] = [low, high].map((at) => new Date(at).toISOString().slice(0, 10)) as [string, string];
  if (from === to) return dateLabel(from);
  return from.slice(0, 4) === to.slice(0, 4) ? from.slice(0, 4) : `${from.slice(0, 4)}\u2013${to.slice(0, 4)}`;
}

/** A date as people read it: Mar 2015, or 9 Mar 2015. */
export function dateLabel(text: string): string {
  const [year, month, day] = text.slice(0, 10).split("-");
  const name = MONTHS[Number(month) - 1] ?? "";
  return day ? `${Number(day)} ${name} ${year}` : month ? `${name} ${year}` : (year ?? "");
}

/** A text of at most so many characters; what is cut ends in dots. */
export function short(text: string, most = 14): string {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}\u2026` : text;
}
