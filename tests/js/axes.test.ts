// Axes and columns of numbers: each label once, years as years, times as times, missing values as none.

import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { linear, numberLabels, xAxis } from "../../js/components/scales.ts";
import { PageTransport } from "../../js/export/transport.ts";
import type { Value } from "../../js/reactor/expression/index.ts";
import { render } from "../../js/reactor/drawing.ts";
import { check } from "../../js/reactor/index.ts";
import { PanelData } from "../../js/runtime/data.ts";
import { NOTHING } from "./samples.ts";

const range = (from: number, to: number, step = 1): number[] => Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
const days = (from: string, count: number, step = 86_400_000): string[] => range(0, count - 1).map((i) => new Date(Date.parse(from) + i * step).toISOString().replace("T00:00:00.000Z", "").replace(".000Z", "Z"));
const escaped = (data: unknown): string => JSON.stringify(data).replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
const drawn = (view: string): string => render(check(`<panel id="p"><view>${view}</view></panel>`, registry), components, NOTHING, "").html;
const chart = (data: unknown, attributes: string): string => drawn(`<chart id="c" data="${escaped(data)}" ${attributes}/>`);
const ticks = (html: string): string[] => [...html.matchAll(/class="nx-tick"[^>]*>([^<]*)</g)].map(([, label]) => label as string);

const COLUMNS: Readonly<Record<string, readonly [string, readonly Value[]]>> = {
  years: ["Year", range(1970, 1982)],
  "two years": ["year", [2007, 2008]],
  "numbers close together": ["lon", [-74.02, -74.01, -74.005, -73.99]],
  "thousands close together": ["price", [1050, 1075, 1100, 1125]],
  "tens of thousands": ["price", [10_100, 10_150, 10_200]],
  "millions close together": ["price", [1_000_000, 1_000_003]],
  millions: ["pop", [60_000, 1_300_000_000]],
  tiny: ["p", [1e-9, 3e-9]],
  huge: ["n", [1e20, 3e20]],
  "one number": ["n", [5]],
  "negative and positive": ["n", [-3000, 4000]],
  months: ["date", days("2012-01-01", 48, 30 * 86_400_000)],
  "months as text": ["month", ["2012-01", "2012-02", "2012-03"]],
  "days of a year": ["date", days("2012-03-01", 60)],
  "hours of two days": ["time", days("2024-03-01T06:00:00Z", 40, 3_600_000)],
  "seconds": ["time", days("2024-03-01T06:00:00Z", 20, 1000)],
  "milliseconds": ["time", days("2024-03-01T06:00:00Z", 20, 2)],
  "one day": ["date", ["2024-03-01"]],
  categories: ["name", ["Adelie", "Chinstrap", "Gentoo"]],
  "long names": ["name", range(1, 14).map((i) => `The United Republic of Place ${i}`)],
  "many names": ["name", range(1, 300).map((i) => `Place ${i}`)],
  "names with one beginning": ["name", ["International Business A", "International Business B"]],
};

test.each(Object.entries(COLUMNS).flatMap(([name, column]) => [120, 280, 560, 1200].flatMap((width) => [true, false].map((bars) => ({ name, column, width, bars })))))("$name: each label once and none over another ($width px, bars: $bars)", ({ column: [name, values], width, bars }) => {
  const axis = xAxis(values, width, bars, name);
  const labels = axis.ticks.map((tick) => tick.label);
  expect(labels.length).toBeGreaterThan(0);
  expect(new Set(labels).size).toBe(labels.length);
  expect(labels.join(" ")).not.toMatch(/(^| )-\d/);
  if (axis.slanted) return;
  const gaps = axis.ticks.slice(1).map((tick, i) => tick.at - (axis.ticks[i]?.at ?? 0));
  // About as wide as the letters are: a small sans-serif is five and a half pixels a letter.
  gaps.forEach((gap, i) => expect(gap).toBeGreaterThan((5 * ((labels[i]?.length ?? 0) + (labels[i + 1]?.length ?? 0))) / 2));
});

test.each([100, 220, 400].flatMap((height) => Object.values(COLUMNS).filter(([, values]) => typeof values[0] === "number").map(([name, values]) => ({ height, name, values }))))("upwards too ($name, $height px)", ({ height, name, values }) => {
  const labels = linear(values as number[], height, 0, false, name).ticks.map((tick) => tick.label);
  expect(new Set(labels).size).toBe(labels.length);
});

test.each([
  [[0, 2.5, 5], ["0", "2.5", "5.0"]],
  [[1100, 1150, 1200], ["1,100", "1,150", "1,200"]],
  [[10_000, 12_500], ["10.0k", "12.5k"]],
  [[-74.01, -74], ["\u221274.01", "\u221274.00"]],
  [[0, 5e8, 1e9], ["0", "0.5B", "1.0B"]],
])("%j is written %j", (values, labels) => {
  expect(numberLabels(values)).toEqual(labels);
});

test.each([["Year", "2007"], ["year_built", "2007"], ["modelYear", "2007"], ["customer ID", "2007"], ["zip_code", "2007"], ["price", "2,007"], ["orders_per_year", "2,007"], ["id_count", "2,007"]])("2007 in a column %s is %s in a table", (name, text) => {
  expect(drawn(`<table id="t" data="${escaped([{ [name]: 2007 }])}"/>`)).toContain(`<td class="nx-number">${text}</td>`);
});

test("years that pandas has made floats are years", () => {
  const host = { ...NOTHING, pages: [{ query: "f", offset: 0, limit: 10, order: [], marks: null, rows: [{ year: 1700, quarter: 1, spots: 5 }], total: 1, columns: ["year", "quarter", "spots"].map((name) => ({ name, type: "float" })), drawn: null }] };
  const { html } = render(check('<panel id="p"><view><table id="t" data="f"/></view><data><frame name="f" from="kernel:f"/></data></panel>', registry), components, host, "");
  expect([...html.matchAll(/<td class="nx-number">([^<]*)</g)].map(([, text]) => text)).toEqual(["1700", "1", "5.0"]);
});

test.each([
  [["2024-01-01", "2024-01-01T06:30:00Z"], ["2024-01-01 00:00:00Z", "2024-01-01 06:30:00Z"]],
  [["2024-01-01", "2024-01-02"], ["2024-01-01", "2024-01-02"]],
])("%j in a table is %j", (values, shown) => {
  const inputs = { ...NOTHING, pages: [{ query: "f", offset: 0, limit: 10, order: [], marks: null, rows: values.map((d) => ({ d })), total: 2, columns: [{ name: "d", type: "date" }], drawn: null }] };
  const { html } = render(check('<panel id="p"><view><table id="t" data="f"/></view><data><frame name="f" from="kernel:f"/></data></panel>', registry), components, inputs, "");
  expect([...html.matchAll(/<td>([^<]*)</g)].map(([, text]) => text)).toEqual(shown);
});

test.each(["line", "area", "scatter", "bar"])("a missing value makes no categories of numbers (%s)", (kind) => {
  const html = chart([{ a: 1.754, b: 3 }, { a: null, b: 4 }, { a: 2.147, b: 5 }, { a: 1.37, b: null }], `kind="${kind}" x="a" y="b"`);
  expect(html).toContain("1 row without a and 1 row without b are not drawn.");
  if (kind !== "bar") expect(ticks(html)).not.toContain("1.754");
});

test("lines of groups with places of their own are whole", () => {
  const html = chart(range(1, 20).map((x) => ({ x, y: x, g: x % 2 ? "odd" : "even" })), 'x="x" y="y" by="g"');
  const lines = [...html.matchAll(/class="nx-line[^"]*" d="([^"]*)"/g)].map(([, d]) => d as string);
  expect(lines.map((d) => [d.split("M").length - 1, d.split("L").length - 1])).toEqual([[1, 9], [1, 9]]);
});

test("a list of more values than marks is drawn in part, and says so", () => {
  const rows = range(1, 9000).map((x) => ({ x: (x * 7919) % 9001, y: x % 101 }));
  const build = check(`<panel id="p"><view><chart id="c" kind="scatter" data="values" x="x" y="y"/></view><data><state name="values" type="list"/></data></panel>`, registry);
  const { html } = render(build, components, { ...NOTHING, state: { values: rows } }, "");
  expect(html.match(/<circle/g)).toHaveLength(5000);
  expect(html).toContain("5,000 of 9,000 points are drawn");
});

test("a sparkline draws its gaps, its extremes and what it is", () => {
  const values = range(1, 3000).map((i) => (i === 1234 ? 900 : i === 2000 ? -900 : i % 7));
  const { html: picture } = render(check(`<panel id="p" xmlns="urn:nexus:nxml:1" xmlns:s="nexus:lib/stats@1"><view><s:sparkline id="s" label="Load" values="v"/></view><data><state name="v" type="list"/></data></panel>`, registry), components, { ...NOTHING, state: { v: values } }, "");
  const heights = (/points="([^"]*)"/.exec(picture)?.[1] ?? "").split(" ").map((point) => Number(point.split(",")[1]));
  expect(heights.length).toBeLessThanOrEqual(400);
  expect([Math.min(...heights), Math.max(...heights)]).toEqual([2, 22]);
  expect(picture).toContain("Load: 3,000 numbers from \u2212900 to 900");
});

test("all rows of a query are asked for in parts, and a group keeps its place in a page without a server", async () => {
  const nxml = '<panel id="p"><view/><data><frame name="f" from="kernel:f"/><query name="q" frame="f" where="row.g == \'b\'"/></data></panel>';
  const build = check(nxml, registry);
  const rows = range(0, 24_999).map((i) => ({ i, g: i % 2 ? "b" : "a" }));
  const columns = [{ name: "i", type: "int" }, { name: "g", type: "str" }];
  const transport = new PageTransport({ panels: { p: { nxml, build, state: {}, links: {}, files: [] } }, frame: () => ({ rows, columns }), load: () => Promise.reject(new Error("none")), worker: () => Promise.reject(new Error("none")) });
  const data = new PanelData("p", build, transport, () => ({}), (error) => { throw error; });
  const all = await data.every("q");
  expect(all.rows.map((row) => row["i"])).toEqual(rows.filter(({ g }) => g === "b").map(({ i }) => i));
  expect((await data.every("f")).rows).toHaveLength(25_000);
  const asked = { kind: "points", x: "i", y: ["i"], by: "g", most: 5000 } as const;
  data.page("q", 0, 5000, [], asked);
  await new Promise((resolve) => { setTimeout(resolve, 0); });
  expect(data.page("q", 0, 5000, [], asked)?.drawn?.groups).toEqual(["a", "b"]);
});
