// A chart as SVG: the same in the saved picture and in the browser. d3-shape draws the lines.

import { area as areaShape, line as lineShape } from "d3-shape";
import type { Component, Context } from "../reactor/component.ts";
import { grouped, isList, isNumber, isRecord, numberText, textOf, type Value } from "../reactor/expression/index.ts";
import type { Cell, Row, Thin } from "../reactor/host.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { type Axis, dateLabel, isDates, linear, short, xAxis } from "./scales.ts";
import { box, waitingNote } from "./shared.ts";

/** Rows that a chart takes; more points than pixels say nothing more. */
const MOST = 5000;
/** Parts of a long line: about as many as a chart has pixels across, since each part has several points. */
const PARTS = 400;
const COLOURS = 8;
/** Room above for the label of the axis, which would else lie on its highest number. */
const LABELLED = 24;
const SPACE = { top: 10, right: 12, bottom: 34, left: 46 };

export const chart: Component = {
  name: "chart", category: "data", doc: "A line, bar, area or scatter chart of rows.", content: "none", events: {}, size: { min: 280, preferred: 560, grow: 1 },
  props: {
    kind: { type: "str", doc: "How values are drawn.", oneOf: ["line", "bar", "area", "scatter"] }, data: { type: "frame", doc: "The rows.", required: true },
    x: { type: "column", doc: "Column across.", required: true }, y: { type: "column", doc: "Column (or columns, separated by commas) upwards.", required: true },
    by: { type: "column", doc: "A column that splits the rows into series." }, title: { type: "str", doc: "Its heading." }, height: { type: "int", doc: "Height in pixels (220)." },
    "x-label": { type: "str", doc: "What is across, with its unit." }, "y-label": { type: "str", doc: "What is upwards, with its unit." },
  },
  example: '<chart id="c" kind="line" data="[{m: 1, v: 2}, {m: 2, v: 5}]" x="m" y="v" title="Growth"/>',
  draw: (context) => {
    const width = context.host.cell(560);
    const hover = context.host.cell<number | null>(null);
    const plot = context.host.memo(() => prepare(context, width.get()));
    const mounted = (element: Observable): (() => void) => watchWidth(element, width);
    const head = h("div", { class: "nx-chart-head" }, [h("span", { class: "nx-card-title" }, [() => context.str("title")]), tools(context, plot)]);
    const canvas = h("div", { class: "nx-chart-canvas", style: () => `height:${context.num("height", 220)}px` }, [dynamic(() => drawPlot(context, plot(), hover)), dynamic(() => tooltip(plot(), hover.get()))], { mounted: mounted as never });
    const query = context.query("data");
    return box(context, "figure", "chart", [head, canvas, legend(plot), waitingNote(context, query), dynamic(() => hiddenTable(plot()))], { "data-stale": () => query !== null && (context.host.page(query, 0, MOST, [], thinning(context))?.stale ?? false) });
  },
};

interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

interface Plot {
  readonly ready: boolean;
  readonly kind: string;
  readonly xs: readonly Value[];
  readonly series: readonly Series[];
  readonly x: Axis;
  readonly y: Axis;
  readonly width: number;
  readonly height: number;
  readonly top: number;
  readonly dated: boolean;
  readonly xLabel: string;
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

function rowsOf(context: Context): readonly Row[] | undefined {
  const query = context.query("data");
  if (query !== null) return context.host.page(query, 0, MOST, [], thinning(context))?.rows;
  const value = context.prop("data");
  return (isList(value) ? value : []).filter(isRecord);
}

/** Bars and series are drawn as they are: which of their rows matter cannot be told by one column. */
function thinning(context: Context): Thin | null {
  if (context.str("kind", "line") === "bar" || context.has("by")) return null;
  return { parts: PARTS, columns: context.str("y").split(",").map((name) => name.trim()).filter(Boolean).slice(0, 8) };
}

function prepare(context: Context, outer: number): Plot {
  const rows = rowsOf(context);
  const kind = context.str("kind", "line");
  const x = context.str("x");
  const { xs, series } = split(rows ?? [], x, context.str("y").split(",").map((name) => name.trim()), context.str("by"));
  const width = Math.max(120, outer - SPACE.left - SPACE.right);
  const top = context.has("y-label") ? LABELLED : SPACE.top;
  const height = Math.max(60, context.num("height", 220) - top - SPACE.bottom);
  const all = series.flatMap((one) => one.values.filter((value) => value !== null));
  return {
    ready: rows !== undefined, kind, xs, series, x: xAxis(xs, width, kind === "bar"), y: linear(all, height, 0, kind === "bar" || kind === "area"), width, height, top,
    dated: isDates(xs), xLabel: context.str("x-label", x),
  };
}

/** Rows to series over common positions, in the order they come. */
function split(rows: readonly Row[], x: string, ys: readonly string[], by: string): { xs: Value[]; series: Series[] } {
  const number = (value: Value | undefined): number | null => (isNumber(value) ? value : null);
  if (!by) return { xs: rows.map((row) => row[x] ?? null), series: ys.map((y) => ({ name: y, values: rows.map((row) => number(row[y])) })) };
  const xs: Value[] = [];
  const positions = new Map<string, number>();
  const found = new Map<string, (number | null)[]>();
  for (const row of rows) {
    const key = textOf(row[x] ?? null);
    if (!positions.has(key)) {
      positions.set(key, xs.length);
      xs.push(row[x] ?? null);
    }
    const name = textOf(row[by] ?? null);
    const values = found.get(name) ?? [];
    values[positions.get(key) as number] = number(row[ys[0] ?? ""]);
    found.set(name, values);
  }
  return { xs, series: [...found].map(([name, values]) => ({ name, values: xs.map((_, i) => values[i] ?? null) })) };
}

function drawPlot(context: Context, plot: Plot, hover: Cell<number | null>): VChild {
  if (!plot.ready) return h("div", { class: "nx-skeleton nx-chart-skeleton", "aria-busy": "true" });
  if (!plot.xs.length) return h("div", { class: "nx-empty" }, ["No data to draw. Change the filter to see some."]);
  const outerWidth = plot.width + SPACE.left + SPACE.right;
  const outerHeight = plot.height + plot.top + SPACE.bottom;
  const move = (event: { readonly offsetX: number; readonly currentTarget: { readonly clientWidth: number } }): void => hover.set(nearestIndex(plot, (event.offsetX * outerWidth) / (event.currentTarget.clientWidth || outerWidth) - SPACE.left));
  const marks = h("g", { transform: `translate(${SPACE.left},${plot.top})` }, [
    ...plot.y.ticks.map((tick) => h("g", { class: "nx-grid-line" }, [h("line", { x1: 0, x2: plot.width, y1: px(tick.at), y2: px(tick.at) }), h("text", { x: -8, y: px(tick.at), dy: "0.32em", "text-anchor": "end" }, [tick.label])])),
    ...plot.x.ticks.map((tick) => h("text", { class: "nx-tick", x: px(tick.at), y: plot.height + 16, "text-anchor": "middle" }, [tick.label])),
    h("line", { class: "nx-axis", x1: 0, x2: plot.width, y1: plot.height, y2: plot.height }),
    ...plot.series.flatMap((series, i) => drawSeries(plot, series, i)),
    dynamic(() => crosshair(plot, hover.get())),
    h("text", { class: "nx-axis-label", x: plot.width, y: plot.height + 31, "text-anchor": "end" }, [context.has("x-label") ? context.str("x-label") : plot.dated ? "" : plot.xLabel]),
  ]);
  const label = `${context.str("kind", "line")} chart ${context.str("title")}: ${context.str("y")} by ${context.str("x")}`;
  const yLabel = context.has("y-label") ? [h("text", { class: "nx-axis-label", x: 4, y: 10 }, [context.str("y-label")])] : [];
  return h("svg", { viewBox: `0 0 ${outerWidth} ${outerHeight}`, role: "img", "aria-label": label, preserveAspectRatio: "xMidYMid meet" }, [marks, ...yLabel], { on: { mousemove: move as never, mouseleave: () => hover.set(null) } });
}

function drawSeries(plot: Plot, series: Series, index: number): VChild[] {
  const colour = `nx-series-${index % COLOURS}`;
  const points = plot.xs.map((x, i): [number, number] | null => {
    const [left, top] = [plot.x.at(x), plot.y.at(series.values[i] ?? null)];
    return left === null || top === null ? null : [left, top];
  });
  if (plot.kind === "bar") return bars(plot, points, index, colour);
  if (plot.kind === "scatter") return points.filter((point) => point !== null).map(([x, y]) => h("circle", { class: `nx-dot ${colour}`, cx: px(x), cy: px(y), r: 3 }));
  const line = lineShape<[number, number] | null>().defined((point) => point !== null).x((point) => px(point?.[0] ?? 0)).y((point) => px(point?.[1] ?? 0));
  const drawn: VChild[] = [];
  if (plot.kind === "area") {
    const area = areaShape<[number, number] | null>().defined((point) => point !== null).x((point) => px(point?.[0] ?? 0)).y0(px(plot.y.at(0) ?? plot.height)).y1((point) => px(point?.[1] ?? 0));
    drawn.push(h("path", { class: `nx-area ${colour}`, d: area(points) ?? "" }));
  }
  drawn.push(h("path", { class: `nx-line ${colour}`, d: line(points) ?? "" }));
  return drawn;
}

function bars(plot: Plot, points: readonly ([number, number] | null)[], index: number, colour: string): VChild[] {
  const width = plot.x.band / plot.series.length;
  const base = plot.y.at(0) ?? plot.height;
  return points.filter((point) => point !== null).map(([x, y]) => h("rect", { class: `nx-bar-mark ${colour}`, x: px(x - plot.x.band / 2 + index * width), y: px(Math.min(y, base)), width: px(Math.max(1, width - 1)), height: px(Math.max(0.5, Math.abs(base - y))), rx: 1.5 }));
}

/** Coordinates to a tenth of a pixel: short texts, equal in all engines. */
function px(value: number): number {
  return Math.round(value * 10) / 10;
}

function nearestIndex(plot: Plot, x: number): number | null {
  let best: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  plot.xs.forEach((value, i) => {
    const distance = Math.abs((plot.x.at(value) ?? Number.POSITIVE_INFINITY) - x);
    if (distance < least) {
      least = distance;
      best = i;
    }
  });
  return best;
}

function crosshair(plot: Plot, index: number | null): VChild | null {
  const x = index === null ? null : plot.x.at(plot.xs[index] ?? null);
  if (x === null || index === null) return null;
  const dots = plot.series.flatMap((series, i) => {
    const y = plot.y.at(series.values[index] ?? null);
    return y === null || plot.kind === "bar" ? [] : [h("circle", { class: `nx-hover-dot nx-series-${i % COLOURS}`, cx: px(x), cy: px(y), r: 4 })];
  });
  return h("g", {}, [h("line", { class: "nx-crosshair", x1: px(x), x2: px(x), y1: 0, y2: plot.height }), ...dots]);
}

function tooltip(plot: Plot, index: number | null): VChild | null {
  const x = index === null ? null : plot.x.at(plot.xs[index] ?? null);
  if (x === null || index === null) return null;
  const side = x > plot.width / 2 ? `right:${px(plot.width - x + SPACE.right + 10)}px` : `left:${px(x + SPACE.left + 10)}px`;
  const lines = plot.series.map((series, i) => h("div", {}, [h("span", { class: `nx-key nx-series-${i % COLOURS}` }), `${series.name.replaceAll("_", " ")} `, h("strong", {}, [valueText(series.values[index] ?? null)])]));
  return h("div", { class: "nx-tooltip", style: side, role: "status" }, [h("div", { class: "nx-tooltip-title" }, [positionText(plot, index)]), ...lines]);
}

function positionText(plot: Plot, index: number): string {
  const text = textOf(plot.xs[index] ?? null);
  return plot.dated ? `${dateLabel(text)}${/T(?!00:00)/.test(text) ? ` ${text.slice(11, 16)}` : ""}` : text;
}

function valueText(value: number | null): string {
  return value === null ? "\u2013" : Number.isInteger(value) ? grouped(value, 0) : grouped(value, Math.abs(value) < 10 ? 2 : 1);
}

function legend(plot: () => Plot): VChild {
  return dynamic(() => {
    const { series } = plot();
    if (series.length < 2) return null;
    return h("div", { class: "nx-legend" }, series.map((one, i) => h("span", {}, [h("span", { class: `nx-key nx-series-${i % COLOURS}` }), short(one.name.replaceAll("_", " "))])));
  });
}

/** The numbers behind the picture, for screen readers. */
function hiddenTable(plot: Plot): VChild | null {
  if (!plot.xs.length || plot.xs.length > 200) return null;
  const head = h("tr", {}, [h("th", {}, [plot.xLabel]), ...plot.series.map((series) => h("th", {}, [series.name]))]);
  const lines = plot.xs.map((x, i) => h("tr", {}, [h("td", {}, [textOf(x)]), ...plot.series.map((series) => h("td", {}, [series.values[i] === null ? "" : numberText(series.values[i] ?? 0)]))]));
  return h("table", { class: "nx-hidden" }, [h("thead", {}, [head]), h("tbody", {}, lines)]);
}

function tools(context: Context, plot: () => Plot): VChild {
  if (!context.host.download) return "";
  const name = (context.str("title") || context.id).replace(/[^A-Za-z0-9_-]+/g, "-").toLowerCase();
  const csv = (): void => context.host.download?.(`${name}.csv`, "text/csv", csvOf(plot()));
  const svg = (event: { readonly currentTarget: { closest(selector: string): { querySelector(selector: string): { readonly outerHTML: string } | null } | null } }): void => {
    const picture = event.currentTarget.closest("[data-id]")?.querySelector("svg");
    if (picture) context.host.download?.(`${name}.png`, "image/svg+xml", picture.outerHTML);
  };
  const tool = (label: string, click: unknown): VChild => h("button", { class: "nx-tool", type: "button", title: `Download as ${label}` }, [label], { on: { click: click as never } });
  return h("span", { class: "nx-tools" }, [tool("PNG", svg), tool("CSV", csv)]);
}

function csvOf(plot: Plot): string {
  const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = [plot.xLabel, ...plot.series.map((series) => series.name)].map(quote).join(",");
  return [head, ...plot.xs.map((x, i) => [textOf(x), ...plot.series.map((series) => (series.values[i] === null ? "" : numberText(series.values[i] ?? 0)))].map(quote).join(","))].join("\n");
}
