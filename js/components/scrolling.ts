// A table of any length in one list: only the rows in sight are there, and those around them are fetched.

import type { Ordering } from "../protocol/index.ts";
import type { Context } from "../reactor/component.ts";
import { grouped } from "../reactor/expression/index.ts";
import type { Cell, Rows } from "../reactor/host.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { box, waitingNote } from "./shared.ts";
import { columnsOf, fetchRows, headOf, linesOf, noRows } from "./rows.ts";

/** Pixels of a line; the stylesheet says the same. */
const LINE = 28;
/** Rows of a request, and of what is drawn at a time: a screen and what is around it. */
const PART = 100;
/** Browsers draw nothing further down than this; longer lists are squeezed into it. */
const TALLEST = 15_000_000;

interface Scrolled {
  readonly currentTarget: { readonly scrollTop: number };
}

/** A table whose rows are fetched as they come into sight. */
export function scrolling(context: Context, sort: Cell<Ordering | null>): VChild {
  const top = context.host.cell(0, `${context.id}/part`);
  let total = 0;
  let kept: Rows | undefined;
  const order = (): Ordering[] => { const by = sort.get(); return by ? [by] : []; };
  const scale = (rows: number): number => Math.min(1, TALLEST / Math.max(1, rows * LINE));
  const part = context.host.memo(() => Math.max(0, Math.floor(top.get() / PART)));
  // What was in sight last stays while newer rows are on their way.
  const shown = context.host.memo((): { first: number; rows: Rows } | undefined => {
    const first = part() * PART;
    const found = [fetchRows(context, first, PART, order()), fetchRows(context, first + PART, PART, order())];
    const here = found[0];
    if (!here) return kept && { first, rows: { ...kept, rows: [], stale: true } };
    total = here.total;
    kept = { ...here, rows: [...here.rows, ...(found[1]?.rows ?? [])] };
    if (first >= total && first > 0) top.set(0);
    return { first, rows: kept };
  });
  const count = context.host.memo(() => shown()?.rows.total ?? 0);
  const space = (lines: number): VChild => h("tr", { class: "nx-space", "aria-hidden": "true" }, [h("td", { style: `height:${Math.max(0, Math.round(lines * LINE * scale(total)))}px` })]);
  const body = dynamic(() => {
    const now = shown();
    if (!now) return h("div", { class: "nx-skeleton-lines", "aria-busy": "true" }, Array.from({ length: 8 }, () => h("div", { class: "nx-skeleton" })));
    if (!now.rows.total) return h("div", { class: "nx-empty" }, [noRows(context, now.rows)]);
    const columns = columnsOf(context, now.rows);
    const lines = now.rows.rows.length || Math.min(PART, now.rows.total - now.first);
    return h("table", { "aria-rowcount": now.rows.total }, [headOf(context, columns, sort), h("tbody", {}, [space(now.first), ...linesOf(now.rows.rows, columns), ...(now.rows.rows.length ? [] : [space(lines)]), space(now.rows.total - now.first - lines)])]);
  });
  const scrolled = (event: Scrolled): void => top.set(Math.floor(event.currentTarget.scrollTop / (LINE * scale(total)) / PART) * PART);
  const title = context.has("title") ? [h("div", { class: "nx-card-title" }, [() => context.str("title")])] : [];
  return box(context, "div", "table", [
    ...title,
    h("div", { class: "nx-table-scroll nx-table-virtual", tabindex: 0, role: "region", "aria-label": () => context.str("title", "Table"), style: () => `height:${Math.max(120, Math.min(2000, Math.round(context.num("height", 420))))}px` }, [body], { on: { scroll: scrolled as never } }),
    waitingNote(context, context.query("data")),
    h("div", { class: "nx-pager" }, [h("span", { role: "status" }, [() => `${grouped(count(), 0)} ${count() === 1 ? "row" : "rows"}`])]),
  ]);
}
