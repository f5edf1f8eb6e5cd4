import { expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { parse, type RawNode } from "../../js/reactor/parser.ts";
import { check, format } from "../../js/reactor/index.ts";
import { Source } from "../../js/reactor/source.ts";

/** A tree in one line: names with their children, texts in quotes. */
function shape(nodes: readonly RawNode[]): string {
  return nodes.map((node) => (node.kind === "text" ? JSON.stringify(node.value) : `${node.name}${node.attributes.map((item) => ` ${item.name}=${item.value}`).join("")}${node.children.length ? `(${shape(node.children)})` : ""}`)).join(" ");
}
function parsed(text: string): { readonly tree: string; readonly codes: string[] } {
  const source = new Source(text);
  const tree = shape(parse(source));
  return { tree, codes: source.diagnostics.map((item) => item.code) };
}

const RECOVERY: readonly [string, string, string[]][] = [
  ["<a><b/>x</a>", 'a(b "x")', []],
  ["<a b='1' c=\"2\" d/>", "a b=1 c=2 d=null", []],
  ["<a b = '1'\n/>", "a b=1", []],
  ["<a>1 &lt; 2 &amp;&amp; &#65;&#x1F600;</a>", 'a("1 < 2 && A😀")', []],
  ["<a>&nbsp;</a>", 'a("&nbsp;")', ["NX1011"]],
  ["<a>&#xD800;</a>", 'a("")', ["NX1012"]],
  ["<a>a & b</a>", 'a("a & b")', []],
  ["<a>1 < 2</a>", 'a("1 " "<" " 2")', ["NX1007"]],
  ["<a><b>x</a>y", 'a(b("x")) "y"', ["NX1002"]],
  ["<a></b></a>", "a", ["NX1003"]],
  ["<a><b><c></b></a>", "a(b(c))", ["NX1002"]],
  ["<a", "a", ["NX1008", "NX1002"]],
  ["<a b", "a b=null", ["NX1008", "NX1002"]],
  ["<a b=", "a b=", ["NX1015", "NX1008", "NX1002"]],
  ["<a b='x", "a b=x", ["NX1014", "NX1008", "NX1002"]],
  ["<a b='x><c/></a>", "a b=x(c)", ["NX1014"]],
  ["<a b=1 c=x/>", "a b=1 c=x", ["NX1015", "NX1015"]],
  ["<a b='1' b='2'/>", "a b=1", ["NX1016"]],
  ["<a , ; b='1'/>", "a b=1", ["NX1009", "NX1009"]],
  ["<a></a x>", "a", ["NX1004"]],
  ["<a></a", "a", ["NX1004"]],
  ["<!-- <a> -->b", '"b"', []],
  ["a<!-- ", '"a"', ["NX1005"]],
  ["<a><![CDATA[<b/>]]></a>", "a", ["NX1006"]],
  ['<!DOCTYPE a [<!ENTITY x "y">]><a/>', '"]>" a', ["NX1010"]],
  ["<?php ?><a/>", "a", ["NX1010"]],
  ["<action>if (a < b && c) x = '<b>';</action>", 'action("if (a < b && c) x = \'<b>\';")', []],
  ["<action>a &lt; b</action>", 'action("a &lt; b")', []],
  ["<action>a", 'action("a")', ["NX1002"]],
  ["<", '"<"', ["NX1007"]],
  ["</", "", ["NX1004", "NX1003"]],
  ["", "", []],
  ["\u0000<a\u0000/>", '"\\u0000" a', ["NX1009"]],
];

test.each(RECOVERY)("%s", (text, tree, codes) => {
  expect(parsed(text)).toEqual({ tree, codes });
});

test.each([
  ["deep tags", "<column>".repeat(50_000)], ["deep brackets", `<panel id="p"><view><text id="t">{${"[".repeat(100_000)}`], ["braces", `<panel id="p"><view><text id="t">${"{".repeat(200_000)}`], ["attributes", `<panel ${"a='1' ".repeat(5000)}/>`],
  ["a long chain", `<panel id="p"><view><text id="t">{1${"+1".repeat(300_000)}}</text></view></panel>`], ["a long type", `<panel id="p"><data><state name="a" type="${"?".repeat(100_000)}"/></data></panel>`],
  ["a deep default", `<panel id="p"><data><state name="a" default="${"[".repeat(100_000)}${"]".repeat(100_000)}"/></data></panel>`], ["entities", `<panel id="p"><view><text id="t">${"&x;".repeat(100_000)}</text></view></panel>`],
  ["closing tags", "</a>".repeat(100_000)], ["opening angles", "<".repeat(200_000)], ["a constraint", `<panel id="p"><view><grid id="g" constraints="${"a.width == ".repeat(20_000)}"/></view></panel>`],
  ["spaces", `<panel id="p"><view><text id="t" for="${" ".repeat(100_000)}x in ">a</text></view></panel>`],
])("%s without end are reported, not thrown", (_, text) => {
  expect(check(text, registry).diagnostics.filter((item) => item.severity === "error").length).toBeGreaterThan(0);
  expect(typeof format(text, registry)).toBe("string");
});

test("spans are the text that they name", () => {
  const text = '<panel id="p">\r\n<view>\n  <text id="tö">x</text>\n</view></panel>';
  const build = check(text, registry);
  const view = build.sections[0];
  expect(text.slice(view?.span.start, view?.span.end)).toBe('<view>\n  <text id="tö">x</text>\n</view>');
  expect(view?.children[0]?.span).toMatchObject({ line: 3, col: 3 });
  const id = view?.children[0]?.attrs[0];
  expect(text.slice(id?.value_span?.start, id?.value_span?.end)).toBe("tö");
});

test("sections come in the printer's order whatever order they are written in", () => {
  expect(check('<panel id="p"><logic/><data/><view/></panel>', registry).sections.map((section) => section.name)).toEqual(["view", "data", "logic"]);
});
