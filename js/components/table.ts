// Rows of a frame or list: pages, sorting, copying.

import type { Ordering } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { grouped, isList, isNumber, isRecord, numberText, rank as compare, textOf, type Value } from "../reactor/expression/index.ts";
import type { Cell, ColumnInfo, Row, Rows } from "../reactor/host.ts";
import { dynamic, h, list, type VChild } from "../reactor/vnode.ts";
import { box } from "./shared.ts";

const PAGE = 10;

export const table: Component = {
  name: "table", doc: "Rows of a frame, query or list, in pages; sorted by a click on a column.", content: "none", events: {}, size: { min: 320, preferred: 960, grow: 1 },
  props: { data: { type: "frame", doc: "The rows.", required: true }, page: { type: "int", doc: "Rows in a page (10)." }, columns: { type: "str", doc: "Which columns, separated by commas; all when left out." }, title: { type: "str", doc: "Its heading." } },
  example: '<table id="t" data="[{a: 1}]"/>',
  draw: (context) => {
    const offset = context.host.cell(0);
    const sort = context.host.cell<Ordering | null>(null);
    const size = (): number => Math.max(1, Math.min(500, Math.round(context.num("page", PAGE))));
    // What was shown last stays while the next page is on its way: no flicker, no jump.
    let kept: Rows | undefined;
    const rows = context.host.memo((): Rows | undefined => {
      const order = sort.get();
      const found = fetchRows(context, offset.get(), size(), order ? [order] : []);
      if (found && found.total <= offset.get() && offset.get() > 0) offset.set(0);
      kept = found ?? (kept && { ...kept, stale: true });
      return kept;
    });
    const body = dynamic(() => {
      const shown = rows();
      if (!shown) return skeleton(size());
      if (!shown.total) return h("div", { class: "nx-empty" }, ["No rows. Change the filter to see some."]);
      return grid(context, shown, sort);
    });
    const title = context.has("title") ? [h("div", { class: "nx-card-title" }, [() => context.str("title")])] : [];
    const copy = (event: { readonly key: string; readonly ctrlKey: boolean; readonly metaKey: boolean }): void => {
      const shown = rows();
      if (event.key === "c" && (event.ctrlKey || event.metaKey) && shown) context.host.copy?.(tsv(shown));
    };
    return box(context, "div", "table", [...title, h("div", { class: "nx-table-scroll", tabindex: 0, role: "region", "aria-label": () => context.str("title", "Table") }, [body], { on: { keydown: copy as never } }), pager(context, rows, offset, size)], { "data-stale": () => rows()?.stale ?? false });
  },
};

function fetchRows(context: Context, offset: number, limit: number, order: readonly Ordering[]): Rows | undefined {
  const query = context.query("data");
  if (query !== null) return context.host.page(query, offset, limit, order);
  const value = context.prop("data");
  const records = (isList(value) ? value : []).map((item): Row => (isRecord(item) ? item : { value: item }));
  const by = order[0];
  if (by) records.sort((a, b) => (by.descending ? -1 : 1) * compare(a[by.column], b[by.column]));
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const columns = names.map((name) => ({ name, type: records.every((record) => isNumber(record[name] ?? 0)) ? "float" : "str" }));
  return { rows: records.slice(offset, offset + limit), total: records.length, columns, stale: false };
}

function grid(context: Context, shown: Rows, sort: Cell<Ordering | null>): VChild {
  const wanted = context.str("columns").split(",").map((name) => name.trim()).filter(Boolean);
  const columns = wanted.length ? wanted.map((name) => shown.columns.find((column) => column.name === name)).filter((column) => column !== undefined) : shown.columns;
  const head = h("tr", {}, columns.map((column) => header(context, column, sort)));
  const digits = new Map(columns.map((column) => [column.name, decimals(shown.rows, column)]));
  const line = (row: Row): VChild => h("tr", {}, columns.map((column) => h("td", isNumeric(column) ? { class: "nx-number" } : {}, [cellText(row[column.name] ?? null, column, digits.get(column.name) ?? 0)])));
  return h("table", {}, [h("thead", {}, [head]), h("tbody", {}, shown.rows.map(line))]);
}

function isNumeric(column: ColumnInfo): boolean {
  return column.type === "int" || column.type === "float";
}

function header(context: Context, column: ColumnInfo, sort: Cell<Ordering | null>): VChild {
  const now = sort.get();
  const mine = now?.column === column.name ? now : null;
  const next = (): void => sort.set(!mine ? { column: column.name, descending: isNumeric(column) } : mine.descending === isNumeric(column) ? { column: column.name, descending: !mine.descending } : null);
  const arrow = mine ? (mine.descending ? " \u2193" : " \u2191") : "";
  const face = h("button", { class: "nx-sort", type: "button", disabled: !context.host.live, title: `Sort by ${column.name}` }, [column.name.replaceAll("_", " "), h("span", { class: "nx-arrow", "aria-hidden": "true" }, [arrow])], { on: { click: next } });
  return h("th", { class: isNumeric(column) ? "nx-number" : null, scope: "col", "aria-sort": mine ? (mine.descending ? "descending" : "ascending") : "none" }, [face]);
}

/** As many decimals for a whole column as its values need, three at most: digits then stand below each other. */
function decimals(rows: readonly Row[], column: ColumnInfo): number {
  const needed = rows.map((row) => { const value = row[column.name]; return isNumber(value) ? (numberText(Number(value.toFixed(3))).split(".")[1] ?? "").length : 0; });
  return Math.max(column.type === "float" ? 1 : 0, ...needed);
}

function cellText(value: Value, column: ColumnInfo, digits: number): string {
  if (value === null) return "";
  if (isNumber(value)) return grouped(value, digits);
  return column.type === "date" ? textOf(value).replace(/T00:00:00(\.0+)?Z?$/, "").replace("T", " ") : textOf(value);
}

function pager(context: Context, rows: () => Rows | undefined, offset: Cell<number>, size: () => number): VChild {
  return dynamic(() => {
    const shown = rows();
    if (!shown?.total) return null;
    const from = offset.get();
    const to = Math.min(shown.total, from + shown.rows.length);
    const count = `${grouped(from + 1, 0)}\u2013${grouped(to, 0)} of ${grouped(shown.total, 0)}`;
    if (shown.total <= size()) return h("div", { class: "nx-pager" }, [h("span", {}, [`${grouped(shown.total, 0)} ${shown.total === 1 ? "row" : "rows"}`])]);
    const step = (label: string, title: string, to: number, off: boolean): VChild => h("button", { class: "nx-step", type: "button", title, "aria-label": title, disabled: off || !context.host.live }, [label], { on: { click: () => offset.set(to) } });
    const last = Math.floor((shown.total - 1) / size()) * size();
    return h("div", { class: "nx-pager" }, [h("span", { role: "status" }, [count]), h("span", { class: "nx-steps" }, [
      step("\u00AB", "First page", 0, from === 0), step("\u2039", "Previous page", Math.max(0, from - size()), from === 0),
      step("\u203A", "Next page", from + size(), from + size() >= shown.total), step("\u00BB", "Last page", last, from >= last),
    ])]);
  });
}

function skeleton(lines: number): VChild {
  return h("div", { class: "nx-skeleton-lines", "aria-busy": "true" }, [list(() => Array.from({ length: Math.min(lines, 12) }, (_, i) => ({ key: String(i), make: () => h("div", { class: "nx-skeleton" }) })))]);
}

function tsv(shown: Rows): string {
  const line = (values: readonly string[]): string => values.map((value) => value.replace(/[\t\n]/g, " ")).join("\t");
  return [line(shown.columns.map((column) => column.name)), ...shown.rows.map((row) => line(shown.columns.map((column) => textOf(row[column.name] ?? null))))].join("\n");
}
