// Specs that many components share, and the box that every element is drawn in.

import type { Context } from "../reactor/component.ts";
import type { PropSpec } from "../reactor/registry.ts";
import { type AttrValue, dynamic, type ElementOptions, type Follow, h, type VChild, type VElement } from "../reactor/vnode.ts";

export const LABEL: PropSpec = { type: "str", doc: "What the control is for, in words." };
export const DISABLED: PropSpec = { type: "bool", doc: "Cannot be used now." };
export const REASON: PropSpec = { type: "str", doc: "Why it cannot be used, shown on hover." };
export const HINT: PropSpec = { type: "str", doc: "A short help below the control." };
export const GAP: PropSpec = { type: "str", doc: "Space between children.", oneOf: ["none", "s", "m", "l"] };

/** The outer element of a component: carries the id that edits, layout and tests find it by. */
export function box(context: Context, tag: string, name: string, children: readonly VChild[], attrs: Readonly<Record<string, Follow<AttrValue>>> = {}, options: ElementOptions = {}): VElement {
  const extra = attrs["class"] ?? "";
  const { class: _, ...rest } = attrs;
  return h(tag, { class: typeof extra === "function" ? () => `nx-${name} ${extra() ?? ""}` : `nx-${name}${extra ? ` ${extra}` : ""}`, "data-id": context.id, ...rest }, children, options);
}

/** A control with its label, hint and, when its last use failed, the reason. */
export function field(context: Context, name: string, control: VChild, options: { readonly inline?: boolean; readonly side?: VChild; readonly note?: VChild } = {}): VElement {
  const label = context.has("label") ? [h("label", { class: "nx-label", for: context.domId }, [() => context.str("label")])] : [];
  const head = options.side ? [h("span", { class: "nx-label-row" }, [...label, options.side])] : label;
  const parts = options.inline ? [h("span", { class: "nx-inline" }, [control, ...head])] : [...head, control];
  return box(context, "div", `field nx-${name}-field`, [...parts, ...(options.note === undefined ? [] : [options.note]), ...hintOf(context), problemNote(context)]);
}

/** Several controls under one label. */
export function group(context: Context, name: string, parts: readonly VChild[], side?: VChild): VElement {
  const label = h("span", { class: "nx-label", "aria-hidden": "true" }, [() => context.str("label")]);
  const head = side === undefined ? label : h("span", { class: "nx-label-row" }, [label, side]);
  return box(context, "div", `field nx-${name}-field`, [head, ...parts, ...hintOf(context), problemNote(context)]);
}

function hintOf(context: Context): VChild[] {
  return context.has("hint") ? [h("span", { class: "nx-hint", id: `${context.domId}-hint` }, [() => context.str("hint")])] : [];
}

/** The note under a control whose action failed. */
export function problemNote(context: Context): VChild {
  return dynamic(() => {
    const problem = context.problem();
    if (!problem) return null;
    const where = problem.span ? ` (line ${problem.span.line})` : "";
    return h("div", { class: "nx-problem", role: "alert" }, [
      h("span", {}, [`${problem.detail}${where}`]),
      ...(problem.hint ? [h("span", { class: "nx-problem-hint" }, [problem.hint])] : []),
      ...(problem.span ? [h("button", { class: "nx-link-button", type: "button", "data-source-line": problem.span.line }, ["Show source"])] : []),
    ]);
  });
}

/** Why rows could not be had: once, however many elements show them, until they can; `otherwise` is what the others say. */
export function failureNote(context: Context, query: string, otherwise: string | null = null): VChild {
  // Kept apart from what is drawn of it, which would else be drawn anew as soon as it is settled who tells.
  const text = context.host.memo(() => context.host.failure?.(query, context.id) ?? null);
  return dynamic(() => {
    const why = text();
    if (why) return h("div", { class: "nx-problem", role: "alert" }, [why], { mounted: () => () => context.host.tellsNoMore?.(query, context.id) });
    return why === null || otherwise === null ? null : h("span", {}, [otherwise]);
  });
}

/**
 * What is said while the notebook works on rows for long, with a way to end that, and why there are none or old ones, unless that
 * is said in the place of the rows.
 */
export function rowsNote(context: Context, query: string | null, inside: () => boolean = () => false): VChild {
  if (query === null) return "";
  return dynamic(() => {
    if (!context.host.waiting?.(query)) return inside() ? null : failureNote(context, query);
    return h("div", { class: "nx-waiting", role: "status" }, ["Waiting for Python\u2026", h("button", { class: "nx-link-button", type: "button" }, ["Cancel"], { on: { click: () => context.host.cancelRows?.(query) } })]);
  });
}

/** Attributes of a control that can be used or not. */
export function usable(context: Context): Record<string, Follow<AttrValue>> {
  const off = (): boolean => !context.host.live || context.flag("disabled");
  return { disabled: off, title: () => (off() && context.has("reason") ? context.str("reason") : null) };
}
