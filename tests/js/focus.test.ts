// @vitest-environment jsdom
// What takes the focus with it, while it is drawn anew elsewhere: the last thing that a person moved, and nothing before it.

import { expect, test } from "vitest";
import { followWithFocus } from "../../js/components/timing.ts";

test("the focus follows what was moved last, and leaves the person where they are", () => {
  document.body.innerHTML = "<button id='box'></button><button id='card'></button>";
  const box = followWithFocus();
  expect(box()).toBe(true);
  // A second thing is moved before the first has come back.
  const card = followWithFocus();
  expect([box(), card()]).toEqual([false, true]);
  document.getElementById("card")?.focus();
  expect([box(), card()]).toEqual([false, false]);
  document.getElementById("card")?.remove();
  expect([box(), card()]).toEqual([false, true]);
});
