// @vitest-environment jsdom
// The band of a workspace that came from elsewhere: what it says, and that nothing is allowed in haste.

import { expect, test } from "vitest";
import { type Adoption, AdoptionBand, sentence } from "../../js/runtime/adoption.ts";

const LEFT = [{ kind: "grant", what: "net.http of https://evil.example\u202e", id: "g1" }, { kind: "grant", what: "notify", id: "g2" }, { kind: "remote", what: "origin", id: "r1" }];

test.each<[Adoption, string]>([
  [{ taken: { panels: 3, graph: 1, files: 2 }, left: LEFT }, "This workspace came from elsewhere. Panels, graph and files were taken; 2 grants and 1 remote were not."],
  [{ taken: { panels: 1, files: 0 }, left: LEFT.slice(0, 1) }, "This workspace came from elsewhere. Panels were taken; 1 grant was not."],
  [{ taken: {}, left: [] }, "This workspace came from elsewhere. Nothing was taken."],
])("%j is said in words", (adoption, words) => {
  expect(sentence(adoption)).toBe(words);
});

test("what was left out is listed on demand, and a hasty press allows nothing", () => {
  const allowed: string[] = [];
  const band = new AdoptionBand((id) => allowed.push(id), () => {});
  document.body.append(band.root);
  band.show({ taken: { panels: 1 }, left: LEFT });
  expect(band.root.querySelector<HTMLElement>("ul")?.hidden).toBe(true);
  band.root.querySelector<HTMLElement>("[aria-expanded]")?.click();
  const items = [...band.root.querySelectorAll("li")];
  expect(items.map((item) => item.firstChild?.textContent)).toEqual(["grant: net.http of https://evil.example", "grant: notify", "remote: origin"]);
  items[0]?.querySelector("button")?.click();
  expect(allowed).toEqual([]);
  expect(items[0]?.querySelector("button")?.getAttribute("aria-disabled")).toBe("true");
  band.show(null);
  expect(band.root.hidden).toBe(true);
  band.dispose();
});
