// Things to read.

import type { Component } from "../reactor/component.ts";
import { compact, grouped, isNumber, numberText, textOf, type Value } from "../reactor/expression/index.ts";
import { dynamic, h } from "../reactor/vnode.ts";
import { linkAttributes, trueHost } from "./links.ts";
import { picture } from "./pictures.ts";
import { box } from "./shared.ts";

const LINE = { min: 120, preferred: 240, grow: 1 };
const KIND = { type: "str", doc: "What it says by colour.", oneOf: ["info", "success", "warning", "error"] } as const;

export const text: Component = {
  name: "text", category: "text", doc: "A piece of text.", events: {}, content: "text", size: LINE,
  props: { size: { type: "str", doc: "Size of the letters.", oneOf: ["s", "m", "l", "xl"] }, strong: { type: "bool", doc: "Heavier letters." }, muted: { type: "bool", doc: "Quieter colour." } },
  example: '<text id="t" size="l">Hello</text>',
  draw: (context) => box(context, "span", "text", [() => context.text()], { "data-size": () => context.str("size", "m"), "data-strong": () => context.flag("strong"), "data-muted": () => context.flag("muted") }),
};

export const heading: Component = {
  name: "heading", category: "text", doc: "A heading.", props: { level: { type: "int", least: 2, most: 4, doc: "2, 3 or 4." } }, events: {}, content: "text", size: { min: 200, preferred: 960, grow: 1 },
  example: '<heading id="h" level="2">Results</heading>',
  draw: (context) => box(context, `h${Math.max(2, Math.min(4, Math.round(context.num("level", 3))))}`, "heading", [() => context.text()]),
};

export const note: Component = {
  name: "note", category: "text", doc: "A sentence that stands out.", props: { kind: KIND }, events: {}, content: "text", size: { min: 200, preferred: 480, grow: 1 },
  example: '<note id="n" kind="warning">Nearly full</note>',
  draw: (context) => box(context, "div", "note", [() => context.text()], { role: "note", "data-kind": () => context.str("kind", "info") }),
};

export const badge: Component = {
  name: "badge", category: "text", doc: "A word or number in a small frame.", props: { kind: KIND }, events: {}, content: "text", size: { min: 60, preferred: 90, grow: 0 },
  example: '<badge id="b" kind="success">ok</badge>',
  draw: (context) => box(context, "span", "badge", [() => context.text()], { "data-kind": () => context.str("kind", "neutral") }),
};

/** Numbers that fit are shown as they are; larger ones are shortened. */
function large(value: number): string {
  if (Math.abs(value) >= 1e6) return compact(value);
  return grouped(value, Number.isInteger(value) || Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

export const metric: Component = {
  name: "metric", category: "text", doc: "One number, large, with what it is.", events: {}, content: "none", size: { min: 130, preferred: 200, grow: 1 },
  props: {
    label: { type: "str", doc: "What the number is.", required: true }, value: { type: "any", doc: "The number, or a text.", required: true },
    unit: { type: "str", doc: "Its unit." }, delta: { type: "float", doc: "Change against before." },
  },
  example: '<metric id="m" label="Sales" value="{1250000}" unit="EUR"/>',
  draw: (context) => {
    const value = (): Value => context.prop("value");
    const shown = (): string => { const v = value(); return v === null ? "\u2013" : isNumber(v) ? large(v) : textOf(v); };
    const exact = (): string | null => { const v = value(); return isNumber(v) ? numberText(v) : null; };
    const unit = context.has("unit") ? [h("span", { class: "nx-metric-unit" }, [() => context.str("unit")])] : [];
    const delta = dynamic(() => {
      const change = context.prop("delta");
      return isNumber(change) ? h("span", { class: "nx-metric-delta", "data-sign": change < 0 ? "down" : "up" }, [`${change < 0 ? "\u25BC" : "\u25B2"} ${compact(Math.abs(change))}`]) : null;
    });
    return box(context, "div", "metric", [h("span", { class: "nx-metric-label" }, [() => context.str("label")]), h("span", { class: "nx-metric-line" }, [h("span", { class: "nx-metric-value", title: exact }, [shown]), ...unit, delta])]);
  },
};

export const progress: Component = {
  name: "progress", category: "text", doc: "How far something is.", events: {}, content: "none", size: { min: 120, preferred: 320, grow: 1 },
  props: { value: { type: "float", doc: "How much is done.", required: true }, max: { type: "float", above: 0, doc: "How much there is (1)." }, label: { type: "str", doc: "What is done." } },
  example: '<progress id="p" value="0.4" label="Loaded"/>',
  draw: (context) => {
    const share = (): number => Math.max(0, Math.min(1, context.num("value", 0) / (context.num("max", 1) || 1)));
    const label = h("span", { class: "nx-label-row" }, [h("span", { class: "nx-label" }, [() => context.str("label")]), h("span", { class: "nx-value" }, [() => `${Math.round(share() * 100)} %`])]);
    return box(context, "div", "progress", [label, h("progress", { max: 1, value: share, "aria-label": () => context.str("label", "Progress") })]);
  },
};

export const link: Component = {
  name: "link", category: "text", doc: "A link to a page; it says where it goes, and is followed by a click only.", props: { href: { type: "url", doc: "Where to: http, https, mailto or a path.", required: true } }, events: {}, content: "text", size: LINE,
  example: '<link id="l" href="https://jupyter.org">Jupyter</link>',
  draw: (context) => {
    const href = (): string => context.str("href");
    return box(context, "a", "link", [() => context.text(), h("span", { class: "nx-link-host" }, [() => trueHost(href(), context.text())])], linkAttributes(href));
  },
};

export const image: Component = {
  name: "image", category: "text", doc: "A picture from the workspace's files/, or one written into the text. One from an address needs the capability net.http for it.", events: {}, content: "none", size: { min: 120, preferred: 320, grow: 1 },
  props: { src: { type: "url", doc: "Where it is: files/..., a data: address of an image, or an address that the panel may use.", required: true, picture: true }, alt: { type: "str", doc: "What it shows, for those who do not see it.", required: true } },
  example: '<image id="i" src="files/plot.png" alt="A plot"/>',
  draw: (context) => box(context, "span", "image", [dynamic(() => picture(context.host, context.str("src"), () => context.str("alt")))]),
};
