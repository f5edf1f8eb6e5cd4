// What counts as a use of a state in a handler's text.
import { describe, expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { stateUses } from "../../js/reactor/checker/code.ts";
import { check } from "../../js/reactor/index.ts";

const findings = (body: string): string[] =>
  check(`<panel id="p"><data><state name="total" type="int" default="0"/><state name="list" type="any"/></data><logic><action name="a">${body}</action></logic></panel>`, registry)
    .diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);

describe("a use of a state", () => {
  test.each([
    ["state.total += 1", ["total"]],
    ["return [...state.list]", ["list"]],
    ["f({ ...state.list, ...reply.state.city })", ["list"]],
    ["return `${state.total} of ${`${state.list}`}`", ["total", "list"]],
    ["return `state.nope ${1} state.nope`", []],
    ["return `\\${state.nope}`", []],
    ["return `${{ a: { b: 1 } }.a} state.nope`", []],
    ["// state.nope\nreturn 'state.nope' + \"state.nope\" /* state.nope */", []],
    ["reply.state.city; reply?.state.city; a . state . b; mystate.x; $state.x", []],
    ["return 'it' + `'` + state.total", ["total"]],
    ["return state?.total", ["total"]],
  ])("%s", (body, names) => {
    expect(stateUses(body).map(({ name }) => name)).toEqual(names);
  });

  test.each([
    "return items.reduce((state, x) => state.sum + x)",
    "return items.reduce(state => state.sum)",
    "return items.map(function (a, state) { return state.sum })",
    "const state = { sum: 1 }; return state.sum",
    "const { state } = await reply; return state.sum",
    "return (await nx.fetch('x')).state.city",
    "return `state.nope`",
  ])("of another kind is no finding: %s", (body) => {
    expect(findings(body).filter((text) => /sum|city|nope/.test(text))).toEqual([]);
  });

  test("with an unknown name is one", () => {
    expect(findings("state.totl += 1")[0]).toMatch(/totl/);
    expect(findings("return `${state.totl}`")[0]).toMatch(/totl/);
    expect(findings("if (f(state.list)) { state.totl = 1 }")[0]).toMatch(/totl/);
  });
});

test.each([[500, false], [501, true], [20_000, true]])("code within %i brackets is compiled, or is a finding of its own action", (depth, deep) => {
  const found = check(`<panel id="p"><view/><logic><action name="a">return 1;</action><action name="b">return '((' + ${"(".repeat(depth)}1${")".repeat(depth)};</action></logic></panel>`, registry).diagnostics;
  const said = found.filter(({ code }) => code === "NX1001");
  expect(said.map(({ message }) => message)).toEqual(deep ? ["This code is nested deeper than 500 brackets, which cannot be compiled."] : []);
  expect(said.map(({ node }) => node)).toEqual(deep ? ["action.b"] : []);
});

describe("what handlers do not have", () => {
  test.each([
    ["return new URL('/x', base).href", "URL"], ["return new Intl.NumberFormat('de').format(1)", "Intl"], ["await fetch('https://x.example')", "fetch"],
    ["setInterval(() => { state.n += 1 }, 10)", "setInterval"], ["document.title = 'x'", "document"], ["return (1234.5).toLocaleString('de')", "toLocaleString"],
    ["return `${new Date(0).toLocaleDateString()}`", "toLocaleDateString"],
  ])("is a warning where it is used: %s", (body, name) => {
    const found = check(`<panel id="p"><view/><logic><action name="a">${body.replaceAll("<", "&lt;")}</action></logic></panel>`, registry).diagnostics.filter(({ code }) => code === "NX3017");
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toContain(`'${name}'`);
    expect(found[0]?.severity).toBe("warning");
  });

  test.each([
    "return (await nx.fetch('x')).URL", "const URL = 1; return URL", "return 'URL document'", "// fetch\nreturn 1", "return items.map((document) => document.id)", "return { process: 1 }",
    "function fetch() { return 1 } return fetch()", "return args.window",
  ])("is none where a handler has it: %s", (body) => {
    expect(findings(body).filter((text) => /Handlers have no|locale/.test(text))).toEqual([]);
  });

  test("is none where a parameter has the name", () => {
    const { diagnostics } = check('<panel id="p"><view/><logic><action name="a" params="document: str">return document.length;</action></logic></panel>', registry);
    expect(diagnostics.filter(({ code }) => code === "NX3017")).toEqual([]);
  });
});
