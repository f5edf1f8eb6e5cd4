// All components there are. The checker's registry and the table for drawing are the same objects.

import type { Component, ComponentTable } from "../reactor/component.ts";
import type { Registry } from "../reactor/registry.ts";
import { chart } from "./chart.ts";
import { button, checkbox, input, item, listing, number, select, slider, textarea, toggle } from "./controls.ts";
import { diagram } from "./diagram.ts";
import { card, column, divider, grid, row, tab, tabs } from "./layout.ts";
import { markdown } from "./markdown.ts";
import css from "./panel.css";
import { table } from "./table.ts";
import { badge, heading, image, link, metric, note, progress, text } from "./text.ts";

const all: readonly Component[] = [
  row, column, grid, card, tabs, tab, divider,
  text, heading, markdown, note, badge, metric, progress, link, image,
  button, toggle, checkbox, select, slider, number, input, textarea,
  table, chart, diagram, listing, item,
];

export const components: ComponentTable = Object.fromEntries(all.map((component) => [component.name, component]));
export const registry: Registry = { version: "1", components };
export const stylesheet: string = css;
