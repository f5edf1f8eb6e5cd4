// Boxes and arrows, laid out by dagre.

import dagre from "@dagrejs/dagre";
import { curveBasis, line as lineShape } from "d3-shape";
import type { Component, Context } from "../reactor/component.ts";
import { isList, isRecord, own, textOf, type Value } from "../reactor/expression/index.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { short } from "./scales.ts";
import { box } from "./shared.ts";

const NODE = { height: 36, pad: 14, letter: 7.2 };
const MOST = 300;

export const diagram: Component = {
  name: "diagram", category: "data", doc: "Boxes and arrows, arranged by themselves.", content: "none", events: {}, size: { min: 320, preferred: 640, grow: 1 },
  props: {
    nodes: { type: "list", doc: "Records with id, and title or label.", required: true }, edges: { type: "list", doc: "Records with from and to." },
    direction: { type: "str", doc: "Which way it goes.", oneOf: ["right", "down"] }, kind: { type: "column", doc: "Field of a node that decides its colour." }, title: { type: "str", doc: "Its heading." },
  },
  example: `<diagram id="d" nodes="[{id: 'a', title: 'A'}, {id: 'b', title: 'B'}]" edges="[{from: 'a', to: 'b'}]"/>`,
  draw: (context) => box(context, "figure", "diagram", [
    h("span", { class: "nx-card-title" }, [() => context.str("title")]),
    h("div", { class: "nx-diagram-scroll", tabindex: 0, role: "region", "aria-label": () => context.str("title", "Diagram") }, [dynamic(() => drawing(context))]),
  ]),
};

interface Box {
  readonly id: string;
  readonly label: string;
  readonly kind: string;
  readonly width: number;
}

function boxes(context: Context): Box[] {
  const nodes = context.prop("nodes");
  const kind = context.str("kind");
  const seen = new Set<string>();
  const fresh = (node: { readonly [key: string]: Value }): boolean => {
    const id = textOf(own(node, "id"));
    return !seen.has(id) && Boolean(seen.add(id));
  };
  return (isList(nodes) ? nodes : []).filter(isRecord).filter(fresh).slice(0, MOST).map((node) => {
    const label = textOf(own(node, "title") ?? own(node, "label") ?? own(node, "id"));
    const text = label.length > 28 ? `${label.slice(0, 27)}\u2026` : label;
    return { id: textOf(own(node, "id")), label: text, kind: kind ? textOf(own(node, kind)) : "", width: Math.max(64, text.length * NODE.letter + 2 * NODE.pad) };
  });
}

function drawing(context: Context): VChild {
  const found = boxes(context);
  if (!found.length) return h("div", { class: "nx-empty" }, ["Nothing to draw yet."]);
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: context.str("direction", "right") === "down" ? "TB" : "LR", nodesep: 22, ranksep: 48, marginx: 6, marginy: 6 });
  graph.setDefaultEdgeLabel(() => ({}));
  // dagre keeps names in plain objects and uses some itself, the empty one among them: it gets names of ours.
  const names = new Map(found.map((one, i) => [one.id, `n${i}`]));
  for (const one of found) graph.setNode(names.get(one.id) as string, { width: one.width, height: NODE.height });
  const edges = context.prop("edges");
  for (const edge of isList(edges) ? edges : []) {
    const [from, to] = [names.get(textOf(own(edge, "from"))), names.get(textOf(own(edge, "to")))];
    if (from !== undefined && to !== undefined && from !== to) graph.setEdge(from, to);
  }
  dagre.layout(graph);
  return picture(context, graph, found);
}

function picture(context: Context, graph: InstanceType<typeof dagre.graphlib.Graph>, found: readonly Box[]): VChild {
  const size = graph.graph() as { width?: number; height?: number };
  const [width, height] = [Math.ceil(size.width ?? 0), Math.ceil(size.height ?? 0)];
  const kinds = [...new Set(found.map((one) => one.kind))];
  const marker = `${context.domId}-arrow`;
  const path = lineShape<{ x: number; y: number }>().x((point) => px(point.x)).y((point) => px(point.y)).curve(curveBasis);
  const arrows = graph.edges().map((edge) => h("path", { class: "nx-edge", d: path((graph.edge(edge) as { points: { x: number; y: number }[] }).points) ?? "", "marker-end": `url(#${marker})` }));
  const nodes = found.map((one, i) => {
    const at = graph.node(`n${i}`) as { x: number; y: number };
    const colour = one.kind ? ` nx-series-${kinds.indexOf(one.kind) % 8}` : "";
    return h("g", { class: `nx-node${colour}`, transform: `translate(${px(at.x - one.width / 2)},${px(at.y - NODE.height / 2)})` }, [
      h("title", {}, [one.kind ? `${one.label} (${one.kind})` : one.label]),
      h("rect", { width: one.width, height: NODE.height, rx: 6 }),
      h("text", { x: one.width / 2, y: NODE.height / 2, dy: "0.34em", "text-anchor": "middle" }, [one.label]),
    ]);
  });
  const legend = kinds.filter(Boolean).length > 1 ? [h("div", { class: "nx-legend" }, kinds.map((kind, i) => h("span", {}, [h("span", { class: `nx-key nx-series-${i % 8}` }), short(kind)])))] : [];
  const head = h("defs", {}, [h("marker", { id: marker, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, [h("path", { class: "nx-arrowhead", d: "M0 0 L8 4 L0 8 z" })])]);
  const label = `Diagram of ${found.length} boxes and ${arrows.length} arrows`;
  return h("div", {}, [h("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, [head, ...arrows, ...nodes]), ...legend]);
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}
