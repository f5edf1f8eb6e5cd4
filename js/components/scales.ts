// Scales of a chart: what a column's values are, and where they stand. d3-scale in UTC and without locales.

import { scaleBand, scaleLinear, scaleUtc } from "d3-scale";
import { compact, isNumber, textOf, type Value } from "../reactor/expression/index.ts";

export interface Axis {
  /** Position of a value in pixels, the middle for bands. */
  at(value: Value): number | null;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  /** Width of a band in pixels; 0 for continuous axes. */
  readonly band: number;
}

/** Bars of numbers beyond which those that are not there get no room. */
const MOST_BANDS = 120;
const DATE = /^\d{4}(-\d{2}(-\d{2}(T.*)?)?)?$/;

export function isDates(values: readonly Value[]): boolean {
  return values.length > 0 && values.every((value) => typeof value === "string" && DATE.test(value) && value.length >= 7);
}

export function time(value: Value): number {
  const text = textOf(value);
  return Date.parse(text.length === 7 ? `${text}-01T00:00:00Z` : text.length === 10 ? `${text}T00:00:00Z` : /[Z+]/.test(text.slice(10)) ? text : `${text}Z`);
}

export function xAxis(values: readonly Value[], width: number, bars: boolean): Axis {
  const numeric = values.every((value) => isNumber(value));
  if (!bars && numeric && values.length) return linear(values as readonly number[], 0, width, false);
  if (!bars && isDates(values)) return dates(values, width);
  const keys = numeric ? evenly(values as readonly number[]) : [...new Set(values.map(textOf))];
  const scale = scaleBand<string>().domain(keys).range([0, width]).padding(0.22);
  const every = Math.max(1, Math.ceil((keys.length * 46) / Math.max(width, 1)));
  const months = isDates(values);
  const ticks = keys.filter((_, i) => i % every === 0).map((key) => ({ at: (scale(key) ?? 0) + scale.bandwidth() / 2, label: months ? dateLabel(key) : short(key) }));
  return { at: (value) => { const start = scale(textOf(value)); return start === undefined ? null : start + scale.bandwidth() / 2; }, ticks, band: scale.bandwidth() };
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

export function linear(values: readonly number[], from: number, to: number, zero: boolean): Axis {
  let low = values.length ? Math.min(...values) : 0;
  let high = values.length ? Math.max(...values) : 1;
  if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high) [low, high] = [low - 1, high + 1];
  const scale = scaleLinear().domain([low, high]).range([from, to]).nice(5);
  const count = Math.max(2, Math.min(6, Math.floor(Math.abs(to - from) / 44)));
  return { at: (value) => (isNumber(value) ? scale(value) : null), ticks: scale.ticks(count).map((tick) => ({ at: scale(tick), label: compact(tick) })), band: 0 };
}

function dates(values: readonly Value[], width: number): Axis {
  const times = values.map(time);
  const scale = scaleUtc().domain([Math.min(...times), Math.max(...times)]).range([0, width]);
  const ticks = scale.ticks(Math.max(2, Math.floor(width / 90))).map((tick) => ({ at: scale(tick), label: tickLabel(tick) }));
  return { at: (value) => { const at = scale(time(value)); return Number.isFinite(at) ? at : null; }, ticks, band: 0 };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function tickLabel(date: Date): string {
  if (date.getUTCHours() || date.getUTCMinutes()) return date.toISOString().slice(11, 16);
  if (date.getUTCDate() > 1) return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return date.getUTCMonth() ? `${MONTHS[date.getUTCMonth()]}` : String(date.getUTCFullYear());
}

/** A date as people read it: Mar 2015, or 9 Mar 2015. */
export function dateLabel(text: string): string {
  const [year, month, day] = text.slice(0, 10).split("-");
  const name = MONTHS[Number(month) - 1] ?? "";
  return day ? `${Number(day)} ${name} ${year}` : month ? `${name} ${year}` : (year ?? "");
}

export function short(text: string): string {
  return text.length > 14 ? `${text.slice(0, 13)}\u2026` : text;
}
