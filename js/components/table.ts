// Rows of a frame or list: pages, sorting, copying.

import type { Ordering } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { grouped, textOf } from "../reactor/expression/index.ts";
import type { Cell, Rows } from "../reactor/host.ts";
import { dynamic, h, list, type VChild } from "../reactor/vnode.ts";
import { box, rowsNote } from "./shared.ts";
import { columnsOf, fetchRows, headOf, linesOf, noRows } from "./rows.ts";
import { scrolling } from "./scrolling.ts";

const PAGE = 10;

export const table: Component = {
  name: "table", category: "data", doc: "Rows of a frame, query or list, in pages; sorted by a click on a column.", content: "none", events: {}, size: { min: 320, preferred: 960, grow: 1 },
  props: { data: { type: "frame", doc: "The rows.", required: true }, page: { type: "int", least: 1, most: 1000, doc: "Rows in a page (10)." }, scroll: { type: "bool", doc: "All rows in one long list, fetched as they come into sight, in place of pages." }, height: { type: "int", least: 40, most: 4000, doc: "Height of the long list in pixels (420)." }, columns: { type: "column", doc: "Which columns, separated by commas; all when left out." }, labels: { type: "record", doc: "Headings of columns, where their names do not do: { temp_max: 'Warmest' }." }, title: { type: "str", doc: "Its heading." } },
  example: '<table id="t" data="[{a: 1}]"/>',
  draw: (context) => {
    const sort = context.host.cell<Ordering | null>(null, `${context.id}/sort`);
    if (context.flag("scroll")) return scrolling(context, sort);
    const offset = context.host.cell(0, `${context.id}/offset`);
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
      if (!shown.total) return h("div", { class: "nx-empty" }, [noRows(context, shown)]);
      return grid(context, shown, sort);
    });
    const title = context.has("title") ? [h("div", { class: "nx-card-title" }, [() => context.str("title")])] : [];
    const copy = (event: { readonly key: string; readonly ctrlKey: boolean; readonly metaKey: boolean }): void => {
      const shown = rows();
      if (event.key === "c" && (event.ctrlKey || event.metaKey) && shown) context.host.copy?.(tsv(shown));
    };
    return box(context, "div", "table", [...title, h("div", { class: "nx-table-scroll", tabindex: 0, role: "region", "aria-label": () => context.str("title", "Table") }, [body], { on: { keydown: copy as never } }), rowsNote(context, context.query("data"), () => !rows()?.total), pager(context, rows, offset, size)], { "data-stale": () => rows()?.stale ?? false });
  },
};

function grid(context: Context, shown: Rows, sort: Cell<Ordering | null>): VChild {
  const columns = columnsOf(context, shown);
  return h("table", {}, [headOf(context, columns, sort), h("tbody", {}, linesOf(shown.rows, columns))]);
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
