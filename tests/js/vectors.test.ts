import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Vector, vectors } from "./vectors.ts";

const folder = new URL("../vectors/", import.meta.url);
const made = vectors();

test("there is a vector for each sample and no other", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => name.replace(/\.json$/, ""));
  expect(files.sort()).toEqual(made.map((vector) => vector.name).sort());
  expect(new Set(files).size).toBe(made.length);
});

test.each(made)("$name is byte for byte what it was (else: node js/vectors.mjs)", (vector) => {
  const kept = JSON.parse(readFileSync(new URL(`${vector.name}.json`, folder), "utf8")) as Vector;
  expect(vector.formatted).toBe(kept.formatted);
  expect(vector.html).toBe(kept.html);
  expect(JSON.stringify(vector.build)).toBe(JSON.stringify(kept.build));
});
