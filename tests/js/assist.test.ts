import { describe, expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { languageOf } from "../../js/reactor/assist/index.ts";
import { panels } from "./samples.ts";

const language = languageOf(registry);

/** A panel around what is written; the cursor is at `¦`. */
function panel(view: string, logic = ""): { text: string; at: number } {
  const marked = `<panel id="p" xmlns:stats="nexus:lib/stats@1"><view>
  <column id="c">${view}</column>
</view>
<data>
  <type name="Card" fields="title: str, done: bool"/>
  <state name="count" type="int"/>
  <state name="cards" type="list[Card]"/>
  <computed name="double" expr="count * 2"/>
  <frame name="df" from="kernel:df" columns="city: str, rain: float"/>
  <query name="wet" frame="df" where="row.rain > 0"/>
</data>
<logic>${logic}<action name="add" params="by: int = 1">state.count += args.by;</action></logic></panel>`;
  return { text: marked.replace("¦", ""), at: marked.indexOf("¦") };
}

function offered(view: string, logic = ""): { from: string; labels: string[] } {
  const { text, at } = panel(view, logic);
  const found = language.suggest(text, at);
  return { from: found ? text.slice(found.from, at) : "", labels: found?.items.map((item) => item.label) ?? [] };
}

describe("what is offered", () => {
  test.each([
    ["a component after <", "<¦", "", ["button", "text"]],
    ["a component while its name is written", "<bu¦", "bu", ["button", "table"]],
    ["a component before what follows", '<bu¦\n<text id="t">x</text>', "bu", ["button"]],
    ["a tab in tabs only", '<tabs id="t"><¦</tabs>', "", ["tab"]],
    ["an attribute", '<button id="b" ¦/>', "", ["label", "kind", "on:press", "if"]],
    ["an attribute in a tag that is not ended", '<button id="b" la¦', "la", ["label"]],
    ["a control's binding", '<slider id="s" b¦/>', "b", ["bind:value"]],
    ["the values of an attribute", '<button id="b" kind="¦"/>', "", ["plain", "primary", "danger"]],
    ["states for a binding", '<slider id="s" bind:value="¦"/>', "", ["count", "cards"]],
    ["actions for an event", '<button id="b" label="B" on:press="a¦"/>', "a", ["add"]],
    ["names for an action's arguments", '<button id="b" label="B" on:press="add(¦)"/>', "", ["$event", "count"]],
    ["rows for a table", '<table id="t" data="¦"/>', "", ["df", "wet"]],
    ["names in a text", '<text id="t">It is {co¦}</text>', "co", ["count", "double", "df"]],
    ["functions after a pipe", '<text id="t">{count | nu¦}</text>', "nu", ["number", "percent"]],
    ["what a for goes through", '<text id="t" for="card in ¦"/>', "", ["cards"]],
    ["the name that a for gives", '<column id="d" for="card in cards" key="card.title"><text id="t">{¦}</text></column>', "", ["card", "count"]],
    ["fields of what a for goes through", '<text id="t" for="card in cards" key="card.title">{card.¦}</text>', "", ["title", "done"]],
    ["the tag that is open", '<row id="r"></¦</row>', "", ["row"]],
  ])("%s", (_name, view, from, labels) => {
    const found = offered(view);
    expect(found.from).toBe(from);
    expect(found.labels).toEqual(expect.arrayContaining(labels));
  });

  test.each([
    ["in plain text", '<text id="t">co¦</text>'],
    ["in quotes", "<text id=\"t\">{cards | where('¦')}</text>"],
    ["for a text", '<button id="b" label="¦"/>'],
  ])("no functions are offered %s", (_name, view) => {
    expect(offered(view).labels).not.toContain("number");
  });

  test("states are offered in an action", () => {
    expect(offered("", '<action name="x">state.¦</action>').labels).toEqual(["count", "cards"]);
  });

  test("columns are offered in a query", () => {
    const { text } = panel("");
    const at = text.indexOf("row.rain") + "row.".length;
    expect(language.suggest(text, at)?.items.map((item) => item.label)).toEqual(["city", "rain"]);
  });

  test("an attribute that is there is not offered again", () => {
    expect(offered('<button id="b" label="B" ¦/>').labels).not.toContain("label");
  });

  test.each(Object.entries(panels))("%s can be asked about at every place", (_name, text) => {
    for (let at = 0; at <= text.length; at += 3) {
      const found = language.suggest(text, at);
      if (found) expect(found.from).toBeLessThanOrEqual(at);
      const words = language.explain(text, at);
      if (words) expect(words.from <= at && at < words.to).toBe(true);
    }
  });
});

describe("what is explained", () => {
  const { text } = panel('<button id="b" label="Add" kind="primary" on:press="add(count | abs)" if="double > 1"/><text id="t">{count | number}</text>');
  test.each([
    ["button", "<button>", "Runs an action when pressed."],
    ["kind", "kind: str", "How much it stands out."],
    ["on:press", "on:press", "Runs an action. $event holds nothing."],
    ["if=", "if", "Shown only while the expression is true."],
    ["add(count", "add(by: int)", "An action of this panel."],
    ["count | abs", "count: int", "A state of this panel."],
    ["abs)", "abs: float", "Without sign."],
    ["number}", "number: str", "With grouped thousands and n decimals."],
    ["computed", "<computed>", "A value that follows from others."],
    ["fields", "fields", "Its fields: `name: type, name: type`."],
  ])("%s", (word, title, doc) => {
    expect(language.explain(text, text.indexOf(word))).toMatchObject({ title, doc });
  });

  test("plain words are not", () => {
    expect(language.explain('<panel id="p"><view><text id="t">count</text></view></panel>', 34)).toBeNull();
  });
});

test("an editor is told of code that does not compile, at its place", () => {
  const text = '<panel id="p"><logic><action name="a">return (1;</action></logic></panel>';
  const found = language.check(text).filter(({ severity }) => severity === "error");
  expect(found.map(({ code, span }) => [code, text.slice(span.start, span.end)])).toEqual([["NX3020", ";"]]);
});
