// Icons, drawn by this project as strokes on a 20 by 20 field.

import type { Component } from "../reactor/component.ts";
import { h } from "../reactor/vnode.ts";
import { box } from "./shared.ts";

const PATHS: Readonly<Record<string, string>> = {
  add: "M10 4v12 M4 10h12", alert: "M10 3 2.5 16.5h15z M10 8v4 M10 14.2v.3", arrow: "M4 10h12 M11 5l5 5-5 5", calendar: "M3 5h14v12H3z M3 9h14 M7 3v4 M13 3v4", chart: "M3 17h14 M5 14v-4 M10 14V5 M15 14V8",
  check: "M4 10.5 8.2 15 16 6", clock: "M10 3a7 7 0 1 0 .01 0 M10 6v4l3 2", close: "M5 5l10 10 M15 5 5 15", data: "M4 5c0-3 12-3 12 0v10c0 3-12 3-12 0z M4 5c0 3 12 3 12 0 M4 10c0 3 12 3 12 0", download: "M10 3v10 M6 9l4 4 4-4 M4 17h12",
  edit: "M4 16l1-4 8-8 3 3-8 8z", file: "M5 3h7l3 3v11H5z M12 3v3h3", filter: "M3 4h14l-5.5 7v5l-3-1.5V11z", folder: "M3 5h5l2 2h7v9H3z", heart: "M10 16 4 10a3.5 3.5 0 0 1 6-4 3.5 3.5 0 0 1 6 4z", home: "M3 10 10 4l7 6 M5 9v8h10V9",
  info: "M10 3a7 7 0 1 0 .01 0 M10 9v5 M10 6.2v.3", list: "M7 5h10 M7 10h10 M7 15h10 M3.5 5h.5 M3.5 10h.5 M3.5 15h.5", lock: "M5 9h10v8H5z M7 9V6.5a3 3 0 0 1 6 0V9", map: "M3 5l5-2 4 2 5-2v12l-5 2-4-2-5 2z M8 3v12 M12 5v12", pause: "M7 4v12 M13 4v12", play: "M6 4l10 6-10 6z",
  refresh: "M16 10a6 6 0 1 1-2-4.5 M16 3v3.5h-3.5", search: "M8.5 3.5a5 5 0 1 0 .01 0 M12.5 12.5 17 17", settings: "M10 7.5a2.5 2.5 0 1 0 .01 0 M10 3v2 M10 15v2 M3 10h2 M15 10h2 M5 5l1.5 1.5 M13.5 13.5 15 15 M15 5l-1.5 1.5 M6.5 13.5 5 15",
  star: "M10 3l2.2 4.6 5 .7-3.6 3.5.9 5L10 14.4 5.5 16.8l.9-5L2.8 8.3l5-.7z", stop: "M5 5h10v10H5z", trash: "M4 6h12 M8 6V4h4v2 M6 6l.7 11h6.6L14 6", upload: "M10 14V4 M6 8l4-4 4 4 M4 17h12", user: "M10 3.5a3 3 0 1 0 .01 0 M4 17c0-7 12-7 12 0",
};

export const icon: Component = {
  name: "icon", category: "text", doc: "A small picture that stands for a word.", content: "none", events: {}, size: { min: 20, preferred: 24, grow: 0 },
  props: { name: { type: "str", doc: "Which one.", oneOf: Object.keys(PATHS), required: true }, label: { type: "str", doc: "What it means; without one it is decoration." }, size: { type: "str", doc: "How large.", oneOf: ["s", "m", "l"] } },
  example: '<icon id="i" name="star" label="Favourite"/>',
  draw: (context) => box(context, "span", "icon-mark", [h("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, [h("path", { d: () => PATHS[context.str("name")] ?? "" })])], {
    "data-size": () => context.str("size", "m"), role: () => (context.has("label") ? "img" : null), "aria-label": () => (context.has("label") ? context.str("label") : null), "aria-hidden": () => (context.has("label") ? null : "true"),
  }),
};
