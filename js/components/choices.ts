// One or several of some options.

import type { Json } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { isList, isNumber, isRecord, same, textOf, type Value } from "../reactor/expression/index.ts";
import { h, list } from "../reactor/vnode.ts";
import { CHANGE, commit, CONTROL, dragged, type InputEvent } from "./controls.ts";
import { DISABLED, field, group, HINT, LABEL, REASON, usable } from "./shared.ts";
import { entry, type Reading, VALIDATION } from "./validation.ts";

const OPTIONS = { type: "list", doc: "What can be chosen: values, records with value and label, or a query.", required: true } as const;

interface Choice {
  readonly value: Value;
  readonly label: string;
}

/** Options as values, or as records with value and label; rows of a query give their first column. */
function choices(context: Context): Choice[] {
  const options = context.prop("options");
  return (isList(options) ? options : []).map((option) => {
    if (!isRecord(option)) return { value: option, label: textOf(option) };
    const value = Object.hasOwn(option, "value") ? (option["value"] ?? null) : (Object.values(option)[0] ?? null);
    return { value, label: Object.hasOwn(option, "label") ? textOf(option["label"] ?? null) : textOf(value) };
  });
}

/** What choosing means: an option that has gone meanwhile is none. */
function chosenOf(context: Context, value: Value): Reading {
  return value === null || choices(context).some((choice) => same(choice.value, value)) ? { value: value as Json } : { fault: `\u201C${textOf(value)}\u201D is not offered any more.` };
}

export const select: Component = {
  name: "select", category: "input", doc: "One of several options.", content: "none", size: CONTROL, events: CHANGE,
  props: { label: LABEL, value: { type: "any", doc: "The chosen one.", bindable: true }, options: OPTIONS, ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT },
  example: `<select id="s" label="Region" options="['all', 'north']"/>`,
  draw: (context) => {
    const own = entry(context);
    // A value that is not among the options (yet) is shown all the same, and so is none, else the box would lie.
    const all = (): Choice[] => {
      const found = choices(context);
      const value = own.shown();
      return found.some((choice) => same(choice.value, value)) ? found : [{ value, label: value === null ? "Choose\u2026" : textOf(value) }, ...found];
    };
    const option = (choice: Choice) => h("option", { value: JSON.stringify(choice.value), selected: () => same(choice.value, own.shown()) }, [choice.label]);
    const select = { class: "nx-select", id: context.domId, ...own.attrs, ...usable(context) };
    const items = list(() => all().map((choice) => ({ key: JSON.stringify(choice), make: () => option(choice) })));
    const change = (event: InputEvent): void => { const value = JSON.parse(event.target.value) as Value; commit(context, own, value, chosenOf(context, value)); };
    return field(context, "select", h("select", select, [items], { on: { ...own.on, change: change as never } }), { note: own.note });
  },
};

export const radio: Component = {
  name: "radio", category: "input", doc: "One of a few options, all in sight.", content: "none", size: CONTROL, events: CHANGE,
  props: { label: { ...LABEL, required: true }, value: { type: "any", doc: "The chosen one.", bindable: true }, options: OPTIONS, inline: { type: "bool", doc: "Beside each other." }, ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT },
  example: `<radio id="r" label="Size" value="{'m'}" options="['s', 'm', 'l']"/>`,
  draw: (context) => {
    const own = entry(context);
    const { attrs, on, note } = own;
    const one = (choice: Choice, index: number) => h("label", { class: "nx-option" }, [
      h("input", { type: "radio", name: context.domId, id: `${context.domId}-${index}`, checked: () => same(choice.value, own.shown()), ...usable(context) }, [], { on: { ...on, change: () => commit(context, own, choice.value, chosenOf(context, choice.value)) } }),
      h("span", {}, [choice.label]),
    ]);
    const options = list(() => choices(context).map((choice, i) => ({ key: JSON.stringify(choice), make: () => one(choice, i) })));
    return group(context, "radio", [h("div", { class: "nx-options", role: "radiogroup", "aria-label": () => context.str("label"), "data-inline": () => context.flag("inline"), ...attrs }, [options]), note]);
  },
};

export const multiselect: Component = {
  name: "multiselect", category: "input", doc: "Any of several options.", content: "none", size: CONTROL, events: { change: "the chosen values" },
  props: { label: { ...LABEL, required: true }, value: { type: "list", doc: "The chosen ones.", bindable: true }, options: OPTIONS, ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT },
  example: `<multiselect id="m" label="Regions" value="['north']" options="['north', 'south', 'west']"/>`,
  draw: (context) => {
    const own = entry(context);
    const { attrs, on, note } = own;
    const chosen = (): readonly Value[] => { const value = own.shown(); return isList(value) ? value : []; };
    const toggle = (choice: Choice, wanted: boolean): void => {
      const others = chosen().filter((value) => !same(value, choice.value));
      const now = wanted ? [...others, choice.value] : others;
      const offered = wanted ? chosenOf(context, choice.value) : { value: null };
      commit(context, own, now, "fault" in offered ? offered : { value: now as Json });
    };
    const one = (choice: Choice, index: number) => h("label", { class: "nx-option" }, [
      h("input", { type: "checkbox", class: "nx-checkbox", id: `${context.domId}-${index}`, checked: () => chosen().some((value) => same(value, choice.value)), ...usable(context) }, [], { on: { ...on, change: ((event: InputEvent) => toggle(choice, event.target.checked)) as never } }),
      h("span", {}, [choice.label]),
    ]);
    const options = list(() => choices(context).map((choice, i) => ({ key: JSON.stringify(choice), make: () => one(choice, i) })));
    // A group takes no aria-required and no aria-invalid.
    return group(context, "multiselect", [h("div", { class: "nx-options nx-options-many", role: "group", "aria-label": () => context.str("label"), "data-invalid": attrs["data-invalid"] ?? null, "data-ahead": attrs["data-ahead"] ?? null, "aria-describedby": attrs["aria-describedby"] ?? null }, [options]), note]);
  },
};

export const range: Component = {
  name: "range", category: "input", doc: "A span between two numbers, by dragging its ends.", content: "none", size: { min: 200, preferred: 320, grow: 1 }, events: { change: "the two numbers" },
  props: { label: { ...LABEL, required: true }, value: { type: "list", doc: "The two numbers.", bindable: true }, min: { type: "float", doc: "Smallest (0)." }, max: { type: "float", doc: "Largest (100)." }, step: { type: "float", above: 0, doc: "Steps (1)." }, unit: { type: "str", doc: "Their unit." }, disabled: DISABLED, reason: REASON, hint: HINT },
  example: '<range id="r" label="Price" value="[20, 60]"/>',
  draw: (context) => {
    const own = entry(context);
    const ends = (): [number, number] => {
      const value = own.shown();
      const [low, high] = isList(value) ? value : [];
      return [isNumber(low) ? low : context.num("min", 0), isNumber(high) ? high : context.num("max", 100)];
    };
    const moved = (end: 0 | 1, event: InputEvent): number[] => {
      const value = dragged(context, event.target.valueAsNumber);
      const [low, high] = ends();
      // One end pushes the other along: a span that is turned round says nothing.
      return end === 0 ? [value, Math.max(value, high)] : [Math.min(value, low), value];
    };
    const end = (which: 0 | 1, word: string) => h("input", {
      class: "nx-slider", type: "range", id: which ? `${context.domId}-end` : context.domId, "aria-label": () => `${context.str("label")}: ${word}`, min: () => context.num("min", 0), max: () => context.num("max", 100), step: () => context.num("step", 1), value: () => ends()[which], "aria-invalid": own.attrs["aria-invalid"] ?? null, "aria-describedby": own.attrs["aria-describedby"] ?? null, ...usable(context),
    }, [], { on: { ...own.on, input: ((event: InputEvent) => { const value = moved(which, event); own.enter(value, { value }, "live"); }) as never, change: ((event: InputEvent) => { const value = moved(which, event); commit(context, own, value, { value }); }) as never } });
    const shown = h("output", { class: "nx-value" }, [() => `${ends().map((value) => textOf(value)).join(" \u2013 ")}${context.has("unit") ? ` ${context.str("unit")}` : ""}`]);
    const share = (value: number): number => {
      const [least, most] = [context.num("min", 0), context.num("max", 100)];
      return Math.max(0, Math.min(100, ((value - least) / (most - least || 1)) * 100));
    };
    // Both knobs run on one track. Where both are at its end, the lower one is on top: it is the one that can still move.
    const track = h("div", { class: "nx-range-track", style: () => `--nx-from:${share(ends()[0])}%;--nx-to:${share(ends()[1])}%`, "aria-hidden": "true" });
    return group(context, "range", [h("div", { class: "nx-range", "data-high": () => share(ends()[0]) > 50 }, [track, end(0, "from"), end(1, "to")]), own.note], shown);
  },
};
