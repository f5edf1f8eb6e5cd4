// A panel while its text is still arriving: every prefix is safe, and the last one is the panel.

import { expect, test } from "vitest";
import { gallery } from "../../js/components/gallery.ts";
import { components, registry } from "../../js/components/index.ts";
import { Budget, PICTURE_ELEMENTS } from "../../js/reactor/budget.ts";
import { htmlOf } from "../../js/reactor/html.ts";
import { check } from "../../js/reactor/index.ts";
import { instantiate } from "../../js/reactor/view.ts";
import { LocalHost } from "../../js/runtime/local.ts";
import { panels } from "./samples.ts";

function drawn(text: string): { html: string; ids: string[] } {
  const build = check(text, registry, { partial: true });
  expect(build.diagnostics).toEqual([]);
  const host = new LocalHost(false);
  host.replace(build);
  const html = htmlOf(instantiate(build, components, host), new Budget(PICTURE_ELEMENTS));
  return { html, ids: [...html.matchAll(/data-id="([^"]+)"/g)].map((match) => match[1] as string) };
}

test.each(Object.entries(panels))("every prefix of %s is drawn, and what was there stays there", (_, text) => {
  let before = 0;
  for (let end = 0; end <= text.length; end += 1) {
    const { html, ids } = drawn(text.slice(0, end));
    expect(html).not.toContain("nx-failure");
    expect(ids.length, `after ${end} characters`).toBeGreaterThanOrEqual(before);
    before = ids.length;
  }
});

test("prefixes of a large panel are drawn too", () => {
  const text = gallery(registry);
  for (let end = 0; end <= text.length; end += 397) drawn(text.slice(0, end));
});

test.each(Object.entries(panels))("the whole text of %s makes what it makes when it comes at once", (_, text) => {
  const { diagnostics: _findings, ...arrived } = check(text, registry, { partial: true });
  const { diagnostics: _others, ...batch } = check(text, registry);
  expect(arrived).toEqual(batch);
  expect(JSON.stringify(arrived)).not.toContain('"pending":true');
});

test.each(Object.entries(panels))("the first element of %s is seen after less than fifteen per cent of its text", (_, text) => {
  let end = 0;
  while (!drawn(text.slice(0, end)).ids.length) end += 1;
  expect(end / text.length).toBeLessThan(0.15);
});

test("what reads a name that has not come yet is a skeleton, and then it is not", () => {
  const text = '<panel id="p"><view><text id="t">{word}</text><note id="n">Ready</note><input id="i" label="Word" bind:value="word"/></view><data><state name="word" default="x" type="str"/></data></panel>';
  const half = drawn(text.slice(0, text.indexOf("</view>"))).html;
  expect(half).toContain('class="nx-skeleton" data-id="t"');
  expect(half).toContain('class="nx-skeleton" data-id="i"');
  expect(half).toContain("Ready");
  expect(drawn(text).html).not.toContain("nx-skeleton");
});
