// The pack nexus:lib/stats@1: small pictures of numbers.

import type { Component, Context } from "../../reactor/component.ts";
import { compact, isList, isNumber, textOf } from "../../reactor/expression/index.ts";
import { dynamic, h, type VChild } from "../../reactor/vnode.ts";
import { box } from "../shared.ts";

const LABEL = { type: "str", doc: "What it shows, in words.", required: true } as const;

function px(value: number): number {
  return Math.round(value * 10) / 10;
}

function numbers(context: Context): number[] {
  const values = context.prop("values");
  return (isList(values) ? values : []).filter(isNumber).slice(0, 500);
}

const sparkline: Component = {
  name: "sparkline", category: "data", doc: "A line of numbers as small as a word.", content: "none", events: {}, size: { min: 80, preferred: 120, grow: 0 },
  props: { values: { type: "list", doc: "The numbers.", required: true }, label: LABEL },
  example: '<s:sparkline id="s" label="Sales" values="[3, 5, 4, 8]"/>',
  draw: (context) => box(context, "span", "sparkline", [dynamic(() => {
    const values = numbers(context);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const at = (value: number, i: number): string => `${px((i / Math.max(1, values.length - 1)) * 96 + 2)},${px(22 - ((value - low) / (high - low || 1)) * 20)}`;
    return h("svg", { viewBox: "0 0 100 24", role: "img", "aria-label": `${context.str("label")}: ${values.map(compact).join(", ")}` }, [h("polyline", { class: "nx-line nx-series-0", points: values.map(at).join(" ") })]);
  })]),
};

/** An arc from nine to three o'clock, up to a share of it. */
function arc(share: number): string {
  const angle = Math.PI * (1 - share);
  return `M8 50 A42 42 0 0 1 ${px(50 + 42 * Math.cos(angle))} ${px(50 - 42 * Math.sin(angle))}`;
}

const gauge: Component = {
  name: "gauge", category: "data", doc: "A number on an arc between two others.", content: "none", events: {}, size: { min: 120, preferred: 160, grow: 0 },
  props: { value: { type: "float", doc: "The number.", required: true }, min: { type: "float", doc: "Where the arc begins (0)." }, max: { type: "float", doc: "Where it ends (100)." }, unit: { type: "str", doc: "Its unit." }, label: LABEL },
  example: '<s:gauge id="g" label="Load" value="62" unit="%"/>',
  draw: (context) => box(context, "div", "gauge", [dynamic((): VChild => {
    const [low, high] = [context.num("min", 0), context.num("max", 100)];
    const share = Math.max(0, Math.min(1, (context.num("value", low) - low) / (high - low || 1)));
    const shown = `${textOf(context.prop("value"))}${context.has("unit") ? ` ${context.str("unit")}` : ""}`;
    return h("svg", { viewBox: "0 0 100 58", role: "img", "aria-label": `${context.str("label")}: ${shown}` }, [h("path", { class: "nx-gauge-track", d: arc(1) }), h("path", { class: "nx-gauge-value", d: arc(share) }), h("text", { class: "nx-gauge-text", x: 50, y: 50, "text-anchor": "middle" }, [shown])]);
  }), h("span", { class: "nx-metric-label" }, [() => context.str("label")])]),
};

export const stats: Readonly<Record<string, Component>> = { sparkline, gauge };
