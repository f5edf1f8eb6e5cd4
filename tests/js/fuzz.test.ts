// Damaged panels by the thousand (js/fuzz), and those that were trouble once.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { corpus } from "../../js/fuzz/corpus.ts";
import { judge, trial } from "../../js/fuzz/judge.ts";
import { mutated } from "../../js/fuzz/mutate.ts";
import { Random } from "../../js/fuzz/random.ts";

const root = new URL("../../", import.meta.url);
const kept = new URL("tests/vectors-fuzz/", root);
const panels = corpus(root);
const INPUTS = 10_000;
/** Ten times what the fuzzer allows: other programs run beside the tests. */
const LIMIT = 1000;
const random = Date.now() % 2 ** 31;

test.each([1, random])(`${INPUTS} panels damaged from the seed %i are checked, fixed, printed and drawn`, (seed) => {
  const found: string[] = [];
  for (let number = 0; number < INPUTS; number += 1) {
    const text = mutated(panels, new Random(seed + number));
    const { wrong } = trial(text, LIMIT);
    if (wrong !== null) found.push(`seed ${seed + number}: ${wrong}\n${text}`);
  }
  expect(found).toEqual([]);
});

test.each(readdirSync(kept))("%s is no trouble any more", (name) => {
  expect(judge(readFileSync(new URL(name, kept), "utf8"))).toBeNull();
});

test("a text is the same whenever it is made from the same number", () => {
  expect(mutated(panels, new Random(7))).toBe(mutated(panels, new Random(7)));
  expect(new Set(Array.from({ length: 1000 }, (_, number) => mutated(panels, new Random(number)))).size).toBeGreaterThan(950);
});
