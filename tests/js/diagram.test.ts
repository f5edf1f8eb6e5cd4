// @vitest-environment jsdom
// Boxes of a diagram are chosen by pointer and by keyboard, in the browser's own binder.

import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { render } from "../../js/reactor/drawing.ts";
import { check } from "../../js/reactor/index.ts";
import { instantiate } from "../../js/reactor/view.ts";
import { bindChildren, Owner } from "../../js/runtime/binder.ts";
import { LocalHost } from "../../js/runtime/local.ts";
import { NOTHING } from "./samples.ts";

const TEXT = `<panel id="p"><view><diagram id="d" bind:value="chosen" nodes="[{id: 'a', title: 'A'}, {id: 'b', title: 'B'}, {id: 'c', title: 'C'}]" edges="[{from: 'a', to: 'b'}]"/></view>
<data><state name="chosen" type="str" scope="view"/></data></panel>`;

function drawn(text: string): { host: LocalHost; box: (id: string) => SVGGElement; root: HTMLElement } {
  const build = check(text, registry);
  expect(build.diagnostics.filter((item) => item.severity === "error")).toEqual([]);
  const host = new LocalHost(true);
  host.replace(build);
  const root = document.body.appendChild(document.createElement("main"));
  bindChildren(root, instantiate(build, components, host), new Owner());
  return { host, root, box: (id) => root.querySelector(`[data-node="${id}"]`) as SVGGElement };
}

const press = (element: Element, key: string): boolean => element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const click = (element: Element): boolean => element.dispatchEvent(new MouseEvent("click", { bubbles: true }));

test("a click on a box chooses it, and one more chooses none", () => {
  const { host, box } = drawn(TEXT);
  click(box("b"));
  expect(host.state("chosen")).toBe("b");
  expect(box("b").getAttribute("aria-pressed")).toBe("true");
  expect(box("b").getAttribute("data-chosen")).toBe("true");
  expect(box("a").getAttribute("aria-pressed")).toBe("false");
  click(box("b"));
  expect(host.state("chosen")).toBe("");
});

test("boxes are one stop of the Tab key; arrows go on, Enter and Space choose", () => {
  const { host, box, root } = drawn(TEXT);
  const stops = (): (string | null)[] => [...root.querySelectorAll('[data-node][tabindex="0"]')].map((node) => node.getAttribute("data-node"));
  expect(stops()).toEqual(["a"]);
  box("a").focus();
  press(box("a"), "ArrowRight");
  expect(document.activeElement).toBe(box("b"));
  press(box("b"), "Enter");
  expect(host.state("chosen")).toBe("b");
  expect(stops()).toEqual(["b"]);
  press(box("b"), "ArrowLeft");
  press(box("a"), "ArrowUp");
  expect(document.activeElement).toBe(box("c"));
  press(box("c"), " ");
  expect(host.state("chosen")).toBe("c");
});

test("a diagram that nobody listens to is a picture", () => {
  const { root } = drawn(TEXT.replace(' bind:value="chosen"', ""));
  expect(root.querySelector("svg")?.getAttribute("role")).toBe("img");
  expect(root.querySelectorAll("[data-node]")).toHaveLength(0);
});

test("how many boxes are not drawn is said", () => {
  const nodes = `[${Array.from({ length: 302 }, (_, i) => `{id: '${i}'}`).join(", ")}]`;
  const { html } = render(check(`<panel id="p"><view><diagram id="d" nodes="${nodes}"/></view></panel>`, registry), components, NOTHING, "");
  expect(html).toContain("Only 300 of 302 boxes are drawn.");
});

const GRAPH = (from: string, uses = '<uses cap="panel.read" why="to show it"/>'): string => `<panel id="p"><view><table id="t" data="n"/></view><data><state name="chosen" type="str" scope="view"/><frame name="n" from="${from}"/></data>${uses && `<logic>${uses}</logic>`}</panel>`;

test("a table of the object graph is worked out for its arguments, and needs leave to see all panels", () => {
  const build = check(GRAPH("nog:nodes(chosen, most=20)"), registry);
  expect(build.diagnostics).toEqual([]);
  expect(build.frames[0]).toMatchObject({ source: "nog:nodes", call: { function: "nodes", inputs: ["chosen"], args: [{ name: null }, { name: "most" }] } });
  expect(check(GRAPH("nog:edges"), registry).frames[0]?.call).toEqual({ function: "edges", args: [], inputs: [] });
  expect(check(GRAPH("nog:nodes", ""), registry).diagnostics.map((item) => [item.code, item.fix?.edits[0]?.text.trim()])).toEqual([["NX6003", '<logic><uses cap="panel.read" why="to show what the workspace consists of"/></logic>']]);
  expect(check(GRAPH("nog:nodes", '<uses cap="panel.read" target="q" why="one"/>'), registry).diagnostics.map((item) => item.code)).toEqual(["NX6003"]);
  expect(check(GRAPH("nog:node"), registry).diagnostics.map((item) => [item.code, item.fix?.title])).toEqual([["NX3006", "write nodes"]]);
});
