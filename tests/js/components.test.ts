import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { render } from "../../js/reactor/drawing.ts";
import { check } from "../../js/reactor/index.ts";
import { dynamic, h } from "../../js/reactor/vnode.ts";
import { componentPanels, NOTHING, samples } from "./samples.ts";

test.each(Object.entries(componentPanels))("the example of %s has no findings but missing ids, and is drawn", (name, text) => {
  const build = check(text, registry);
  expect(build.diagnostics.filter((item) => item.code !== "NX2012")).toEqual([]);
  const { html, missing } = render(build, components, NOTHING, "");
  expect(html).toContain(`nx-${name}`);
  expect(html).not.toContain("cannot be shown");
  expect(missing).toMatchObject({ pages: [], aggregates: [] });
});

test.each(Object.values(components))("$name says what it and its properties are for", ({ doc, props, events, size }) => {
  for (const text of [doc, ...Object.values(props).map((prop) => prop.doc)]) expect(text).toMatch(/^[A-Z0-9].*\.$/s);
  for (const text of Object.values(events)) expect(text).not.toBe("");
  expect(size.min).toBeLessThanOrEqual(size.preferred);
});

test.each(samples)("$name is drawn the same twice", ({ nxml, inputs }) => {
  const draw = (): string => render(check(nxml, registry), components, inputs, "").html;
  expect(draw()).toBe(draw());
});

test("a panel that waits for rows says which, once each", () => {
  const weather = samples.find((sample) => sample.name === "weather-waiting");
  const { missing } = render(check(weather?.nxml ?? "", registry), components, NOTHING, "");
  expect(missing.pages.map((page) => page.query)).toEqual(["kind_options", "by_month", "by_kind", "view"]);
  expect(missing.aggregates.map((item) => `${item.query} ${item.fn} ${item.column}`)).toEqual(["view len null", "view sum precipitation", "view max temp_max", "weather len null"]);
});

test("computed values of computed values are worked out once each", () => {
  const chain = Array.from({ length: 60 }, (_, i) => `<computed name="c${i}" expr="${i ? `c${i - 1} + c${i - 1}` : "1"}"/>`).join("");
  const build = check(`<panel id="p"><view><text id="t">{c59}</text></view><data>${chain}</data></panel>`, registry);
  expect(render(build, components, NOTHING, "").html).toContain(String(2 ** 59));
});

test("an else is shown when its if is not, and a keyed list has one element per item", () => {
  const [empty, full] = ["list-empty", "list"].map((name) => samples.find((sample) => sample.name === name)).map((sample) => render(check(sample?.nxml ?? "", registry), components, sample?.inputs ?? NOTHING, "").html);
  expect(empty).toContain("None &amp; nothing");
  expect(empty).toContain("Nothing to do");
  expect(full).not.toContain("None &amp; nothing");
  expect(full).toContain("&lt;B&gt;TEST&lt;/B&gt;");
  expect(full?.match(/data-id="i\[[ab]\]"/g)).toEqual(['data-id="i[a]"', 'data-id="i[b]"']);
});

test.each(["", "_root", "__proto__", "constructor", "a\u0001b"])("a box of a diagram may be called %j", (id) => {
  const text = '<panel id="p"><view><diagram id="d" nodes="[{id: name, title: \'A\'}, {id: \'toString\', title: \'B\'}, {id: name, title: \'C\'}]" edges="[{from: name, to: \'toString\'}]"/></view><data><state name="name" type="str"/></data></panel>';
  const { html } = render(check(text, registry), components, { ...NOTHING, state: { name: id } }, "");
  expect(html).toContain("Diagram of 2 boxes and 1 arrows");
  expect(html).not.toContain("NaN");
});

test("an element that fails while it is drawn says so; the others are drawn", () => {
  const build = check('<panel id="p"><view><text id="a">One</text><text id="b">Two</text></view></panel>', registry);
  const text = components["text"] as (typeof components)[string];
  const failing = { ...components, text: { ...text, draw: (context: Parameters<typeof text.draw>[0]) => (context.id === "a" ? h("span", { "data-id": "a" }, [() => { throw new Error("No <ink>."); }]) : text.draw(context)) } };
  const { html } = render(build, failing, NOTHING, "");
  expect(html).toContain('data-id="a"><strong>This element cannot be shown.</strong> No &lt;ink&gt;.');
  expect(html).toContain("Two");
});

test("a part that fails when it is drawn again says where it stands in the text", () => {
  const build = check('<panel id="p"><view>\n<text id="a">One</text>\n<text id="b">Two</text></view></panel>', registry);
  const text = components["text"] as (typeof components)[string];
  const failing = { ...components, text: { ...text, draw: (context: Parameters<typeof text.draw>[0]) => (context.id === "b" ? h("div", { "data-id": "b" }, [h("p", {}, [dynamic(() => { throw new Error("No ink."); })])]) : text.draw(context)) } };
  const { html } = render(build, failing, NOTHING, "");
  expect(html).toContain("&lt;text&gt; in line 3 cannot be shown.</strong> No ink.");
  expect(html).toContain("One");
});
