// How much a panel may draw, below, at and above the limit; and how long its text may be checked.

import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { Budget } from "../../js/reactor/budget.ts";
import { render } from "../../js/reactor/drawing.ts";
import { htmlOf } from "../../js/reactor/html.ts";
import { check } from "../../js/reactor/index.ts";
import { h, list } from "../../js/reactor/vnode.ts";
import { NOTHING } from "./samples.ts";

test.each([[9, 9, false], [10, 10, false], [11, 10, true]])("of %i elements %i are drawn", (wanted, drawn, exceeded) => {
  const budget = new Budget(10);
  let made = 0;
  const html = htmlOf([list(() => Array.from({ length: wanted }, (_, i) => ({ key: String(i), make: () => { made += 1; return h("p"); } })))], budget);
  expect(html.match(/<p>/g)).toHaveLength(drawn);
  expect(made).toBe(drawn);
  expect(budget.exceeded).toBe(exceeded);
});

test("what goes makes room again", () => {
  const budget = new Budget(2);
  expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
  budget.giveBack(1);
  expect(budget.take()).toBe(true);
});

const repeated = (count: number, one: (i: number) => string): string => Array.from({ length: count }, (_, i) => one(i)).join("");
const panel = (view: string, data = "", logic = ""): string => `<panel id="p"><view>${view}</view><data>${data}</data><logic>${logic}</logic></panel>`;

/** Texts of so many parts, each of which was compared with all others once. */
const TEXTS: Readonly<Record<string, (count: number) => string>> = {
  "names that are like others": (n) => panel(repeated(n, (i) => `<text id="t${i}">{sx${i}}</text>`), repeated(n, (i) => `<state name="s${i}" type="int" default="0"/>`)),
  "one name again and again": (n) => panel("", repeated(n, () => '<state name="s" type="int" default="0"/>')),
  "capabilities that are none": (n) => panel("", "", repeated(n, () => '<uses cap="notifi" why="x"/>')),
  "types that are none": (n) => panel("", repeated(n, (i) => `<type name="T${i}" fields="a: T${i + 1}"/>`)),
  "values that are read": (n) => panel(repeated(n, (i) => `<text id="t${i}">{s${i}}</text>`), repeated(n, (i) => `<state name="s${i}" type="int" default="0"/>`)),
  "holes in one text": (n) => panel(`<text id="t">${"{a}".repeat(n)}</text>`),
};

/** Processor time that a check takes; what other threads of the process do meanwhile is in it. */
function seconds(text: string): number {
  const before = process.cpuUsage();
  check(text, registry);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

test.each(Object.keys(TEXTS))("%s are checked in a time that grows with the text", (name) => {
  // All fit into the limit of nodes, beyond which names are unknown.
  const [few, many] = [750, 6000].map((count) => (TEXTS[name] as (count: number) => string)(count)) as [string, string];
  // The least of several, as long as others disturb them.
  let [short, long] = [Infinity, Infinity];
  for (let tried = 0; tried < 3 || (tried < 12 && long / short >= 30); tried += 1) {
    short = Math.min(short, seconds(few));
    long = Math.min(long, seconds(many));
  }
  // Eight times as many parts: sixty-four times as long, where each is compared with all others.
  expect(long / short).toBeLessThan(30);
});

const chain = (first: string, next: (before: string) => string, count = 40): string =>
  `<computed name="c0" expr="${first}"/>` + repeated(count, (i) => `<computed name="c${i + 1}" expr="${next(`c${i}`)}"/>`);
const WIDE = `<state name="n" type="list" default="[${repeated(249, (i) => `${i}, `)}0]"/>`;

/** Texts of a few lines whose expressions would work without end, or fill the memory; and where the result is read. */
const WORK: Readonly<Record<string, [string, string]>> = {
  "a list that doubles": [chain("[1, 2]", (c) => `concat(${c}, ${c})`), "len(c40)"],
  "a text that doubles by +": [chain("'ab'", (c) => `${c} + ${c}`), "len(c40)"],
  "a text that doubles between braces": [chain("'ab'", (c) => `${c} + ${c}`, 23), "c23}{c23}{c23}{c23"],
  "a text that grows by replace": [chain("'aa'", (c) => `replace(${c}, 'a', 'aaaaaaaa')`), "len(c40)"],
  "a list that grows by edges": [chain("[{'after': [1, 2], 'id': 1}]", (c) => `concat(edges(${c}, 'from', 'from'), concat(${c}, ${c}))`), "len(c40)"],
  "records in records as text": [chain("{'a': 1}", (c) => `{'a': ${c}, 'b': ${c}}`), "text(c40)"],
  "equality of records in records": [chain("{'a': 1}", (c) => `{'a': ${c}, 'b': ${c}}`) + chain("{'a': 1}", (c) => `{'a': ${c}, 'b': ${c}}`).replaceAll(/\bc(?=\d)/g, "d"), "c40 == d40"],
  "different values of records in records": [chain("{'a': 1}", (c) => `{'a': ${c}, 'b': ${c}}`), "len(distinct([c40, c40]))"],
  "a long text looked for in a long text": [`${chain("'aaaaaaaaaa'", (c) => `replace(${c}, 'a', 'aaaaaaaaaa')`, 5)}`, "contains(c4, c3 + 'b' + c3)"],
  "a text cut at a long text": [`${chain("'aaaaaaaaaa'", (c) => `replace(${c}, 'a', 'aaaaaaaaaa')`, 5)}`, "len(split(c4, c3 + 'b' + c3))"],
  "a long text that is in a long text": [`${chain("'aaaaaaaaaa'", (c) => `replace(${c}, 'a', 'aaaaaaaaaa')`, 5)}`, "(c3 + 'b' + c3) in c4"],
  "items beside a long text": [`${chain("'aaaaaaaaaa'", (c) => `replace(${c}, 'a', 'aaaaaaaaaa')`, 5)}`, "len(where(split(c3, ''), 'x', 'contains', c5))"],
  "a long list joined by a long text": [`${chain("n", (c) => `concat(${c}, ${c})`, 8)}<computed name="by" expr="join(c8, 'xxxxxxxx')"/>`, "len(join(c8, by))"],
};

test.each(Object.entries(WORK))("%s is given up, and the panel says so", (_, [data, read]) => {
  const text = panel(`<text id="first">First</text><text id="t">{${read}}</text><text id="last">Last</text>`, WIDE + data);
  const build = check(text, registry);
  expect(build.diagnostics.filter((item) => item.severity === "error")).toEqual([]);
  const { html } = render(build, components, NOTHING, "");
  expect(html).toContain("First");
  expect(html).toContain("Last");
  expect(html).toMatch(/Its expressions work on too much at a time\.|Parts of this panel are not up to date/);
});

test("loops that look through a long list each time are given up, and what is beside them is drawn", () => {
  const text = panel(`<text id="first">First</text><column id="c" for="i in long"><text id="t">{long | where('x', '!=', i) | len}</text></column>`, `${WIDE}${chain("n", (c) => `concat(${c}, ${c})`, 6)}<computed name="long" expr="c6"/>`);
  const { html } = render(check(text, registry), components, NOTHING, "");
  expect(html.includes("First")).toBe(true);
  expect(html.includes(">16000<")).toBe(true);
  expect(html.includes("Parts of this panel are not up to date")).toBe(true);
});

test("work of a thousand rows with a thousand others each is done", () => {
  const text = panel(`<column id="c" for="i in long"><text id="t">{long | where('x', '!=', i) | len}</text></column>`, `${WIDE}<computed name="long" expr="concat(concat(n, n), concat(n, n))"/>`);
  const { html } = render(check(text, registry), components, NOTHING, "");
  expect(html.match(/>1000</g)).toHaveLength(1000);
  expect(html.includes("not up to date")).toBe(false);
});
