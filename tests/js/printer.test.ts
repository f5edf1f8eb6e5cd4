import { expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { assemble, check, format } from "../../js/reactor/index.ts";
import { dedent } from "../../js/reactor/tree.ts";
import type { Build } from "../../js/protocol/index.ts";
import { panels, samples } from "./samples.ts";

/** What a build says, without where in the text it says it. */
function meaning(build: Build): unknown {
  const keep = (key: string, value: unknown): unknown => {
    if (key === "span" || key === "value_span" || key === "line" || key === "fix") return undefined;
    return key === "body" ? dedent(value as string) : value;
  };
  return JSON.parse(JSON.stringify(build, keep));
}

/** Faults of syntax and structure are gone once printed; the printer writes what was understood. */
const MENDED = /^NX(1|200[138]|2009|2010|2011|2014|2015|2016|3001)/;
const sound = samples.filter(({ nxml }) => check(nxml, registry).diagnostics.every((item) => !MENDED.test(item.code) && !(item.code === "NX2004" && item.node === null)));

test.each(samples)("$name printed twice is the same", ({ nxml }) => {
  const printed = format(nxml, registry);
  expect(format(printed, registry)).toBe(printed);
});

test.each(sound)("$name means the same once printed", ({ nxml }) => {
  const order = (build: Build): Build => ({ ...build, diagnostics: [...build.diagnostics].sort((a, b) => (a.code + a.message < b.code + b.message ? -1 : 1)) });
  expect(meaning(order(check(format(nxml, registry), registry)))).toEqual(meaning(order(check(nxml, registry))));
});

test.each(Object.entries(panels))("%s assembled from its tree is the text that is printed", (_, text) => {
  const { id, title, packs, sections } = check(text, registry);
  const { nxml, build } = assemble({ id, title, packs, sections }, registry);
  expect(nxml).toBe(format(text, registry));
  expect(build.diagnostics).toEqual([]);
});

test("view comes first, doubled spaces go, comments and escapes stay", () => {
  const text = `<panel id="p"><!-- x --><logic><action name="a">
      if (1 < 2) {
        return 1;
      }
  </action></logic><view><row><text   id="t">a &lt; b &amp;amp; "c"</text>loose
   words</row></view></panel>`;
  expect(format(text, registry)).toBe(`<panel xmlns="urn:nexus:nxml:1" id="p">
  <view>
    <row>
      <text id="t">a &lt; b &amp;amp; "c"</text>
      loose
      words
    </row>
  </view>
  <!-- x -->
  <logic>
    <action name="a">
      if (1 < 2) {
        return 1;
      }
    </action>
  </logic>
</panel>
`);
});

test.each(["<=", "a\nb =", "a\n b=", "x > y", "'", '"', "'\"", "&amp;", "{", "}}"])("the value %j is read back as it was", (value) => {
  const written = (nxml: string): unknown => check(nxml, registry).sections[0]?.children[0]?.attrs.find((item) => item.name === "placeholder")?.value;
  const panel = `<panel id="p"><view><input id="i" placeholder="${value.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replace(/=$/, "&#61;")}"/></view></panel>`;
  expect(written(panel)).toBe(value);
  expect(written(format(panel, registry))).toBe(value);
});

test("a text without panel is given back as it is", () => {
  expect(format("<row/>", registry)).toBe("<row/>");
});
