// The panels that are tested everywhere: the examples, each fault, each component; with what they are drawn from.

import board from "../../examples/panels/board.nxml";
import counter from "../../examples/panels/counter.nxml";
import weather from "../../examples/panels/weather.nxml";
import { components } from "../../js/components/index.ts";
import type { Inputs } from "../../js/reactor/drawing.ts";
import { FUNCTIONS } from "../../js/reactor/expression/index.ts";
import { FAULTS, unmark } from "./faults.ts";

export interface Sample {
  readonly name: string;
  readonly nxml: string;
  readonly inputs: Inputs;
}

export const panels: Readonly<Record<string, string>> = { board, counter, weather };
export const NOTHING: Inputs = { state: {}, pages: [], aggregates: [] };

const column = (name: string, type: string) => ({ name, type });
const MONTHS = [{ month: "2012-01", high: 7.05, low: 1.58 }, { month: "2012-02", high: 9.27, low: 3.2 }, { month: "2012-03", high: 9.55, low: 2.84 }];
const KINDS = [{ weather: "rain", days: 641 }, { weather: "sun", days: 640 }, { weather: "fog", days: 101 }];
const DAYS = [
  { date: "2012-01-01", precipitation: 0, temp_max: 12.8, temp_min: 5, wind: 4.7, weather: "drizzle" },
  { date: "2012-01-02", precipitation: 10.9, temp_max: 10.6, temp_min: 2.8, wind: 4.5, weather: "rain" },
];
const DAY_COLUMNS = [column("date", "date"), ...["precipitation", "temp_max", "temp_min", "wind"].map((name) => column(name, "float")), column("weather", "str")];

/** What a kernel would answer to the example with the weather. */
const WEATHER: Inputs = {
  state: { kind: "rain" },
  pages: [
    { query: "view", offset: 0, limit: 8, order: [], marks: null, rows: DAYS, total: 1461, columns: DAY_COLUMNS, drawn: null },
    { query: "by_month", offset: 0, limit: 5000, order: [], marks: { kind: "line", x: "month", y: ["high", "low"], by: null, most: 5000 }, rows: MONTHS, total: 3, columns: [column("month", "str"), column("high", "float"), column("low", "float")], drawn: null },
    { query: "by_kind", offset: 0, limit: 5000, order: [], marks: { kind: "bars", x: "weather", y: ["days"], by: null, most: 5000 }, rows: KINDS, total: 3, columns: [column("weather", "str"), column("days", "int")], drawn: null },
    { query: "kind_options", offset: 0, limit: 1000, order: [], marks: null, rows: ["all", "rain", "sun"].map((name) => ({ weather: name })), total: 3, columns: [column("weather", "str")], drawn: null },
  ],
  aggregates: [
    { query: "view", fn: "len", column: null, value: 641 }, { query: "weather", fn: "len", column: null, value: 1461 },
    { query: "view", fn: "sum", column: "precipitation", value: 4426.2 }, { query: "view", fn: "max", column: "temp_max", value: 35.6 },
  ],
};

const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
const inPanel = (view: string, data = "", packs = ""): string => `<panel xmlns="urn:nexus:nxml:1"${packs} id="p" title="Sample">\n  <view>\n    ${view}\n  </view>\n${data && `  <data>\n    ${data}\n  </data>\n`}</panel>\n`;

/** A component's example in a panel of its own; those that stand inside another bring it along. */
export const componentPanels: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(components).map(([tag, { name, example }]) => [name, inPanel(example, "", tag.includes("/") ? ` xmlns:s="nexus:lib/${tag.split("/")[0]}"` : "")]));

const LISTED = inPanel(
  '<list id="l" of="tasks" empty="Nothing to do">\n      <item id="i" for="task in tasks" key="task.id" title="{task.title | upper}" if="!task.done"/>\n    </list>\n    <text id="none" if="tasks | len">{tasks | len} tasks</text>\n    <text id="other" else="">None & nothing</text>'.replace("& ", "&amp; "),
  '<type name="Task" fields="id: str, title: str, done: bool"/>\n    <state name="tasks" type="list[Task]"/>',
);
const TASKS = [{ id: "a", title: "Écrire", done: false }, { id: "b", title: "<b>Test</b>", done: false }, { id: "c", title: "Ship", done: true }];

const VALUES = inPanel(
  "<text id=\"a\">{0.1 + 0.2} {1e21} {n / 3} {n / 0} {1234567.891 | number(2)} {n | money('€')} {0.256 | percent(1)} {1234567 | compact}</text>\n    <text id=\"b\">{'2015-03-09' | date} {[3, 1, 2] | sort | join} {list | sort | join('|')} {{ a: n } | text} {null ?? 'none'} {{{{braces}}</text>".replace("{{{{braces}}", "{{braces}}"),
  '<state name="n" type="float" default="2"/>\n    <state name="list" type="list" default="[2, null, &quot;b&quot;, 1, true, &quot;a&quot;]"/>',
);

const GRID = inPanel(
  '<grid id="g" gap="s" constraints="a.width == b.width; c.width &gt;= 2 * d.width !weak">\n      <metric id="a" label="A" value="1"/>\n      <metric id="b" label="B" value="2"/>\n      <chart id="c" kind="bar" data="[{m: \'x\', v: 2}, {m: \'y\', v: -3}]" x="m" y="v"/>\n      <note id="d">One</note>\n      <divider id="e" span="full"/>\n      <badge id="f" for="n in [1, 2, 3]" key="n">{n}</badge>\n    </grid>',
);

/** Each function of expressions, on values that suit it and on values that do not. */
const functionPanels: readonly Sample[] = Object.entries(FUNCTIONS).map(([name, { arity }]) => {
  const extra = ["'v'", "'=='", "2"].slice(0, arity[0] - 1).join(", ");
  const values = ["[3, 1, 2]", "[{v: 2}, {v: 1}, {v: null}]", "'2015-03-09T10:20:30Z'", "-1234.5678", "null", "{ v: 1 }", "true", "[]", "'\u00e9\ud83d\ude00'"];
  const call = (value: string): string => `{(${value} | ${name}${extra ? `(${extra})` : ""}) | text}`;
  return { name: `function-${name}`, nxml: inPanel(`<text id="t">${values.map(call).join(" ")}</text>`), inputs: NOTHING };
});

/** The examples as far as they had come at some moments, as errors that a person makes while writing. */
const cutPanels: readonly Sample[] = Object.entries(panels).flatMap(([name, text]) => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => ({ name: `cut-${name}-${tenth}`, nxml: text.slice(0, Math.floor((text.length * tenth) / 10)), inputs: NOTHING })));

const gridded: readonly Sample[] = Object.entries(componentPanels).map(([name, nxml]) => ({ name: `grid-${name}`, nxml: nxml.replace("<view>", '<view><grid id="gg" gap="l">').replace("</view>", "</grid></view>"), inputs: NOTHING }));

/** Everything that is tested in each engine. */
export const samples: readonly Sample[] = [
  { name: "board", nxml: board, inputs: NOTHING },
  { name: "counter", nxml: counter, inputs: NOTHING },
  { name: "counter-nearly-full", nxml: counter, inputs: { ...NOTHING, state: { count: 95 } } },
  { name: "weather-waiting", nxml: weather, inputs: NOTHING },
  { name: "weather", nxml: weather, inputs: WEATHER },
  { name: "list-empty", nxml: LISTED, inputs: NOTHING },
  { name: "list", nxml: LISTED, inputs: { ...NOTHING, state: { tasks: TASKS } } },
  { name: "values", nxml: VALUES, inputs: NOTHING },
  { name: "grid", nxml: GRID, inputs: NOTHING },
  ...Object.entries(componentPanels).map(([name, nxml]) => ({ name: `component-${name}`, nxml, inputs: NOTHING })),
  ...functionPanels,
  ...cutPanels,
  ...gridded,
  // Those that are about limits are too long to be read.
  ...FAULTS.filter(({ marked }) => marked.length < 1000).map(({ code, name, marked }) => ({ name: `fault-${code.toLowerCase()}-${slug(name)}`, nxml: unmark(marked).text, inputs: NOTHING })),
];
