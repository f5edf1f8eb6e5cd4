// A chart as SVG: the same in the saved picture and in the browser. d3-shape draws the lines.

import { area as areaShape, line as lineShape } from "d3-shape";
import type { Component, Context } from "../reactor/component.ts";
import { grouped, isList, isNumber, isRecord, numberText, textOf, type Value } from "../reactor/expression/index.ts";
import type { Cell, Marks, Rows } from "../reactor/host.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { type Drawing, drawingOf, misfit, places, type Places, type Series } from "./marks.ts";
import { type Axis, dateLabel, isDates, linear, numberLabels, short, widthOf, xAxis } from "./scales.ts";
import { isCode } from "./codes.ts";
import { box, rowsNote } from "./shared.ts";

/** Marks that a chart draws; more than this is a wait and says nothing more. */
const MOST = 5000;
const COLOURS = 8;
/** Names in a legend: more than these are counted. */
const NAMED = 24;
/** Numbers behind a picture that are read out. */
const READ = 200;
/** Room above for the label of the axis, which would else lie on its highest number. */
const LABELLED = 24;
const SPACE = { top: 10, right: 12, bottom: 34, left: 46, slanted: 92, note: 14 };
/** Points are smaller where there are many, so that one can be told from another. */
const RADII = [[200, 3], [1000, 2.4], [Number.POSITIVE_INFINITY, 1.8]] as const;

export const chart: Component = {
  name: "chart", category: "data", doc: "A line, bar, area or scatter chart of rows.", content: "none", events: {}, size: { min: 280, preferred: 560, grow: 1 },
  props: {
    kind: { type: "str", doc: "How values are drawn.", oneOf: ["line", "bar", "area", "scatter"] }, data: { type: "frame", doc: "The rows.", required: true },
    x: { type: "column", doc: "Column across.", required: true }, y: { type: "column", doc: "Column (or columns, separated by commas) upwards.", required: true },
    by: { type: "column", doc: "A column that splits the rows into series." }, title: { type: "str", doc: "Its heading." }, height: { type: "int", least: 40, most: 4000, doc: "Height in pixels (220)." },
    "x-label": { type: "str", doc: "What is across, with its unit." }, "y-label": { type: "str", doc: "What is upwards, with its unit." },
  },
  example: '<chart id="c" kind="line" data="[{m: 1, v: 2}, {m: 2, v: 5}]" x="m" y="v" title="Growth"/>',
  draw: (context) => {
    const width = context.host.cell(560);
    const hover = context.host.cell<number | null>(null);
    const placed = places();
    const plot = context.host.memo(() => prepare(context, placed, width.get()));
    const mounted = (element: Observable): (() => void) => watchWidth(element, width);
    const head = h("div", { class: "nx-chart-head" }, [h("span", { class: "nx-card-title" }, [() => context.str("title")]), tools(context, placed, plot)]);
    const canvas = h("div", { class: "nx-chart-canvas", style: () => `height:${plot().outerHeight}px` }, [dynamic(() => drawPlot(context, plot(), hover)), dynamic(() => tooltip(plot(), hover.get()))], { mounted: mounted as never });
    return box(context, "figure", "chart", [head, canvas, legend(plot), rowsNote(context, context.query("data")), dynamic(() => hiddenTable(plot()))], { "data-stale": () => rowsOf(context)?.stale ?? false });
  },
};

interface Plot {
  readonly ready: boolean;
  readonly kind: string;
  readonly asked: Marks;
  readonly drawing: Drawing;
  /** What is in the place of the picture, as a sentence. */
  readonly instead: { readonly text: string; readonly failed: boolean } | null;
  /** Values across, each once, which the pointer goes along; of points, each of them. */
  readonly stops: readonly Stop[];
  readonly x: Axis;
  readonly y: Axis;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly outerHeight: number;
  readonly outerWidth: number;
  readonly notes: readonly string[];
  readonly dated: boolean;
  readonly xLabel: string;
  /** The time zone of what is across, where its column has one. */
  readonly zone: string;
}

/** What stands at one place across. */
interface Stop {
  readonly x: Value;
  readonly values: readonly { readonly series: Series; readonly y: number | null }[];
}

interface Observable {
  readonly clientWidth: number;
  querySelector(selector: string): unknown;
}

function watchWidth(element: Observable, width: Cell<number>): () => void {
  const Observer = (globalThis as unknown as { ResizeObserver?: new (call: () => void) => { observe(target: unknown): void; disconnect(): void } }).ResizeObserver;
  if (!Observer) return () => {};
  const observer = new Observer(() => { if (element.clientWidth > 0) width.set(element.clientWidth); });
  observer.observe(element);
  return () => observer.disconnect();
}

function askedOf(context: Context): Marks {
  const kind = context.str("kind", "line");
  const y = context.str("y").split(",").map((name) => name.trim()).filter(Boolean);
  return { kind: kind === "bar" ? "bars" : kind === "scatter" ? "points" : "line", x: context.str("x"), y, by: context.str("by") || null, most: MOST };
}

function rowsOf(context: Context): Rows | undefined {
  const query = context.query("data");
  if (query !== null) return context.host.page(query, 0, MOST, [], askedOf(context));
  const value = context.prop("data");
  const rows = (isList(value) ? value : []).filter(isRecord);
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return { rows, total: rows.length, columns: [...names].map((name) => ({ name, type: "any" })), stale: false };
}

function prepare(context: Context, placed: (groups: readonly Value[]) => Places, outerWidth: number): Plot {
  const rows = rowsOf(context);
  const kind = context.str("kind", "line");
  const asked = askedOf(context);
  const problem = rows ? misfit(rows, asked) : null;
  const drawing: Drawing = rows && problem === null ? drawingOf(rows, asked, placed(rows.drawn?.groups ?? [])) : { series: [], notes: [], whole: true };
  const xs = drawing.series.flatMap((series) => series.points.map((point) => point.x));
  const values = drawing.series.flatMap((series) => series.points.flatMap((point) => (point.y === null ? [] : [point.y])));
  const instead = problem !== null ? { text: problem, failed: true } : values.length ? null : { text: rows?.total ? `Nothing to draw: no row has both ${asked.x} and ${asked.y.join(" or ")}.` : rows?.absent ? (context.host.failure ? "There are no rows to draw." : rows.absent) : "No data to draw. Change the filter to see some.", failed: false };
  const notes = instead ? [] : drawing.notes.flatMap((note) => wrapped(note, outerWidth - 8));
  const outerHeight = Math.max(120, context.num("height", 220)) + notes.length * SPACE.note;
  const top = context.has("y-label") ? LABELLED : SPACE.top;
  const upwards = (height: number): Axis => linear(values, height, 0, kind === "bar" || kind === "area");
  const widest = (axis: Axis): number => axis.ticks.reduce((most, tick) => Math.max(most, widthOf(tick.label)), 0);
  const across = (left: number, right: number): Axis => xAxis(xs, Math.max(120, outerWidth - left - right), kind === "bar", asked.x ?? "");
  let left: number = SPACE.left;
  let right: number = SPACE.right;
  const first = across(left, right);
  const bottom = (first.slanted ? SPACE.bottom - 4 + Math.min(SPACE.slanted, widest(first)) * 0.65 : SPACE.bottom) + notes.length * SPACE.note;
  const height = Math.max(60, outerHeight - top - bottom);
  const y = upwards(height);
  left = Math.max(left, Math.ceil(widest(y)) + 14, first.slanted ? Math.min(90, Math.ceil(widthOf(first.ticks[0]?.label ?? "") * 0.77)) : 0);
  const end = first.ticks.at(-1);
  if (end && !first.slanted) right = Math.max(right, Math.ceil(end.at + widthOf(end.label) / 2 - (outerWidth - SPACE.left - SPACE.right)) + 4);
  const width = Math.max(120, outerWidth - left - right);
  const x = across(left, right);
  return {
    ready: rows !== undefined, kind, asked, drawing, instead, stops: stopsOf(drawing, kind), x, y, width, height, left, right, top, outerHeight, outerWidth: width + left + right, notes,
    dated: isDates(xs), xLabel: context.str("x-label", asked.x ?? ""),
    zone: rows?.columns.find((column) => column.name === asked.x)?.zone ?? "",
  };
}

/** A sentence in lines that fit into a width, since a picture has no other. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(`${line} ${word}`) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function stopsOf({ series }: Drawing, kind: string): Stop[] {
  if (kind === "scatter") return series.flatMap((one) => one.points.map(({ x, y }) => ({ x, values: [{ series: one, y }] })));
  const found = new Map<string, { x: Value; values: { series: Series; y: number | null }[] }>();
  for (const one of series) {
    for (const { x, y } of one.points) {
      const key = textOf(x);
      let stop = found.get(key);
      if (!stop) {
        stop = { x, values: [] };
        found.set(key, stop);
      }
      stop.values.push({ series: one, y });
    }
  }
  return [...found.values()];
}

function drawPlot(context: Context, plot: Plot, hover: Cell<number | null>): VChild {
  if (!plot.ready) return h("div", { class: "nx-skeleton nx-chart-skeleton", "aria-busy": "true" });
  if (plot.instead) return plot.instead.failed ? h("div", { class: "nx-failure", role: "alert" }, [plot.instead.text]) : h("div", { class: "nx-empty" }, [plot.instead.text]);
  const { outerWidth, outerHeight } = plot;
  const move = (event: Pointing): void => {
    const scale = outerWidth / (event.currentTarget.clientWidth || outerWidth);
    hover.set(nearest(plot, event.offsetX * scale - plot.left, event.offsetY * scale - plot.top));
  };
  const marks = h("g", { transform: `translate(${plot.left},${plot.top})` }, [
    ...plot.y.ticks.map((tick) => h("g", { class: "nx-grid-line" }, [h("line", { x1: 0, x2: plot.width, y1: px(tick.at), y2: px(tick.at) }), h("text", { x: -8, y: px(tick.at), dy: "0.32em", "text-anchor": "end" }, [tick.label])])),
    ...plot.x.ticks.map((tick) => acrossLabel(plot, px(tick.at), tick.label)),
    h("line", { class: "nx-axis", x1: 0, x2: plot.width, y1: plot.height, y2: plot.height }),
    ...plot.drawing.series.flatMap((series, i) => drawSeries(plot, series, i)),
    dynamic(() => crosshair(plot, hover.get())),
  ]);
  const under = outerHeight - plot.notes.length * SPACE.note;
  const named = [context.has("x-label") || !plot.dated ? plot.xLabel : "", plot.x.context, plot.zone].filter(Boolean).join(", ");
  const label = `${context.str("kind", "line")} chart ${context.str("title")}: ${context.str("y")} by ${context.str("x")}`;
  const yLabel = context.has("y-label") ? [h("text", { class: "nx-axis-label", x: 4, y: 10 }, [context.str("y-label")])] : [];
  const notes = plot.notes.map((note, i) => h("text", { class: "nx-chart-note", x: 4, y: under + 10 + i * SPACE.note }, [note]));
  return h("svg", { viewBox: `0 0 ${outerWidth} ${outerHeight}`, role: "img", "aria-label": [label, ...plot.drawing.notes].join(". "), preserveAspectRatio: "xMidYMid meet" }, [
    marks, h("text", { class: "nx-axis-label", x: outerWidth - plot.right, y: px(under - 3), "text-anchor": "end" }, [named]), ...yLabel, ...notes,
  ], { on: { mousemove: move as never, mouseleave: () => hover.set(null) } });
}

interface Pointing {
  readonly offsetX: number;
  readonly offsetY: number;
  readonly currentTarget: { readonly clientWidth: number };
}

function acrossLabel(plot: Plot, at: number, label: string): VChild {
  const y = plot.height + 16;
  if (!plot.x.slanted) return h("text", { class: "nx-tick", x: at, y, "text-anchor": "middle" }, [label]);
  return h("text", { class: "nx-tick", x: at + 3, y: y - 4, "text-anchor": "end", transform: `rotate(-40 ${at + 3} ${y - 4})` }, [label]);
}

function colourOf(series: Series): string {
  return `nx-series-${series.place % COLOURS}`;
}

function drawSeries(plot: Plot, series: Series, index: number): VChild[] {
  const colour = colourOf(series);
  const points = series.points.map(({ x, y }): [number, number] | null => {
    const [left, top] = [plot.x.at(x), plot.y.at(y)];
    return left === null || top === null ? null : [left, top];
  });
  if (plot.kind === "bar") return bars(plot, points, index, colour);
  if (plot.kind === "scatter") {
    const radius = RADII.find(([most]) => plot.stops.length <= most)?.[1] ?? 3;
    return points.filter((point) => point !== null).map(([x, y]) => h("circle", { class: `nx-dot ${colour}`, cx: px(x), cy: px(y), r: radius }));
  }
  const line = lineShape<[number, number] | null>().defined((point) => point !== null).x((point) => px(point?.[0] ?? 0)).y((point) => px(point?.[1] ?? 0));
  const drawn: VChild[] = [];
  if (plot.kind === "area") {
    const area = areaShape<[number, number] | null>().defined((point) => point !== null).x((point) => px(point?.[0] ?? 0)).y0(px(plot.y.at(0) ?? plot.height)).y1((point) => px(point?.[1] ?? 0));
    drawn.push(h("path", { class: `nx-area ${colour}`, d: area(points) ?? "" }));
  }
  drawn.push(h("path", { class: `nx-line ${colour}`, d: line(points) ?? "" }));
  // A line through one point alone is invisible.
  const alone = points.filter((point, i) => point !== null && !points[i - 1] && !points[i + 1]);
  return [...drawn, ...alone.map((point) => h("circle", { class: `nx-dot nx-alone ${colour}`, cx: px(point?.[0] ?? 0), cy: px(point?.[1] ?? 0), r: 2 }))];
}

function bars(plot: Plot, points: readonly ([number, number] | null)[], index: number, colour: string): VChild[] {
  const width = plot.x.band / plot.drawing.series.length;
  const base = plot.y.at(0) ?? plot.height;
  return points.filter((point) => point !== null).map(([x, y]) => h("rect", { class: `nx-bar-mark ${colour}`, x: px(x - plot.x.band / 2 + index * width), y: px(Math.min(y, base)), width: px(Math.max(1, width - 1)), height: px(Math.max(0.5, Math.abs(base - y))), rx: 1.5 }));
}

/** Coordinates to a tenth of a pixel: short texts, equal in all engines. */
function px(value: number): number {
  return Math.round(value * 10) / 10;
}

/** What is nearest to the pointer: across, or, among points, in every direction. */
function nearest(plot: Plot, x: number, y: number): number | null {
  let best: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  plot.stops.forEach((stop, i) => {
    const across = Math.abs((plot.x.at(stop.x) ?? Number.POSITIVE_INFINITY) - x);
    const upwards = plot.kind === "scatter" ? Math.abs((plot.y.at(stop.values[0]?.y ?? null) ?? Number.POSITIVE_INFINITY) - y) : 0;
    const distance = Math.hypot(across, upwards);
    if (distance < least) {
      least = distance;
      best = i;
    }
  });
  return best;
}

function crosshair(plot: Plot, index: number | null): VChild | null {
  const stop = index === null ? undefined : plot.stops[index];
  const x = stop ? plot.x.at(stop.x) : null;
  if (!stop || x === null) return null;
  const dots = plot.kind === "bar" ? [] : stop.values.flatMap(({ series, y }) => {
    const at = plot.y.at(y);
    return at === null ? [] : [h("circle", { class: `nx-hover-dot ${colourOf(series)}`, cx: px(x), cy: px(at), r: 4 })];
  });
  return h("g", {}, [h("line", { class: "nx-crosshair", x1: px(x), x2: px(x), y1: 0, y2: plot.height }), ...dots]);
}

/** Lines of a tooltip: as many as stand over a chart. */
const TIPS = 12;

function tooltip(plot: Plot, index: number | null): VChild | null {
  const stop = index === null ? undefined : plot.stops[index];
  const x = stop ? plot.x.at(stop.x) : null;
  if (!stop || x === null) return null;
  const side = x > plot.width / 2 ? `right:${px(plot.width - x + plot.right + 10)}px` : `left:${px(x + plot.left + 10)}px`;
  const lines = stop.values.slice(0, TIPS).map(({ series, y }) => h("div", {}, [h("span", { class: `nx-key ${colourOf(series)}` }), `${series.name.replaceAll("_", " ")} `, h("strong", {}, [valueText(y)])]));
  const rest = stop.values.length - TIPS;
  return h("div", { class: "nx-tooltip", style: side, role: "status" }, [h("div", { class: "nx-tooltip-title" }, [positionText(plot, stop.x)]), ...lines, ...(rest > 0 ? [h("div", {}, [`and ${rest} more`])] : [])]);
}

function positionText(plot: Plot, x: Value): string {
  const text = textOf(x);
  if (isNumber(x)) return isCode(plot.asked.x ?? "", [x]) ? (numberLabels([x], true)[0] ?? text) : valueText(x);
  return plot.dated ? `${dateLabel(text)}${/T(?!00:00)/.test(text) ? ` ${text.slice(11, 16)}` : ""}` : text;
}

function valueText(value: number | null): string {
  return value === null ? "\u2013" : Number.isInteger(value) ? grouped(value, 0) : Math.abs(value) < 0.01 ? (numberLabels([value])[0] ?? "") : grouped(value, Math.abs(value) < 10 ? 2 : 1);
}

function legend(plot: () => Plot): VChild {
  return dynamic(() => {
    const { series } = plot().drawing;
    // Where groups split the rows, a single one that is left is still named.
    if (series.length < (plot().asked.by === null ? 2 : 1)) return null;
    const shown = series.slice(0, NAMED).map((one) => h("span", {}, [h("span", { class: `nx-key ${colourOf(one)}` }), short(one.name.replaceAll("_", " "), 28)]));
    return h("div", { class: "nx-legend" }, [...shown, ...(series.length > NAMED ? [h("span", {}, [`and ${grouped(series.length - NAMED, 0)} more`])] : [])]);
  });
}

/** The numbers behind the picture: a column for each series, or a line for each point where they do not share their places. */
function tableOf(drawing: Drawing, asked: Marks): { readonly head: readonly string[]; readonly lines: readonly (readonly Value[])[] } {
  const x = asked.x ?? "";
  const shared = asked.kind !== "points" && drawing.series.every((series) => new Set(series.points.map((point) => textOf(point.x))).size === series.points.length);
  if (shared) {
    const columns = drawing.series.map((series) => new Map(series.points.map((point) => [textOf(point.x), point.y])));
    return { head: [x, ...drawing.series.map((series) => series.name)], lines: stopsOf(drawing, "").map((stop) => [stop.x, ...columns.map((column) => column.get(textOf(stop.x)) ?? null)]) };
  }
  const split = asked.by !== null || drawing.series.length > 1;
  const upwards = asked.by === null && drawing.series.length > 1 ? "value" : asked.y.join(", ");
  return { head: [x, ...(split ? [asked.by ?? "series"] : []), upwards], lines: drawing.series.flatMap((series) => series.points.map((point) => [point.x, ...(split ? [series.name] : []), point.y])) };
}

/** The numbers behind the picture, for screen readers. */
function hiddenTable(plot: Plot): VChild | null {
  if (!plot.stops.length || plot.stops.length > READ) return null;
  const { head, lines } = tableOf(plot.drawing, plot.asked);
  // A table cannot be made smaller than its words; what is around it can.
  return h("div", { class: "nx-hidden" }, [h("table", {}, [h("thead", {}, [h("tr", {}, head.map((name, i) => h("th", {}, [i ? name : plot.xLabel])))]), h("tbody", {}, lines.map((line) => h("tr", {}, line.map((value) => h("td", {}, [cellText(value)])))))])]);
}

function cellText(value: Value): string {
  return isNumber(value) ? numberText(value) : textOf(value);
}

function tools(context: Context, placed: (groups: readonly Value[]) => Places, plot: () => Plot): VChild {
  if (!context.host.download) return "";
  const name = (context.str("title") || context.id).replace(/[^A-Za-z0-9_-]+/g, "-").toLowerCase();
  const csv = (): void => void numbersOf(context, placed, plot()).then(({ text, part }) => context.host.download?.(`${name}${part}.csv`, "text/csv", text));
  const svg = (event: { readonly currentTarget: { closest(selector: string): { querySelector(selector: string): { readonly outerHTML: string } | null } | null } }): void => {
    const picture = event.currentTarget.closest("[data-id]")?.querySelector("svg");
    if (picture) context.host.download?.(`${name}.png`, "image/svg+xml", picture.outerHTML);
  };
  const tool = (label: string, click: unknown): VChild => h("button", { class: "nx-tool", type: "button", title: `Download as ${label}` }, [label], { on: { click: click as never } });
  return h("span", { class: "nx-tools" }, [tool("PNG", svg), tool("CSV", csv)]);
}

/** The numbers behind a picture as CSV: of all rows where they can be had, else those that are drawn, which the name says. */
async function numbersOf(context: Context, placed: (groups: readonly Value[]) => Places, plot: Plot): Promise<{ readonly text: string; readonly part: string }> {
  const query = context.query("data");
  if (plot.drawing.whole) return { text: csvOf(plot.drawing, plot.asked), part: "" };
  const all = { ...plot.asked, most: Number.POSITIVE_INFINITY };
  const rows = query === null ? rowsOf(context) : await context.host.every?.(query).catch(() => undefined);
  if (!rows) return { text: csvOf(plot.drawing, plot.asked), part: "-as-drawn" };
  return { text: csvOf(drawingOf(rows, all, placed([])), all), part: rows.rows.length < rows.total ? `-first-${rows.rows.length}-of-${rows.total}-rows` : "" };
}

function csvOf(drawing: Drawing, asked: Marks): string {
  const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const { head, lines } = tableOf(drawing, asked);
  return [head, ...lines.map((line) => line.map(cellText))].map((line) => line.map(quote).join(",")).join("\n");
}
