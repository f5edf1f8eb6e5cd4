// Boxes and arrows, laid out by dagre.

import dagre from "@dagrejs/dagre";
import { curveBasis, line as lineShape } from "d3-shape";
import type { Component, Context } from "../reactor/component.ts";
import { isList, isNumber, isRecord, own, textOf, type Value } from "../reactor/expression/index.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { choice } from "./diagramchoice.ts";
import { type Editing, editing } from "./diagramediting.ts";
import { short } from "./scales.ts";
import { box, problemNote } from "./shared.ts";

const NODE = { height: 36, pad: 14, letter: 7.2 };
const MOST = 300;

export const diagram: Component = {
  name: "diagram", category: "data", doc: "Boxes and arrows, arranged by themselves, or where the nodes' x and y say. Boxes can be chosen if value is bound or select is handled. With editable, they can be dragged and connected: by mouse, or by the arrow keys and C.", content: "none", size: { min: 320, preferred: 640, grow: 1 },
  props: {
    nodes: { type: "list", doc: "Records with id, and title or label.", required: true }, edges: { type: "list", doc: "Records with from and to." },
    value: { type: "str", doc: "The id of the chosen box; pressing it again chooses none.", bindable: true }, editable: { type: "bool", doc: "Boxes can be moved and connected." }, direction: { type: "str", doc: "Which way it goes.", oneOf: ["right", "down"] }, kind: { type: "column", doc: "Field of a node that decides its colour." }, title: { type: "str", doc: "Its heading." },
  },
  events: { select: "the id of the box", move: "{ id, x, y }: the box and where its middle is now", connect: "{ from, to }: the ids of the boxes", disconnect: "{ from, to }: the ends of the arrow that was pressed" },
  example: `<diagram id="d" nodes="[{id: 'a', title: 'A'}, {id: 'b', title: 'B'}]" edges="[{from: 'a', to: 'b'}]"/>`,
  draw: (context) => {
    const edit = editing(context);
    let kept: Data = NOTHING;
    // While somebody holds a box, what others change waits.
    const data = context.host.memo((): Data => (edit.busy() ? kept : (kept = { nodes: context.prop("nodes"), edges: context.prop("edges") })));
    return box(context, "figure", "diagram", [
      h("span", { class: "nx-card-title" }, [() => context.str("title")]),
      h("div", { class: "nx-diagram-scroll", tabindex: 0, role: "region", "aria-label": () => context.str("title", "Diagram") }, [dynamic(() => drawing(context, edit, data()))]),
      problemNote(context),
    ], { "data-editable": () => (context.flag("editable") && context.host.live ? "true" : null) });
  },
};

/** What is drawn, as it was when it was drawn. */
interface Data {
  readonly nodes: Value;
  readonly edges: Value;
}

const NOTHING: Data = { nodes: null, edges: null };

interface Box {
  readonly id: string;
  readonly label: string;
  readonly kind: string;
  readonly width: number;
  /** Where its middle is, if the node says. */
  readonly at: Point | null;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function boxes(context: Context, nodes: Value): Box[] {
  const kind = context.str("kind");
  const seen = new Set<string>();
  const fresh = (node: { readonly [key: string]: Value }): boolean => {
    const id = textOf(own(node, "id"));
    return !seen.has(id) && Boolean(seen.add(id));
  };
  return (isList(nodes) ? nodes : []).filter(isRecord).filter(fresh).slice(0, MOST).map((node) => {
    const label = textOf(own(node, "title") ?? own(node, "label") ?? own(node, "id"));
    const text = label.length > 28 ? `${label.slice(0, 27)}\u2026` : label;
    return { id: textOf(own(node, "id")), label: text, kind: kind ? textOf(own(node, kind)) : "", width: Math.max(64, text.length * NODE.letter + 2 * NODE.pad), at: placeOf(node) };
  });
}

function placeOf(node: { readonly [key: string]: Value }): Point | null {
  const [x, y] = [own(node, "x"), own(node, "y")];
  return isNumber(x) && isNumber(y) ? { x: Math.max(0, Math.min(5000, x)), y: Math.max(0, Math.min(5000, y)) } : null;
}

function drawing(context: Context, edit: Editing, data: Data): VChild {
  const found = boxes(context, data.nodes);
  if (!found.length) return h("div", { class: "nx-empty" }, ["Nothing to draw yet."]);
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: context.str("direction", "right") === "down" ? "TB" : "LR", nodesep: 22, ranksep: 48, marginx: 6, marginy: 6 });
  graph.setDefaultEdgeLabel(() => ({}));
  // dagre keeps names in plain objects and uses some itself, the empty one among them: it gets names of ours.
  const names = new Map(found.map((one, i) => [one.id, `n${i}`]));
  for (const one of found) graph.setNode(names.get(one.id) as string, { width: one.width, height: NODE.height });
  for (const edge of isList(data.edges) ? data.edges : []) {
    const [from, to] = [names.get(textOf(own(edge, "from"))), names.get(textOf(own(edge, "to")))];
    if (from !== undefined && to !== undefined && from !== to) graph.setEdge(from, to);
  }
  dagre.layout(graph);
  return picture(context, graph, found, edit, isList(data.nodes) ? data.nodes.length : 0);
}

function picture(context: Context, graph: InstanceType<typeof dagre.graphlib.Graph>, found: readonly Box[], edit: Editing, total: number): VChild {
  const size = graph.graph() as { width?: number; height?: number };
  const places = found.map((one, i): Point => one.at ?? (graph.node(`n${i}`) as Point));
  const reach = (of: "x" | "y", half: (one: Box) => number): number => Math.max(0, ...found.map((one, i) => (places[i] as Point)[of] + half(one) + 6));
  const [width, height] = [Math.ceil(Math.max(size.width ?? 0, reach("x", (one) => one.width / 2))), Math.ceil(Math.max(size.height ?? 0, reach("y", () => NODE.height / 2)))];
  const kinds = [...new Set(found.map((one) => one.kind))];
  const marker = `${context.domId}-arrow`;
  const path = lineShape<{ x: number; y: number }>().x((point) => px(point.x)).y((point) => px(point.y)).curve(curveBasis);
  const index = (name: string): number => Number(name.slice(1));
  const arrows = graph.edges().flatMap((edge) => {
    const [from, to] = [index(edge.v), index(edge.w)];
    const placed = found[from]?.at || found[to]?.at;
    const points = placed ? straight(places[from] as Point, places[to] as Point, found[from] as Box, found[to] as Box) : (graph.edge(edge) as { points: Point[] }).points;
    const d = path(points as Point[]) ?? "";
    const drawn = h("path", { class: "nx-edge", d, "marker-end": `url(#${marker})` });
    return edit.on ? [drawn, edit.edge((found[from] as Box).id, (found[to] as Box).id, d)] : [drawn];
  });
  const choosing = choice(context, found);
  const nodes = found.map((one, i) => {
    const at = places[i] as Point;
    const colour = one.kind ? ` nx-series-${kinds.indexOf(one.kind) % 8}` : "";
    const parts: VChild[] = [
      h("title", {}, [one.kind ? `${one.label} (${one.kind})` : one.label]),
      h("rect", { width: one.width, height: NODE.height, rx: 6 }),
      h("text", { x: one.width / 2, y: NODE.height / 2, dy: "0.34em", "text-anchor": "middle" }, [one.label]),
    ];
    const corner = { x: at.x - one.width / 2, y: at.y - NODE.height / 2 };
    if (!edit.on && choosing) return choosing.node(one, i === 0, { class: `nx-node${colour}`, transform: `translate(${px(corner.x)},${px(corner.y)})` }, parts);
    return edit.on ? edit.node({ id: one.id, label: one.label, at, corner, width: one.width, height: NODE.height, className: `nx-node${colour}` }, parts) : h("g", { class: `nx-node${colour}`, transform: `translate(${px(corner.x)},${px(corner.y)})` }, parts);
  });
  const legend = kinds.filter(Boolean).length > 1 ? [h("div", { class: "nx-legend" }, kinds.map((kind, i) => h("span", {}, [h("span", { class: `nx-key nx-series-${i % 8}` }), short(kind)])))] : [];
  const head = h("defs", {}, [h("marker", { id: marker, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, [h("path", { class: "nx-arrowhead", d: "M0 0 L8 4 L0 8 z" })])]);
  const label = `Diagram of ${found.length} boxes and ${arrows.length} arrows`;
  const rest = total > found.length ? [h("div", { class: "nx-hint" }, [`Only ${found.length} of ${total} boxes are drawn.`])] : [];
  return h("div", {}, [h("svg", { width, height, "data-diagram": edit.on ? "true" : null, viewBox: `0 0 ${width} ${height}`, role: edit.on || choosing ? "group" : "img", "aria-label": label }, [head, ...arrows, ...nodes, ...(edit.on ? [edit.rubber()] : [])]), ...legend, ...rest]);
}

/** From border to border, where boxes stand where somebody has put them. */
function straight(from: Point, to: Point, a: Box, b: Box): Point[] {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const leave = (one: Box): number => Math.min(Math.abs(dx) > 0.01 ? one.width / 2 / Math.abs(dx) : 9, Math.abs(dy) > 0.01 ? NODE.height / 2 / Math.abs(dy) : 9, 0.5);
  const [start, end] = [leave(a), 1 - leave(b)];
  return [{ x: from.x + dx * start, y: from.y + dy * start }, { x: from.x + dx * end, y: from.y + dy * end }];
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}
