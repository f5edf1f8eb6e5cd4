// A table of any length in one list: only the rows in sight are there, and those around them are fetched.

import type { Ordering } from "../protocol/index.ts";
import type { Context } from "../reactor/component.ts";
import { grouped } from "../reactor/expression/index.ts";
import type { Cell, Rows } from "../reactor/host.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { box, rowsNote } from "./shared.ts";
import { columnsOf, fetchRows, headOf, linesOf, noRows } from "./rows.ts";

/** Pixels of a line; the stylesheet says the same. */
const LINE = 28;
/** Rows of a request, and of what is drawn at a time: a screen and what is around it. */
const PART = 100;
/**
 * Pixels of the tallest list. Engines lay out no more than 15 to 30 million, and headings stop sticking before that. In a longer
 * list the bar moves over the whole of it, and what moves less than a few screens moves the rows as far: see `Place`.
 */
const TALLEST = 5_000_000;
/** Parts of a list that is taller, in each of which its rows lie where they would without a limit, save for a constant. */
const PAGES = 100;

/** Screens that a turn of the wheel may move at most; the bar moves further at its least. */
const SCREENS = 4;

interface Scrolled {
  scrollTop: number;
  readonly scrollHeight: number;
  readonly clientHeight: number;
}
interface ScrollEvent {
  readonly key: string;
  readonly target: unknown;
  readonly currentTarget: Scrolled;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  preventDefault(): void;
}

/** Where in a list somebody is: the first row of the part in sight, and how many pixels of the rows lie above what is laid out. */
interface Place {
  readonly first: number;
  readonly offset: number;
}

/** The place after a scroll from `last`; what is laid out moves along where a part ends. */
function placeAfter(element: Scrolled, last: number, offset: number, total: number): Place {
  const all = total * LINE;
  const height = Math.min(all, TALLEST);
  let shifted = offset;
  if (all > height) {
    const page = height / PAGES;
    const pages = Math.floor(all / page);
    const screen = element.clientHeight;
    const jumped = Math.abs(element.scrollTop - last) >= SCREENS * screen;
    const share = element.scrollTop / Math.max(1, element.scrollHeight - screen);
    const at = Math.max(0, Math.min(all - screen, jumped ? share * (all - screen) : element.scrollTop + offset));
    shifted = Math.round((Math.min(pages - 1, Math.floor(at / page)) * (all - height)) / (pages - 1));
    if (!jumped && shifted !== offset) element.scrollTop = at - shifted;
  } else shifted = 0;
  return { first: Math.floor((element.scrollTop + shifted) / LINE / PART) * PART, offset: shifted };
}

/** A table whose rows are fetched as they come into sight. */
export function scrolling(context: Context, sort: Cell<Ordering | null>): VChild {
  const place = context.host.cell<Place>({ first: 0, offset: 0 }, `${context.id}/place`);
  let total = 0;
  let last = 0;
  let kept: Rows | undefined;
  const order = (): Ordering[] => { const by = sort.get(); return by ? [by] : []; };
  // What was in sight last stays while newer rows are on their way.
  const shown = context.host.memo((): { first: number; rows: Rows } | undefined => {
    const { first } = place.get();
    const found = [fetchRows(context, first, PART, order()), fetchRows(context, first + PART, PART, order())];
    const here = found[0];
    if (!here) return kept && { first, rows: { ...kept, rows: [], stale: true } };
    total = here.total;
    kept = { ...here, rows: [...here.rows, ...(found[1]?.rows ?? [])] };
    if (first >= total && first > 0) place.set({ first: 0, offset: 0 });
    return { first, rows: kept };
  });
  const count = context.host.memo(() => shown()?.rows.total ?? 0);
  const space = (pixels: number): VChild => h("tr", { class: "nx-space", "aria-hidden": "true" }, [h("td", { style: `height:${Math.max(0, Math.round(pixels))}px` })]);
  const body = dynamic(() => {
    const now = shown();
    if (!now) return h("div", { class: "nx-skeleton-lines", "aria-busy": "true" }, Array.from({ length: 8 }, () => h("div", { class: "nx-skeleton" })));
    if (!now.rows.total) return h("div", { class: "nx-empty" }, [noRows(context, now.rows)]);
    const columns = columnsOf(context, now.rows);
    const height = Math.min(now.rows.total * LINE, TALLEST);
    const offset = Math.min(place.get().offset, now.rows.total * LINE - height);
    // Rows of the part that lie above what is laid out are left out.
    const above = Math.max(0, Math.ceil(offset / LINE) - now.first);
    const rows = now.rows.rows.slice(above);
    const lines = rows.length || Math.max(0, Math.min(PART, now.rows.total - now.first) - above);
    const top = (now.first + above) * LINE - offset;
    return h("table", { "aria-rowcount": now.rows.total }, [headOf(context, columns, sort), h("tbody", {}, [space(top), ...linesOf(rows, columns), ...(rows.length ? [] : [space(lines * LINE)]), space(height - top - lines * LINE)])]);
  });
  const moved = (element: Scrolled): void => {
    const before = place.get();
    const after = placeAfter(element, last, before.offset, total);
    last = element.scrollTop;
    if (after.first !== before.first || after.offset !== before.offset) place.set(after);
  };
  const keys = (event: ScrollEvent): void => {
    const element = event.currentTarget;
    if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { Home: 0, End: element.scrollHeight, PageDown: element.scrollTop + element.clientHeight - 2 * LINE, PageUp: element.scrollTop - element.clientHeight + 2 * LINE }[event.key];
    if (to === undefined) return;
    // At once: on a smooth way there, a long list is laid out anew several times.
    event.preventDefault();
    element.scrollTop = to;
  };
  const title = context.has("title") ? [h("div", { class: "nx-card-title" }, [() => context.str("title")])] : [];
  return box(context, "div", "table", [
    ...title,
    h("div", { class: "nx-table-scroll nx-table-virtual", tabindex: 0, role: "region", "aria-label": () => context.str("title", "Table"), style: () => `height:${Math.max(120, Math.min(2000, Math.round(context.num("height", 420))))}px` }, [body], { on: { scroll: ((event: ScrollEvent) => moved(event.currentTarget)) as never, keydown: keys as never } }),
    rowsNote(context, context.query("data"), () => !shown()?.rows.total),
    h("div", { class: "nx-pager" }, [h("span", { role: "status" }, [() => `${grouped(count(), 0)} ${count() === 1 ? "row" : "rows"}`])]),
  ]);
}
