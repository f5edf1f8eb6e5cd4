// Nested and dated records: trees, JSON, timelines.

import type { Json } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { isList, isRecord, numberText, own, textOf, type Value } from "../reactor/expression/index.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { dateLabel } from "./scales.ts";
import { box } from "./shared.ts";

/** Entries of one tree or value: more are not looked through by eye. */
const MOST = 2000;
const DEEPEST = 24;

interface Entry {
  readonly id: string;
  readonly label: string;
  readonly node: Value;
  readonly children: readonly Entry[];
}

function entries(nodes: Value, path: string, count: { left: number }, depth = 0): Entry[] {
  if (!isList(nodes) || depth > DEEPEST) return [];
  return nodes.slice(0, Math.max(0, count.left)).map((node, i) => {
    count.left -= 1;
    const id = textOf(own(node, "id")) || `${path}${i}`;
    const label = isRecord(node) ? textOf(own(node, "label") ?? own(node, "title") ?? own(node, "name") ?? own(node, "id")) : textOf(node);
    return { id, label, node, children: entries(own(node, "children"), `${path}${i}.`, count, depth + 1) };
  });
}

interface TreeKey {
  readonly key: string;
  readonly currentTarget: { querySelectorAll(selector: string): ArrayLike<{ focus(): void }> };
  readonly target: unknown;
  preventDefault(): void;
}

export const tree: Component = {
  name: "tree", category: "data", doc: "Nested entries that open and close.", content: "none", events: { select: "the entry that was chosen" }, size: { min: 200, preferred: 320, grow: 1 },
  props: { data: { type: "list", doc: "Records with id, label and children.", required: true }, label: { type: "str", doc: "What it shows, in words.", required: true }, value: { type: "str", doc: "The id of the chosen entry.", bindable: true }, open: { type: "bool", doc: "All is open at first." } },
  example: `<tree id="t" label="Files" open="true" data="[{id: 'src', label: 'src', children: [{id: 'main', label: 'main.py'}]}, {id: 'readme', label: 'README.md'}]"/>`,
  draw: (context) => {
    const closed = context.host.cell<ReadonlySet<string>>(new Set(), `${context.id}/closed`);
    const opened = context.host.cell<ReadonlySet<string>>(new Set(), `${context.id}/opened`);
    const isOpen = (id: string): boolean => (context.flag("open") ? !closed.get().has(id) : opened.get().has(id));
    const toggle = (id: string): void => {
      const cell = context.flag("open") ? closed : opened;
      const next = new Set(cell.get());
      if (!next.delete(id)) next.add(id);
      cell.set(next);
    };
    const active = context.host.cell<string | null>(null);
    const choose = (entry: Entry): void => {
      active.set(entry.id);
      context.set("value", entry.id, "done");
      context.fire("select", entry.node as Json);
    };
    const visible = (list: readonly Entry[]): Entry[] => list.flatMap((entry) => [entry, ...(isOpen(entry.id) ? visible(entry.children) : [])]);
    const all = context.host.memo(() => entries(context.prop("data"), "", { left: MOST }));
    const keys = (event: TreeKey): void => {
      const shown = visible(all());
      const at = Math.max(0, shown.findIndex((entry) => entry.id === active.get()));
      const entry = shown[at];
      if (!entry) return;
      const go = (index: number): void => {
        const next = shown[Math.max(0, Math.min(shown.length - 1, index))] as Entry;
        active.set(next.id);
        event.currentTarget.querySelectorAll('[role="treeitem"]')[shown.indexOf(next)]?.focus();
      };
      const does: Readonly<Record<string, () => void>> = {
        ArrowDown: () => go(at + 1), ArrowUp: () => go(at - 1), Home: () => go(0), End: () => go(shown.length - 1), Enter: () => choose(entry), " ": () => choose(entry),
        ArrowRight: () => (entry.children.length && !isOpen(entry.id) ? toggle(entry.id) : go(at + 1)), ArrowLeft: () => (entry.children.length && isOpen(entry.id) ? toggle(entry.id) : go(at - 1)),
      };
      if (!Object.hasOwn(does, event.key)) return;
      event.preventDefault();
      does[event.key]?.();
    };
    const branch = (entry: Entry, first: boolean): VChild => {
      const has = entry.children.length > 0;
      const line = h("span", { class: "nx-tree-line" }, [h("span", { class: "nx-tree-mark", "aria-hidden": "true" }, [() => (has ? (isOpen(entry.id) ? "\u25be" : "\u25b8") : "")]), entry.label]);
      const press = (event: { stopPropagation(): void }): void => { event.stopPropagation(); if (!context.host.live) return; if (has) toggle(entry.id); choose(entry); };
      return h("li", {
        role: "treeitem", tabindex: () => ((active.get() ?? null) === entry.id || (active.get() === null && first) ? 0 : -1), "aria-expanded": () => (has ? String(isOpen(entry.id)) : null), "aria-selected": () => String(context.str("value") === entry.id),
      }, [line, dynamic(() => (has && isOpen(entry.id) ? h("ul", { role: "group" }, entry.children.map((child) => branch(child, false))) : null))], { on: { click: press as never } });
    };
    return box(context, "div", "tree", [dynamic(() => h("ul", { role: "tree", "aria-label": () => context.str("label") }, all().map((entry, i) => branch(entry, i === 0)), { on: { keydown: keys as never } }))]);
  },
};

export const json: Component = {
  name: "json", category: "data", doc: "Any value, to be looked into.", content: "none", events: {}, size: { min: 200, preferred: 360, grow: 1 },
  props: { value: { type: "any", doc: "The value.", required: true }, open: { type: "int", least: 0, most: 100, doc: "How many levels are open at first (1)." } },
  example: `<json id="j" value="{ a: 1, list: [true, null, 'text'] }"/>`,
  draw: (context) => box(context, "div", "json", [dynamic(() => look(context.prop("value"), "", context.num("open", 1), { left: MOST }, 0))]),
};

function look(value: Value, name: string, open: number, count: { left: number }, depth: number): VChild {
  count.left -= 1;
  const label = name ? h("span", { class: "nx-json-key" }, [`${name}: `]) : "";
  const inner = isList(value) ? value.map((item, i) => [String(i), item] as const) : isRecord(value) ? Object.entries(value) : null;
  if (inner === null) return h("div", { class: "nx-json-leaf" }, [label, h("span", { class: `nx-json-${value === null ? "null" : typeof value}` }, [value === null ? "null" : typeof value === "string" ? JSON.stringify(value) : typeof value === "number" ? numberText(value) : textOf(value)])]);
  const size = isList(value) ? `[${inner.length}]` : `{${inner.length}}`;
  const shown = depth < DEEPEST ? inner.slice(0, Math.max(0, Math.min(200, count.left))) : [];
  const rest = inner.length - shown.length;
  return h("details", { open: open > 0 }, [h("summary", {}, [label, h("span", { class: "nx-json-size" }, [size])]), ...shown.map(([key, item]) => look(item, key, open - 1, count, depth + 1)), ...(rest ? [h("div", { class: "nx-json-leaf nx-hint" }, [`${rest} more`])] : [])]);
}

export const timeline: Component = {
  name: "timeline", category: "data", doc: "What happened when, newest or oldest first.", content: "none", events: { select: "the entry that was chosen" }, size: { min: 200, preferred: 360, grow: 1 },
  props: { data: { type: "list", doc: "Records with time, title, and detail and kind if wanted.", required: true }, empty: { type: "str", doc: "Shown while there is nothing." } },
  example: `<timeline id="t" data="[{time: '2026-03-01', title: 'Started'}, {time: '2026-03-09', title: 'Measured', detail: '3 of 5', kind: 'success'}]"/>`,
  draw: (context) => box(context, "div", "timeline", [dynamic(() => {
    const data = context.prop("data");
    const found = (isList(data) ? data : []).filter(isRecord).slice(0, MOST);
    if (!found.length) return h("div", { class: "nx-empty" }, [context.str("empty", "Nothing has happened yet.")]);
    return h("ol", {}, found.map((entry) => moment(context, entry)));
  })]),
};

function moment(context: Context, entry: { readonly [key: string]: Value }): VChild {
  const time = textOf(own(entry, "time"));
  const title = textOf(own(entry, "title"));
  const detail = textOf(own(entry, "detail"));
  const face = context.handles("select") && context.host.live ? h("button", { class: "nx-link-button", type: "button" }, [title], { on: { click: () => context.fire("select", entry as Json) } }) : h("span", { class: "nx-timeline-title" }, [title]);
  return h("li", { "data-kind": textOf(own(entry, "kind")) || null }, [h("span", { class: "nx-timeline-dot", "aria-hidden": "true" }), h("time", { title: time }, [/^\d{4}-\d\d-\d\d/.test(time) ? dateLabel(time) : time]), face, ...(detail ? [h("span", { class: "nx-item-detail" }, [detail])] : [])]);
}
