import { expect, test } from "vitest";
import { registry as drawn } from "../../js/components/index.ts";
import { judging } from "../../js/reactor/checker/script.ts";
import { applyFix, CATALOGUE, check, fix, parsePatch } from "../../js/reactor/index.ts";
import { FAULTS, unmark } from "./faults.ts";
import { panels } from "./samples.ts";

const registry = judging(drawn);

test.each(FAULTS)("$code: $name is found where it is", ({ code, marked }) => {
  const { text, line, col } = unmark(marked);
  const found = check(text, registry).diagnostics.filter((item) => item.code === code);
  expect(found.map(({ span }) => `${span.line}:${span.col}`)).toEqual([`${line}:${col}`]);
  expect(found[0]?.severity).toBe(CATALOGUE[code][0]);
  expect(found[0]?.message).toMatch(/[.!?]$/);
});

test.each(FAULTS.filter((item) => item.fixable))("$code: the fix of $name leaves nothing of it", ({ code, marked }) => {
  const { text } = unmark(marked);
  const found = check(text, registry).diagnostics.find((item) => item.code === code);
  expect(found?.fix).not.toBeNull();
  const fixed = applyFix(text, found as NonNullable<typeof found>);
  expect(check(fixed, registry).diagnostics.filter((item) => item.code === code)).toEqual([]);
});

test.each(FAULTS.filter((item) => !item.fixable))("$code: no fix is promised for $name", ({ code, marked }) => {
  expect(check(unmark(marked).text, registry).diagnostics.find((item) => item.code === code)?.fix).toBeNull();
});

test("every code of the catalogue is provoked by some text", () => {
  const provoked = new Set([...FAULTS.map((item) => item.code as string), ...parsePatch("<set/>").diagnostics.map((item) => item.code)]);
  expect(Object.keys(CATALOGUE).filter((code) => !provoked.has(code))).toEqual([]);
});

test.each(FAULTS.filter((item) => item.fixable))("fixing all of $name ends, and brings no new errors", ({ marked }) => {
  const { text } = unmark(marked);
  const errors = (written: string): number => check(written, registry).diagnostics.filter((item) => item.severity === "error").length;
  const fixed = fix(text, registry);
  expect(errors(fixed)).toBeLessThanOrEqual(errors(text));
  expect(fix(fixed, registry)).toBe(fixed);
});

test.each(Object.entries(panels))("the example %s has no findings", (_, text) => {
  expect(check(text, registry).diagnostics).toEqual([]);
});

test("many elements without id do not hide an error", () => {
  const text = `<panel id="p"><view>${"<divider/>".repeat(300)}<text id="t">{nowhere}</text></view></panel>`;
  expect(check(text, registry).diagnostics.map((item) => item.code)).toContain("NX3003");
});

test("a malformed expression of a query is reported once", () => {
  const text = '<panel id="p"><data><frame name="df" from="kernel:df"/><query name="q" frame="df" where="row.a +"/></data></panel>';
  expect(check(text, registry).diagnostics.map((item) => item.code)).toEqual(["NX3004"]);
});

test("a finding that is too large to point into says how large a text may be", () => {
  const { diagnostics } = check(" ".repeat(1_000_001), registry);
  expect(diagnostics.map((item) => item.code)).toContain("NX1001");
});

test("text with more nodes than allowed is cut, and the panel says so", () => {
  const { diagnostics } = check(`<panel id="p"><view>${"<divider/>".repeat(20_001)}</view></panel>`, registry);
  expect(diagnostics.some((item) => item.code === "NX1001" && item.message.includes("20000"))).toBe(true);
});
