// @vitest-environment jsdom
// What a chart gives away as CSV: all rows, whatever part of them it draws.

import { expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { PageTransport } from "../../js/export/transport.ts";
import { check } from "../../js/reactor/index.ts";
import { MountedPanel } from "../../js/runtime/panel.ts";

const ROWS = Array.from({ length: 12_345 }, (_, i) => ({ x: (i * 7919) % 12_345, y: i % 10 ? i % 101 : null, g: i % 2 ? "odd" : "even", k: `k${i % 7}` }));
const COLUMNS = [{ name: "x", type: "int" }, { name: "y", type: "int" }, { name: "g", type: "str" }, { name: "k", type: "str" }];
const there = ROWS.filter(({ y }) => y !== null);

function numbersOf(attributes: string): Promise<string> {
  const nxml = `<panel id="p"><view><chart id="c" data="f" ${attributes}/></view><data><frame name="f" from="kernel:f"/></data></panel>`;
  const transport = new PageTransport({ panels: { p: { nxml, build: check(nxml, registry), state: {}, links: {}, files: [] } }, frame: () => ({ rows: ROWS, columns: COLUMNS }), load: () => Promise.reject(new Error("none")), worker: () => Promise.reject(new Error("none")) });
  document.body.innerHTML = '<div class="nx-panel" data-nx="p"></div>';
  new MountedPanel(document.querySelector(".nx-panel") as HTMLElement, "p", transport);
  return new Promise((resolve) => {
    // jsdom has no files to save to: what would be saved is read.
    Object.assign(URL, { createObjectURL: (blob: Blob) => { const reader = new FileReader(); reader.onload = () => resolve(String(reader.result)); reader.readAsText(blob); return "blob:kept"; }, revokeObjectURL: () => {} });
    const press = (): void => {
      const button = document.querySelector("svg .nx-series-0") && [...document.querySelectorAll<HTMLButtonElement>(".nx-tool")].find((one) => one.textContent === "CSV");
      if (button) button.click();
      else setTimeout(press, 20);
    };
    press();
  });
}

test.each([
  ["scatter", 'kind="scatter" x="x" y="y"', there.length],
  ["scatter by", 'kind="scatter" x="x" y="y" by="g"', there.length],
  ["line by", 'kind="line" x="x" y="y" by="g"', ROWS.length],
  ["line", 'kind="line" x="x" y="y"', ROWS.length],
  ["bars", 'kind="bar" x="k" y="y"', 7],
  ["too many bars", 'kind="bar" x="x" y="y"', there.length],
])("the CSV of a chart has all rows (%s)", async (_, attributes, lines) => {
  const text = await numbersOf(attributes);
  const [head, ...rows] = text.split("\n");
  expect(head?.split(",")[0]).toBe(attributes.includes('"k"') ? "k" : "x");
  expect(rows).toHaveLength(lines);
  if (lines === 7) expect(rows.map((row) => Number(row.split(",")[1])).reduce((a, b) => a + b)).toBe(there.reduce((sum, { y }) => sum + (y ?? 0), 0));
});
