// How much a panel may draw, below, at and above the limit; and how long its text may be checked.

import { expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { Budget } from "../../js/reactor/budget.ts";
import { htmlOf } from "../../js/reactor/html.ts";
import { check } from "../../js/reactor/index.ts";
import { h, list } from "../../js/reactor/vnode.ts";

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

function seconds(text: string): number {
  return Math.min(...[0, 1, 2].map(() => {
    const before = process.cpuUsage();
    check(text, registry);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  }));
}

test.each(Object.keys(TEXTS))("%s are checked in a time that grows with the text", (name) => {
  const text = TEXTS[name] as (count: number) => string;
  // Eight times as many parts: sixty-four times as long, where each is compared with all others.
  expect(seconds(text(8000)) / seconds(text(1000))).toBeLessThan(30);
});
