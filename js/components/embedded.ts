// What others draw: Vega-Lite, and components that another extension of the page has registered.

import type { Json } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { grouped, isList, isRecord } from "../reactor/expression/index.ts";
import { dynamic, h } from "../reactor/vnode.ts";
import { box } from "./shared.ts";

/** Rows that are handed over; of more, a sample. */
const MOST = 50_000;

/** What the part of the code with Vega gives: see runtime/lazy/vega.ts. */
interface VegaLibrary {
  draw(element: unknown, spec: Json, rows: Json | null): Promise<() => void>;
}

interface Given {
  readonly rows: Json | null;
  /** What part of the rows it is, as a sentence. */
  readonly part: string;
}

function rowsOf(context: Context): Given {
  if (!context.has("data")) return { rows: null, part: "" };
  const query = context.query("data");
  if (query === null) {
    const value = context.prop("data");
    return { rows: (isList(value) ? value.filter(isRecord) : []) as Json, part: "" };
  }
  const found = context.host.page(query, 0, MOST, [], { kind: "rows", x: null, y: [], by: null, most: MOST });
  const rows = found?.rows ?? [];
  const part = found && rows.length < found.total ? `Drawn from a random sample of ${grouped(rows.length, 0)} of ${grouped(found.total, 0)} rows: counts and sums are those of the sample. Let a query group the rows to have them of all.` : "";
  return { rows: rows as Json, part };
}

export const vega: Component = {
  name: "vega", category: "data", doc: "A chart described in Vega-Lite. It sees the rows it is given and loads nothing from anywhere.", content: "none", events: {}, size: { min: 280, preferred: 560, grow: 1 },
  props: { spec: { type: "record", doc: "The Vega-Lite specification, without data.", required: true }, data: { type: "frame", doc: "The rows." }, label: { type: "str", doc: "What it shows, in words.", required: true } },
  example: `<vega id="v" label="Two bars" data="[{a: 'x', b: 2}, {a: 'y', b: 5}]" spec="{ mark: 'bar', encoding: { x: { field: 'a', type: 'nominal' }, y: { field: 'b', type: 'quantitative' } } }"/>`,
  draw: (context) => {
    const failed = context.host.cell<string | null>(null);
    if (!context.host.load) return box(context, "figure", "vega", [h("div", { class: "nx-empty" }, [() => context.str("label"), ": drawn when the panel is live."])]);
    const given = context.host.memo(() => rowsOf(context));
    return box(context, "figure", "vega", [dynamic(() => {
      const [spec, { rows }] = [context.prop("spec") as Json, given()];
      const mounted = (element: unknown): (() => void) => {
        let undo = (): void => { undo = () => {}; gone = true; };
        let gone = false;
        context.host.load?.("vega").then((library) => (gone ? undefined : (library as VegaLibrary).draw(element, spec, rows))).then((end) => { failed.set(null); if (gone) end?.(); else undo = end ?? undo; }).catch((error: unknown) => failed.set(error instanceof Error ? error.message : String(error)));
        return () => undo();
      };
      return h("div", { class: "nx-vega-view", role: "img", "aria-label": () => context.str("label") }, [], { mounted: mounted as never });
    }), dynamic(() => { const { part } = given(); return part ? h("div", { class: "nx-hint", role: "note" }, [part]) : null; }), dynamic(() => { const text = failed.get(); return text === null ? null : h("div", { class: "nx-failure", role: "alert" }, [text]); })]);
  },
};

/** A component of another extension: see docs/components.md. */
export interface Island {
  mount(element: unknown, props: Json, emit: (value: Json) => void): { update(props: Json): void; unmount(): void };
}

export const island: Component = {
  name: "island", category: "code", doc: "A component in React, or anything else, that another extension of this page has registered by name.", content: "none", events: { emit: "what the component gives" }, size: { min: 200, preferred: 480, grow: 1 },
  props: { name: { type: "str", doc: "The name it was registered under.", required: true }, props: { type: "record", doc: "What it is given." } },
  example: `<island id="i" name="clock" props="{ zone: 'UTC' }"/>`,
  draw: (context) => box(context, "div", "island", [dynamic(() => {
    const name = context.str("name");
    const found = context.host.island?.(name) as Island | undefined;
    if (!found) return h("div", { class: "nx-empty" }, [context.host.live ? `No extension of this page has registered '${name}'.` : `${name}: shown when the panel is live.`]);
    const mounted = (element: unknown): (() => void) => {
      const given = (): Json => (context.prop("props") ?? {}) as Json;
      const made = found.mount(element, given(), (value) => context.fire("emit", value));
      const stop = context.host.follow?.(() => made.update(given()));
      return () => { stop?.(); made.unmount(); };
    };
    return h("div", {}, [], { mounted: mounted as never });
  })]),
};
