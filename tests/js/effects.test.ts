// Every attribute does something: set to something else, it changes what is drawn, what the panel is, or what is refused.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { DECLARATIONS } from "../../js/reactor/checker/declarations.ts";
import { VALIDATE } from "../../js/components/validation.ts";
import { Budget, PICTURE_ELEMENTS } from "../../js/reactor/budget.ts";
import { htmlOf } from "../../js/reactor/html.ts";
import { instantiate } from "../../js/reactor/view.ts";
import type { VChild } from "../../js/reactor/vnode.ts";
import { LocalHost } from "../../js/runtime/local.ts";
import { check } from "../../js/reactor/index.ts";
import type { PropSpec } from "../../js/reactor/registry.ts";
import { DIRECTIVES } from "../../js/reactor/words.ts";

const PANEL = (view: string, data = "", logic = ""): string => `<panel xmlns="urn:nexus:nxml:1" xmlns:s="nexus:lib/stats@1" id="p"><view>${view}</view><data><state name="k" type="str"/>${data}</data><logic>${logic}</logic></panel>`;
/** What a live panel draws, once people have tried to send it; with what is refused. */
const drawn = (view: string): string => {
  const build = check(PANEL(view), registry);
  const host = new LocalHost(true);
  host.replace(build);
  const nodes = instantiate(build, components, host);
  const walk = (child: VChild | null): void => {
    if (child === null || typeof child === "string" || typeof child === "function") return;
    if (child.kind === "dynamic") return walk(child.make());
    if (child.kind === "list") return child.items().forEach((item) => walk(item.make()));
    child.on[VALIDATE]?.({} as never);
    child.children.forEach(walk);
  };
  nodes.forEach(walk);
  const refused = build.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message).join();
  return htmlOf(nodes, new Budget(PICTURE_ELEMENTS, { cut: () => {}, unfinished: () => {} })) + refused;
};

/** What an attribute needs beside it, to be seen. */
const BESIDE: Readonly<Record<string, string>> = {
  reason: 'disabled="true"', message: 'required="true" value=""', pattern: 'value="zz"', "max-length": 'value="too long"', step: 'value="0.3"', labels: "", height: 'scroll="true"', "x-label": 'y-label="y"', "dialog title": 'open="true"', "drawer title": 'open="true"', "multiselect required": 'value="[]"', "number min": 'value="5"', "number max": 'value="5"', "list of": 'empty="None"', empty: 'of="[]" data="[]"',
};
const VALUES: Readonly<Record<PropSpec["type"], readonly string[]>> = {
  str: ["zz", "a", "readme", "12", "09:00", "2027-01-01"], date: ["2027-02-03"], bool: ["true", "false"], int: ["3", "50"], float: ["0.25", "2", "90"], list: ["['zz', 'yy']", "['south']", "[]", "[{ id: 'zz', from: 'b', to: 'a', time: '2026-01-01', title: 'Z', label: 'Z' }]", "[7, 70]"],
  record: ["{ a: 'zz' }", "{ mark: 'line', encoding: {} }"], frame: ["[{ a: 5, m: 9, v: 1 }]"], url: ["https://zz.example", "data:image/png;base64,iVBORw0KGgo="], column: ["v", "zz", "title"], any: ["{'zz'}", "{'s'}", "{7}"],
};
/** What only a browser shows, and the test that sees it there. */
const IN_BROWSERS: Readonly<Record<string, string>> = {
  "file max-size": "test_components.py", "island props": "test_runtime.py", "table page": "test_runtime.py", "editor lang": "test_runtime.py", "vega spec": "test_components.py", "vega data": "test_components.py",
};

const ROWS = Object.values(components).flatMap((component) => Object.entries(component.props).map(([prop, spec]) => [component.name, prop, spec, component.example] as const));

test.each(ROWS)("<%s %s> changes what is drawn", (name, prop, spec, example) => {
  const there = IN_BROWSERS[`${name} ${prop}`];
  if (there) {
    // The gallery shows every component's example, and its charts.
    const text = readFileSync(new URL(`../browser/${there}`, import.meta.url), "utf8");
    expect(text).toMatch(new RegExp(`<${name}\\b[^>]*${prop}=|nx-${name}-view`));
    return;
  }
  const tag = example.includes(`<s:`) ? `<s:${name}` : `<${name}`;
  const place = new RegExp(`(${tag})(?=[\\s/>])((?:[^>"]|"[^"]*")*?)(\\s${prop}="[^"]*")?(?=(?:[^>"]|"[^"]*")*>)`);
  const without = example.replace(new RegExp(`(${tag}(?:\\s[\\w:-]+="[^"]*")*?)\\s${prop}="[^"]*"`), "$1");
  const beside = BESIDE[`${name} ${prop}`] ?? BESIDE[prop] ?? "";
  const others = beside.split(/\s(?=\w+=)/).filter(Boolean).map((given) => given.split("=")[0]);
  const base = others.reduce((text, other) => text.replace(new RegExp(`(${tag}(?:\\s[\\w:-]+="[^"]*")*?)\\s${other}="[^"]*"`), "$1"), without);
  const write = (attributes: string): string => base.replace(place, (_, start: string) => `${start} ${attributes}`);
  const seen = new Set([drawn(write(beside)), drawn(example)]);
  const found = (spec.oneOf ?? VALUES[spec.type]).map((value) => drawn(write(`${beside} ${prop}="${value}"`)));
  // A box is chosen where that can be told to a state.
  if (name === "diagram" && prop === "value") found.push(drawn(write('bind:value="k"')));
  expect(found.some((html) => ![...seen].includes(html) || new Set(found).size > 1), `${name} ${prop}`).toBe(true);
});

test.each(Object.keys(DIRECTIVES))("%s changes what is drawn, or how it is arranged", (name) => {
  const grid = (attribute: string): string => {
    const build = check(PANEL(`<grid id="g"><text id="a" if="k == ''">A</text><text ${name === "id" ? "" : 'id="b" '}${attribute}>B</text><metric id="c" label="C" value="1"/></grid><card id="d"><text id="e"${name === "slot" ? attribute : ""}>E</text></card>`), registry);
    return JSON.stringify([build.view, build.layout]);
  };
  const given: Readonly<Record<string, string>> = { id: 'id="other"', if: 'if="k"', else: 'else=""', for: 'for="x in [1, 2]" key="x"', key: 'for="x in [1, 2]" key="x + 1"', slot: ' slot="footer"', span: 'span="full"', min: 'min="30rem"', grow: 'grow="50"', priority: 'priority="50"' };
  expect(grid(given[name] ?? "")).not.toBe(grid(name === "key" ? 'for="x in [1, 2]"' : ""));
});

/** Of each declaration, one that has all of its attributes, and for each another value. */
const WHOLE: Readonly<Record<string, Readonly<Record<string, readonly [string, string]>>>> = {
  type: { name: ["T", "U"], fields: ["a: int", "b: str"] },
  state: { name: ["s", "s2"], type: ["int", "float"], default: ["3", "4"], min: ["1", "2"], max: ["8", "9"], scope: ["user", "view"] },
  computed: { name: ["c", "c2"], expr: ["1", "2"] },
  link: { name: ["l", "l2"], from: ["other.a", "other.b"] },
  frame: { name: ["f", "f2"], from: ["kernel:f(k)", "kernel:g(k)"], columns: ["a: int", "b: int"], debounce: ["100", "300"] },
  query: { name: ["q", "q2"], frame: ["base", "other"], where: ["row.a == k", "row.b == k"], group: ["row.a as x", "row.b as x"], agg: ["sum(row.a) as n", "sum(row.b) as n"], distinct: ["a", "b"], prepend: ["all", "none"], order: ["a", "a desc"], limit: ["5", "6"] },
  uses: { cap: ["net.http", "net.ws"], target: ["https://a.example", "https://b.example"], why: ["to ask", "to see"] },
  action: { name: ["do", "do2"], params: ["a: int", "a: str"], from: ["other.go", "other.run"] },
  effect: { name: ["e", "e2"], on: ["k == 'a'", "k == 'b'"] },
  lifecycle: { on: ["interval", "mount"], every: ["500", "600"], run: ["go()", "run()"] },
  export: { name: ["x", "x2"], expr: ["1", "2"], action: ["go", "run"] },
  tool: { name: ["t", "t2"], action: ["go", "run"], set: ["k", "k2"] },
  resource: { name: ["r", "r2"], expr: ["1", "2"] },
};
const ATTRIBUTES = Object.entries(DECLARATIONS).flatMap(([section, all]) => Object.entries(all).flatMap(([tag, names]) => names.map((name) => [section, tag, name.replace("!", "")] as const)));
/** Attributes that exclude each other. */
const EXCLUDE: Readonly<Record<string, readonly string[]>> = { "export expr": ["action"], "export action": ["expr"], "tool action": ["set"], "tool set": ["action"], "query distinct": ["group", "agg"], "query prepend": ["group", "agg"] };

test.each(ATTRIBUTES)("in <%s>, <%s %s> changes the panel", (section, tag, name) => {
  const made = (chosen: 0 | 1): string => {
    const attributes = Object.entries(WHOLE[tag] ?? {}).filter(([other]) => !(EXCLUDE[`${tag} ${name}`] ?? (tag === "export" || tag === "tool" ? ["action"] : [])).includes(other));
    const written = attributes.map(([other, values]) => ` ${other}="${values[other === name ? chosen : 0]}"`).join("");
    const inside = tag === "effect" || (tag === "action" && name !== "from") ? "return 1" : tag === "tool" || tag === "resource" ? "Words." : "";
    const one = `<${tag}${written}>${inside}</${tag}>`;
    const uses = tag === "type" ? '<state name="typed" type="T?"/>' : "";
    const build = check(PANEL("", `<state name="k2" type="str"/><frame name="base" from="kernel:base"/><frame name="other" from="kernel:other"/>${section === "data" ? one : ""}${uses}`, `<action name="go">return 1</action><action name="run">return 2</action>${section === "logic" ? one : ""}`), registry);
    const { sections: _, comments: _1, last_comments: _2, facts: _3, ...rest } = build;
    return JSON.stringify(rest);
  };
  expect(made(1)).not.toBe(made(0));
});

const DEFAULTS = ROWS.flatMap(([name, prop, spec, example]) => { const said = / \(([\d.]+|\w+)\)\.$/.exec(spec.doc)?.[1]; return said === undefined ? [] : [[name, prop, said, example] as const]; });

test.each(DEFAULTS)("<%s %s> is %s where it is left out, as its documentation says", (name, prop, said, example) => {
  const tag = example.includes("<s:") ? `<s:${name}` : `<${name}`;
  const without = example.replace(new RegExp(`(${tag}(?:\\s[\\w:-]+="[^"]*")*?)\\s${prop}="[^"]*"`), "$1");
  expect(drawn(without.replace(tag, `${tag} ${prop}="${said}"`))).toBe(drawn(without));
});

test("defaults are said of many attributes", () => {
  expect(DEFAULTS.length).toBeGreaterThan(15);
});
