// Findings that once sent people the wrong way: each says now what is so, and what to write.

import { expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { check, fix } from "../../js/reactor/index.ts";

const panel = (view: string, data = "", logic = ""): string => `<panel xmlns="urn:nexus:nxml:1" id="p"><view>${view}</view><data>${data}</data><logic>${logic}</logic></panel>`;
const LIST = '<state name="l" type="list" default="[]"/>';
const said = (text: string): string[] => check(text, registry).diagnostics.filter(({ severity }) => severity !== "hint").map(({ code, message }) => `${code} ${message}`);

test.each([
  ["an attribute of another control", panel('<number id="n" label="N" unit="kg"/>'), /^NX2004 <number> has no attribute 'unit'\. It takes label, value, min, max, /],
  ["a state where rows stand", panel('<text id="t">x</text>', `${LIST}<query name="q" frame="l"/>`), /^NX3011 'l' is a state, not rows: a query reads a frame or another query\. Of a list, expressions choose: \{l \| where/],
  ["a computed value that a tool sets", panel("", '<computed name="c" expr="1"/>', '<tool name="t" set="c">Sets it.</tool>'), /^NX3009 'c' is a computed, not a state/],
  ["a function in an expression", panel('<text id="t">{l | pluck(x => x)}</text>', LIST), /^NX3004 .*functions cannot be written in an expression \(=>\), and 'at least' is >=; of a list, pluck\('field'\)/],
  ["a comparison turned round", panel('<text id="t">{1 => 2}</text>'), /'at least' is >=/],
  ["an assignment", panel('<text id="t">{l = 1}</text>', LIST), /an expression cannot assign; compare with ==/],
  ["map", panel('<text id="t">{l.map(1)}</text>', LIST), /values have no methods here; write x \| pluck\('field'\), or a <computed>/],
  ["toUpperCase", panel('<text id="t">{l.toUpperCase()}</text>', LIST), /write x \| upper/],
  ["a method that is a function", panel('<text id="t">{l.join(1)}</text>', LIST), /write x \| join\(\.\.\.\)/],
  ["a method that nothing is like", panel('<text id="t">{l.flurb(1)}</text>', LIST), /functions are called as x \| f\(\.\.\.\)/],
  ["an operator of where", panel(`<text id="t">{l | where('a', 'likes', 1) | len}</text>`, LIST), /^NX3008 'where' has no operator 'likes'.* Operators: ==, !=, <, <=, >, >=, in, contains/],
  ["a regular expression", panel('<input id="i" label="I" pattern="^\\d{3}-\\d{2}$"/>'), /^NX3021 'pattern' is no regular expression: letters stand for themselves, # is a digit, \? a letter, \* anything, so this is ###-##\.$/],
  ["a regular expression of which there is no form", panel('<input id="i" label="I" pattern="(a|b)+"/>'), /^NX3021 .*\* anything\.$/],
])("%s", (_, text, wanted) => {
  expect(said(text)).toHaveLength(1);
  expect(said(text)[0]).toMatch(wanted);
});

test.each(["+49 ###", "$##.##", "[##]", "(###) ###-####", "?*@*.?*", "a|b", "100%", "v#.#"])("the form %s is none of regular expressions", (form) => {
  expect(said(panel(`<input id="i" label="I" pattern="${form}"/>`))).toEqual([]);
});

test.each([
  ["my panel", "my-panel"], ["Verkäufe 2026", "Verkaufe-2026"], ["2026", "panel-2026"], ["a/b\\c.d", "a-b-c-d"], ["💥", "panel"], ["-x-", "x"], ["view", "view"], ["", "panel"],
  ["x".repeat(120), "x".repeat(60)], ["_ok", "_ok"], ["naïve – café", "naive-cafe"], ["Ελλάδα", "panel"],
])("the panel named '%s' is advised to be '%s'", (name, wanted) => {
  const text = `<panel xmlns="urn:nexus:nxml:1" id="${name}"><view/></panel>`;
  const fixed = fix(text, registry);
  expect(/ id="([^"]*)"/.exec(fixed)?.[1]).toBe(wanted);
  expect(said(fixed)).toEqual([]);
  if (name && name !== wanted) expect(said(text)[0]).toBe(`NX2016 '${name}' cannot be the name of a panel: a name has letters, digits, _ and -, begins with a letter or _, and is at most 100 characters long. '${wanted}' would do.`);
});

test("an unknown attribute of any component is told with those that it takes", () => {
  for (const { name, props, within } of Object.values(registry.components)) {
    if (within) continue;
    const found = check(panel(`<${name} id="x" zzzzzzzz="1"/>`), registry).diagnostics.find(({ code }) => code === "NX2004");
    for (const prop of Object.keys(props)) expect(found?.message, name).toContain(prop);
  }
});
