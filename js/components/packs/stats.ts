// The pack nexus:lib/stats@1: small pictures of numbers.

import type { Component } from "../../reactor/component.ts";
import { compact, grouped, isList, isNumber, textOf, type Value } from "../../reactor/expression/index.ts";
import { dynamic, h, type VChild } from "../../reactor/vnode.ts";
import { box } from "../shared.ts";

const LABEL = { type: "str", doc: "What it shows, in words.", required: true } as const;

function px(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Parts of a line as small as a word, each with its extremes, and numbers that are read out one by one. */
const PARTS = 200;
const READ = 60;

interface Place {
  readonly at: number;
  readonly value: number;
}

/** The numbers that there are, by their place; of a long list the least and the greatest of each part. */
function placesOf(values: readonly Value[]): Place[] {
  const there = values.flatMap((value, at) => (isNumber(value) ? [{ at, value }] : []));
  if (there.length <= 2 * PARTS) return there;
  const found = new Set<Place>();
  const size = there.length / PARTS;
  for (let part = 0; part < PARTS; part += 1) {
    const inside = there.slice(Math.floor(part * size), Math.floor((part + 1) * size));
    found.add(inside.reduce((best, place) => (place.value < best.value ? place : best)));
    found.add(inside.reduce((best, place) => (place.value > best.value ? place : best)));
  }
  return [...found].sort((a, b) => a.at - b.at);
}

const sparkline: Component = {
  name: "sparkline", category: "data", doc: "A line of numbers as small as a word.", content: "none", events: {}, size: { min: 80, preferred: 120, grow: 0 },
  props: { values: { type: "list", doc: "The numbers.", required: true }, label: LABEL },
  example: '<s:sparkline id="s" label="Sales" values="[3, 5, 4, 8]"/>',
  draw: (context) => box(context, "span", "sparkline", [dynamic(() => {
    const given = context.prop("values");
    const values = isList(given) ? given : [];
    const places = placesOf(values);
    const low = places.reduce((least, { value }) => Math.min(least, value), Number.POSITIVE_INFINITY);
    const high = places.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const at = ({ at, value }: Place): string => `${px((at / Math.max(1, values.length - 1)) * 96 + 2)},${px(22 - ((value - low) / (high - low || 1)) * 20)}`;
    const read = values.length <= READ ? places.map(({ value }) => compact(value)).join(", ") : `${grouped(values.length, 0)} numbers${places.length ? ` from ${compact(low)} to ${compact(high)}` : ""}`;
    return h("svg", { viewBox: "0 0 100 24", role: "img", "aria-label": `${context.str("label")}: ${read}` }, [h("polyline", { class: "nx-line nx-series-0", points: places.map(at).join(" ") })]);
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
