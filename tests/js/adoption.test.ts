// @vitest-environment jsdom
// The band of a workspace that came from elsewhere: what it says, and that nothing is allowed in haste.

import { beforeEach, expect, test } from "vitest";
import type { Adoption } from "../../js/protocol/index.ts";
import { AdoptionBand, sentence } from "../../js/runtime/adoption.ts";

const NONE = { panel: null, cap: null, target: null, name: null, url: null, rule: null, allowed: false };
const LEFT: Adoption["left"] = [
  { ...NONE, number: 1, kind: "grant", text: "net.http of https://evil.example\u202e" },
  { ...NONE, number: 2, kind: "grant", text: "notify" },
  { ...NONE, number: 3, kind: "remote", text: "origin" },
];

function adoption(more: Partial<Adoption>): Adoption {
  return { at: "2026-11-29T10:00:00Z", aside: ".nexus.foreign-1", panels: 0, graph: 0, files: 0, refused: [], left: [], ...more };
}

beforeEach(() => localStorage.clear());

test.each<[Partial<Adoption>, string]>([
  [{ panels: 3, graph: 1, files: 2, left: LEFT }, "This workspace came from elsewhere. Panels, graph and files were taken; 2 grants and 1 remote were not."],
  [{ panels: 1, left: LEFT.slice(0, 1) }, "This workspace came from elsewhere. Panels were taken; 1 grant was not."],
  [{ panels: 1, left: LEFT.map((one) => ({ ...one, allowed: true })) }, "This workspace came from elsewhere. Panels were taken."],
  [{}, "This workspace came from elsewhere. Nothing was taken."],
])("%j is said in words", (more, words) => {
  expect(sentence(adoption(more))).toBe(words);
});

test("what was left out is listed on demand, and a hasty press allows nothing", () => {
  const allowed: number[] = [];
  const band = new AdoptionBand((number) => allowed.push(number));
  document.body.append(band.root);
  band.show(adoption({ panels: 1, left: LEFT, refused: ["The file panels/x.nxml has errors."] }));
  expect(band.root.querySelector<HTMLElement>("ul")?.hidden).toBe(true);
  band.root.querySelector<HTMLElement>("[aria-expanded]")?.click();
  const items = [...band.root.querySelectorAll("li")];
  expect(items.map((item) => item.firstChild?.textContent)).toEqual(["grant: net.http of https://evil.example", "grant: notify", "remote: origin", "The file panels/x.nxml has errors."]);
  items[0]?.querySelector("button")?.click();
  expect(allowed).toEqual([]);
  expect(items[0]?.querySelector("button")?.getAttribute("aria-disabled")).toBe("true");
  band.dispose();
});

test("a band that was closed stays closed in this browser, and another folder's is shown", () => {
  const band = new AdoptionBand(() => {});
  document.body.append(band.root);
  band.show(adoption({ panels: 1 }));
  expect(band.root.hidden).toBe(false);
  [...band.root.querySelectorAll("button")].find((button) => button.textContent === "Close")?.click();
  expect(band.root.hidden).toBe(true);
  band.show(adoption({ panels: 1 }));
  expect(band.root.hidden).toBe(true);
  band.show(adoption({ panels: 1, at: "2026-11-30T10:00:00Z" }));
  expect(band.root.hidden).toBe(false);
  band.dispose();
});
