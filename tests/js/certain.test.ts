// Which fixes are applied without asking: after them a panel means what its author can only have meant.

import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { render } from "../../js/reactor/drawing.ts";
import { applyFix, check, fix } from "../../js/reactor/index.ts";
import type { Diagnostic } from "../../js/protocol/index.ts";
import { FAULTS, unmark } from "./faults.ts";
import { NOTHING } from "./samples.ts";

const view = (inside: string): string => `<panel xmlns="urn:nexus:nxml:1" id="p"><view>${inside}</view><data><state name="values" type="list[float]" default="[1, 2, 6]"/><state name="total1" type="float"/><state name="region" type="str"/></data><logic><action name="reset">state.region = "";</action></logic></panel>`;

/** What was written, and the fix that is offered for it. */
const SUGGESTIONS: readonly (readonly [string, string])[] = [
  ['<text id="t">{median(values)}</text>', "write mean"],
  ['<text id="t">{values | count}</text>', "write round"],
  ['<text id="t">{total2}</text>', "write total1"],
  ['<text id="t" zzzz="1">x</text>', "remove it"],
  ['<text id="t">x</text><text id="u" else="">y</text>', "remove it"],
];
const CERTAIN: readonly (readonly [string, string])[] = [
  ['<input id="t" label="x" bind="region"/>', "write bind:value"],
  ['<buton id="t" label="x" on:press="reset()"/>', "write <button>"],
  ['<text id="t">{maen(values)}</text>', "write mean"],
  ['<text id="t">{regoin}</text>', "write region"],
  ['<text id="t">{Region}</text>', "write region"],
  ['<button id="t" labl="x" on:press="reset()"/>', "write label"],
  ['<button id="t" label="x" on:press="rest()"/>', "write reset"],
  ['<button id="t" label="x" onclick="reset()"/>', "write on:press"],
];

const offered = (text: string): Diagnostic[] => check(text, registry).diagnostics.filter((item) => item.fix !== null && item.severity !== "hint");

test.each(SUGGESTIONS)("%s: '%s' is a suggestion, and is not applied by itself", (written, title) => {
  const text = view(written);
  expect(offered(text).map((item) => [item.fix?.title, item.fix?.certain])).toContainEqual([title, false]);
  expect(fix(text, registry)).toBe(text);
});

test.each(CERTAIN)("%s: '%s' is certain", (written, title) => {
  const text = view(written);
  expect(offered(text).map((item) => [item.fix?.title, item.fix?.certain])).toContainEqual([title, true]);
  expect(offered(fix(text, registry))).toEqual([]);
});

/** What is offered for each code in the texts with one fault, and whether it is certain. */
const CODES: readonly string[] = [
  "NX1002 certain: add",
  "NX1003 certain: remove it",
  "NX1004 certain: write it plainly",
  "NX1006 certain: take out CDATA",
  "NX1007 certain: write &lt;",
  "NX1008 certain: add >",
  "NX1009 certain: remove it",
  "NX1010 certain: remove it",
  "NX1011 certain: write it out",
  "NX1012 certain: remove it",
  "NX1014 certain: add",
  "NX1015 certain: add quotes",
  "NX1016 suggestion: remove the second one",
  "NX2001 certain: write",
  "NX2002 certain: write",
  "NX2003 certain: write t-1",
  "NX2004 certain: write size",
  "NX2004 certain: write title",
  "NX2004 suggestion: remove it",
  "NX2004 suggestion: write bind:value",
  "NX2005 certain: write on:press",
  "NX2007 certain: add key=",
  "NX2008 suggestion: remove it",
  "NX2009 certain: add id=",
  "NX2010 certain: use it",
  "NX2010 certain: write",
  "NX2010 certain: write stats@1",
  "NX2010 suggestion: remove it",
  "NX2011 certain: write",
  "NX2012 certain: add id=",
  "NX2013 suggestion: remove it",
  "NX2014 suggestion: remove it",
  "NX2014 suggestion: take out from",
  "NX2016 certain: write a-b",
  "NX2016 certain: write panel-1p",
  "NX2016 suggestion: make it one",
  "NX2017 certain: write footer",
  "NX2017 suggestion: remove it",
  "NX2018 certain: remove it",
  "NX3003 certain: write count",
  "NX3003 certain: write row.region",
  "NX3003 suggestion: write row.region",
  "NX3004 certain: add }",
  "NX3004 suggestion: remove it",
  "NX3006 certain: write mount",
  "NX3006 certain: write xl",
  "NX3006 suggestion: remove it",
  "NX3006 suggestion: write shared",
  "NX3008 certain: write",
  "NX3008 certain: write round",
  "NX3010 certain: write int",
  "NX3010 certain: write list[int]",
  "NX3012 certain: write region",
  "NX3013 certain: write add",
  "NX3013 certain: write reset",
  "NX3015 suggestion: add every=",
  "NX3015 suggestion: write 250",
  "NX3018 suggestion: write fetch",
  "NX3021 suggestion: write #####",
  "NX3022 certain: write {count}",
  "NX6001 certain: write on:press",
  "NX6001 suggestion: remove it",
  "NX6002 suggestion: remove it",
  "NX6003 certain: add",
  "NX6004 certain: write net.http",
  "NX6005 suggestion: remove",
  "NX7003 certain: write days",
];

test("a table says of which codes fixes are certain", () => {
  const found = new Set<string>();
  for (const { marked, code, fixable } of FAULTS) {
    const one = fixable ? check(unmark(marked).text, registry).diagnostics.find((item) => item.code === code) : undefined;
    if (one?.fix) found.add(`${code} ${one.fix.certain ? "certain" : "suggestion"}: ${one.fix.title.replace(/[<'"].*/s, "").trim()}`);
  }
  expect([...found].sort()).toEqual(CODES);
});

test.each(FAULTS.filter(({ fixable }) => fixable))("$code: a certain fix of $name leaves a panel that draws what was drawn, and more", ({ code, marked }) => {
  const { text } = unmark(marked);
  const before = check(text, registry);
  const one = before.diagnostics.find((item) => item.code === code);
  if (!one?.fix?.certain) {
    // Whatever else is mended, this is left to people.
    expect(check(fix(text, registry), registry).diagnostics.filter((item) => item.code === code && !item.fix?.certain).length).toBeGreaterThan(0);
    return;
  }
  const fixed = applyFix(text, one);
  const after = check(fixed, registry);
  expect(after.diagnostics.filter((item) => item.code === code)).toEqual([]);
  const errors = (found: readonly Diagnostic[]): string[] => found.filter((item) => item.severity === "error").map((item) => item.code).sort();
  for (const error of errors(after.diagnostics)) expect(errors(before.diagnostics)).toContain(error);
  // No element, state or action that was understood before is lost.
  for (const kind of ["state", "actions", "computed", "queries", "frames"] as const) expect(after[kind].length).toBeGreaterThanOrEqual(before[kind].length);
  expect(render(after, components, NOTHING, "").html).not.toContain("cannot be shown");
});
