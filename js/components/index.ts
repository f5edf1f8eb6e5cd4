// All components there are. The checker's registry and the table for drawing are the same objects.

import type { Component, ComponentTable } from "../reactor/component.ts";
import type { Pack, Registry } from "../reactor/registry.ts";
import { chart } from "./chart.ts";
import { multiselect, radio, range, select } from "./choices.ts";
import { accordion, section, split } from "./containers.ts";
import { button, checkbox, color, date, input, number, search, slider, textarea, time, toggle } from "./controls.ts";
import { diagram } from "./diagram.ts";
import { dialog, drawer } from "./dialogs.ts";
import { island, vega } from "./embedded.ts";
import { file, form } from "./form.ts";
import { icon } from "./icons.ts";
import { item, listing } from "./items.ts";
import { kanban } from "./kanban.ts";
import { card, column, divider, grid, row, tab, tabs } from "./layout.ts";
import { markdown } from "./markdown.ts";
import { stats } from "./packs/stats.ts";
import css from "./panel.css";
import { json, timeline, tree } from "./records.ts";
import { code, editor, math } from "./source.ts";
import { table } from "./table.ts";
import { badge, heading, image, link, metric, note, progress, text } from "./text.ts";

const all: readonly Component[] = [
  row, column, grid, card, tabs, tab, accordion, section, split, dialog, drawer, divider,
  text, heading, markdown, code, math, note, badge, metric, progress, icon, link, image,
  button, toggle, checkbox, radio, select, multiselect, slider, range, number, input, textarea, search, date, time, color, file, editor, form,
  table, chart, vega, diagram, tree, json, timeline, kanban, listing, item,
  island,
];

const PACKS: Readonly<Record<string, { readonly doc: string; readonly components: Readonly<Record<string, Component>> }>> = {
  "stats@1": { doc: "Small pictures of numbers.", components: stats },
};

const core = Object.fromEntries(all.map((component) => [component.name, component]));
const packed = Object.entries(PACKS).flatMap(([pack, { components }]) => Object.entries(components).map(([name, component]) => [`${pack}/${name}`, component] as const));

export const registry: Registry = { version: "1", components: core, packs: PACKS satisfies Readonly<Record<string, Pack>> };
/** By the tag of a node to be drawn: those of packs are NAME@VERSION/component. */
export const components: ComponentTable = { ...core, ...Object.fromEntries(packed) };
export const stylesheet: string = css;
