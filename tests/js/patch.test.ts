import { expect, test } from "vitest";
import { parsePatch } from "../../js/reactor/index.ts";

const ops = (inner: string): unknown[] => parsePatch(`<patch panel="p" rev="7">${inner}</patch>`).patch.ops;
const entity = (id: string, type: string, parent: string, attrs: object) => ({ id, type, parent, order: "", attrs });
const insert = (inserted: object, before: string | null = null, after: string | null = null) => ({ op: "insert", entity: inserted, before, after, seen: null });

test.each<[string, unknown[]]>([
  ['<set id="t" size="l" if="count &gt; 1"/>', [{ op: "set", id: "t", attrs: { size: "l", if: "count > 1" }, seen: null }]],
  ['<set id="t">New\n  text</set>', [{ op: "set", id: "t", attrs: { text: "New\ntext" }, seen: null }]],
  ['<unset id="t" names="size, if"/>', [{ op: "unset", id: "t", names: ["size", "if"], seen: null }]],
  ['<remove id="t"/>', [{ op: "remove", id: "t", seen: null }]],
  ['<move id="t" before="u"/>', [{ op: "move", id: "t", parent: "", order: "", before: "u", after: null, seen: null }]],
  ['<move id="t" into="row" after="u"/>', [{ op: "move", id: "t", parent: "row", order: "", before: null, after: "u", seen: null }]],
  ['<link source="a" relation="reads" target="b"/>', [{ op: "link", source: "a", relation: "reads", target: "b", seen: null }]],
  ['<text id="t" old="a" new="b"/>', [{ op: "replace_text", id: "t", attr: "text", old: "a", new: "b", seen: null }]],
  ['<append id="t">more</append>', [{ op: "append", id: "t", attr: "text", text: "more", seen: null }]],
  ['<code id="action.add">if (a < b && c) state.count += 1;</code>', [{ op: "code", id: "action.add", text: "if (a < b && c) state.count += 1;", seen: null }]],
  ['<insert into="row"><badge id="b" kind="info">1</badge></insert>', [insert(entity("b", "Element", "row", { tag: "badge", "attr:kind": "info", text: "1" }))]],
  ['<insert after="t"><row id="r"><badge id="b">1</badge></row></insert>', [insert(entity("r", "Element", "", { tag: "row" }), null, "t"), insert(entity("b", "Element", "r", { tag: "badge", text: "1" }))]],
  ['<insert><badge>1</badge></insert>', [insert(entity("badge-1", "Element", "view", { tag: "badge", generated: true, text: "1" }))]],
  ['<insert><state name="x" type="int"/></insert>', [insert(entity("state.x", "State", "data", { tag: "state", "attr:name": "x", "attr:type": "int" }))]],
  ['<insert><action name="a">return 1 < 2;</action></insert>', [insert(entity("action.a", "Action", "logic", { tag: "action", "attr:name": "a", text: "return 1 < 2;" }))]],
  ['<insert><constructor id="c"/></insert>', [insert(entity("c", "Element", "view", { tag: "constructor" }))]],
])("%s", (inner, expected) => {
  expect(ops(inner)).toEqual(expected);
});

test("a patch says for which panel and on which version it is", () => {
  expect(parsePatch('<patch panel="p" rev="7"/>')).toEqual({ patch: { panel: "p", rev: 7, ops: [] }, diagnostics: [] });
  expect(parsePatch("<patch/>").patch).toEqual({ panel: null, rev: null, ops: [] });
});

test.each([
  ["", "NX8001", 1, 1], ["<set/>", "NX8001", 1, 1], ["hello", "NX8001", 1, 1],
  ["<patch>\n  <set size='l'/></patch>", "NX8001", 2, 3], ["<patch>\n<unset id='t'/></patch>", "NX8001", 2, 1], ["<patch><text id='t' old='a'/></patch>", "NX8001", 1, 8],
  ["<patch><paint id='t'/></patch>", "NX8001", 1, 8], ["<patch>hello</patch>", "NX8001", 1, 8], ["<patch><insert into='r'/></patch>", "NX8001", 1, 8], ["<patch rev='soon'/>", "NX8001", 1, 13], ["<patch><set id='t'", "NX1008", 1, 8],
])("%j is refused", (text, code, line, col) => {
  const found = parsePatch(text).diagnostics.filter((item) => item.code === code);
  expect(found.map(({ span }) => [span.line, span.col])).toEqual([[line, col]]);
});

test("a fault behind the code of an action is found where it is written", () => {
  const text = '<patch><code id="action.a">return 1;</code><paint/></patch>';
  expect(parsePatch(text).diagnostics.map((item) => text.slice(item.span.start, item.span.end))).toEqual(["<paint"]);
});
