// Rows as lines of a table: where they come from, which columns, how values are written.

import type { Ordering } from "../protocol/index.ts";
import type { Context } from "../reactor/component.ts";
import { grouped, isList, isNumber, isRecord, numberText, own, rank as compare, textOf, type Value } from "../reactor/expression/index.ts";
import type { Cell, ColumnInfo, Row, Rows } from "../reactor/host.ts";
import { h, type VChild } from "../reactor/vnode.ts";
import { isCode } from "./codes.ts";
import { failureNote } from "./shared.ts";

/** A part of the rows that a component's `data` names or has. */
export function fetchRows(context: Context, offset: number, limit: number, order: readonly Ordering[]): Rows | undefined {
  const query = context.query("data");
  if (query !== null) return context.host.page(query, offset, limit, order);
  const value = context.prop("data");
  const records = (isList(value) ? value : []).map((item): Row => (isRecord(item) ? item : { value: item }));
  const by = order[0];
  if (by) records.sort((a, b) => (by.descending ? -1 : 1) * compare(a[by.column], b[by.column]));
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const columns = names.map((name) => ({ name, type: kindOf(records.map((record) => record[name] ?? 0)) }));
  return { rows: records.slice(offset, offset + limit), total: records.length, columns, stale: false };
}

/** What is said in the place of rows where there are none. */
export function noRows(context: Context, { absent }: Rows): VChild {
  const query = context.query("data");
  if (absent && query !== null && context.host.failure) return failureNote(context, query, "No rows, for the reason that stands elsewhere in this panel.");
  if (absent) return absent;
  return context.filtered("data") ? "No rows are left by the filter. Change it to see some." : "There are no rows yet.";
}

function kindOf(values: readonly Value[]): string {
  if (!values.every(isNumber)) return "str";
  return values.every(Number.isInteger) ? "int" : "float";
}

/** The columns that are wanted, of those that there are. */
export function columnsOf(context: Context, shown: Rows): readonly ColumnInfo[] {
  const wanted = context.str("columns").split(",").map((name) => name.trim()).filter(Boolean);
  return wanted.length ? wanted.map((name) => shown.columns.find((column) => column.name === name)).filter((column) => column !== undefined) : shown.columns;
}

export function headOf(context: Context, columns: readonly ColumnInfo[], sort: Cell<Ordering | null>): VChild {
  return h("thead", {}, [h("tr", {}, columns.map((column) => header(context, column, sort)))]);
}

export function linesOf(rows: readonly Row[], columns: readonly ColumnInfo[]): VChild[] {
  const ways = columns.map((column) => ({ column, write: writer(column, rows.map((row) => row[column.name] ?? null)) }));
  return rows.map((row) => h("tr", {}, ways.map(({ column, write }) => h("td", isNumeric(column) ? { class: "nx-number" } : {}, [write(row[column.name] ?? null)]))));
}

function isNumeric(column: ColumnInfo): boolean {
  return column.type === "int" || column.type === "float";
}

function header(context: Context, column: ColumnInfo, sort: Cell<Ordering | null>): VChild {
  const now = sort.get();
  const mine = now?.column === column.name ? now : null;
  const next = (): void => sort.set(!mine ? { column: column.name, descending: isNumeric(column) } : mine.descending === isNumeric(column) ? { column: column.name, descending: !mine.descending } : null);
  const named = textOf(own(context.prop("labels"), column.name)) || column.name.replaceAll("_", " ");
  const label = column.zone ? `${named} (${column.zone})` : named;
  const arrow = mine ? (mine.descending ? " \u2193" : " \u2191") : "";
  const face = h("button", { class: "nx-sort", type: "button", disabled: !context.host.live, title: `Sort by ${label}` }, [label, h("span", { class: "nx-arrow", "aria-hidden": "true" }, [arrow])], { on: { click: next } });
  return h("th", { class: isNumeric(column) ? "nx-number" : null, scope: "col", "aria-sort": mine ? (mine.descending ? "descending" : "ascending") : "none" }, [face]);
}

/** How the values of a column are written: alike in all of its rows. */
function writer(column: ColumnInfo, values: readonly Value[]): (value: Value) => string {
  if (column.type === "date") {
    // Midnight is a time among times, and a day among days.
    const timed = values.some((value) => /T(?!00:00:00(?:\.0+)?Z?$)/.test(textOf(value)));
    // Moments of a column with a zone are those of its clocks.
    return (value) => { const text = textOf(value).replace(/T.*/, (time) => (timed ? time.replace("T", " ").replace(column.zone ? "Z" : "", "") : "")); return timed && text.length === 10 ? `${text} 00:00:00${column.zone ? "" : "Z"}` : text; };
  }
  const numbers = values.filter(isNumber);
  if (isNumeric(column) && isCode(column.name, numbers)) return (value) => (isNumber(value) ? numberText(value).replace("-", "\u2212") : textOf(value));
  const digits = decimals(numbers, column);
  return (value) => (isNumber(value) ? grouped(value, digits) : textOf(value));
}

/** As many decimals for a whole column as its values need, three at most: digits then stand below each other. */
function decimals(values: readonly number[], column: ColumnInfo): number {
  return values.reduce((most, value) => Math.max(most, (numberText(Number(value.toFixed(3))).split(".")[1] ?? "").length), column.type === "float" ? 1 : 0);
}
