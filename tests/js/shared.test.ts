import { expect, test } from "vitest";
import { shared } from "../../js/runtime/shared.ts";

test("what is equal is the same, what is not is new", () => {
  const before = { rows: [{ id: 1, tags: ["a"] }, { id: 2, tags: ["b"] }], note: null };
  const now = shared(before, { rows: [{ id: 1, tags: ["a"] }, { id: 2, tags: ["c"] }, { id: 3, tags: [] }], note: null }) as typeof before;
  expect(now).not.toBe(before);
  expect(now.rows[0]).toBe(before.rows[0]);
  expect(now.rows[1]).not.toBe(before.rows[1]);
  expect(now.rows).toHaveLength(3);
  expect(shared(before, JSON.parse(JSON.stringify(before)))).toBe(before);
  expect(shared([1, 2], [1])).toEqual([1]);
  expect(shared({ a: 1, b: 2 }, { a: 1 })).toEqual({ a: 1 });
  expect(shared([], {})).toEqual({});
  expect(shared(null, "x")).toBe("x");
});
