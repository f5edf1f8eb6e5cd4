// The compiled layout as CSS: spans by container width, nothing to run when the width changes.

import type { Build, ViewNode } from "../protocol/index.ts";

export function layoutCss(build: Build): string {
  const repeated = repeatedIds(build.view, false);
  // Inside a for, an element's id is followed by the key of the item.
  const element = (id: string): string => (repeated.has(id) ? `[data-id^="${id}["]` : `[data-id="${id}"]`);
  const panel = `[data-nx="${build.id}"]`;
  const first: string[] = [];
  const wider = new Map<number, string[]>();
  for (const rule of build.layout) {
    for (const kind of rule.widths) {
      const container = `${panel} ${element(rule.container)}>.nx-cells`;
      const css = [`${container}{grid-template-columns:repeat(${kind.columns},minmax(0,1fr))}`];
      const bySpan = new Map<number, string[]>();
      for (const [id, span] of Object.entries(kind.spans)) add(bySpan, span, [`${container}>${element(id)}`]);
      for (const [span, selectors] of bySpan) css.push(`${selectors.join(",")}{grid-column:span ${span}}`);
      if (kind.min_width === 0) first.push(...css);
      else add(wider, kind.min_width, css);
    }
  }
  const classes = [...wider].sort(([a], [b]) => a - b).map(([width, css]) => `@container nx (min-width:${width}px){${css.join("")}}`);
  return first.join("") + classes.join("");
}

function add(lists: Map<number, string[]>, key: number, items: readonly string[]): void {
  const list = lists.get(key);
  if (list) list.push(...items);
  else lists.set(key, [...items]);
}

function repeatedIds(nodes: readonly ViewNode[], inside: boolean): Set<string> {
  const found = new Set<string>();
  for (const node of nodes) {
    const repeats = inside || node.each !== null;
    if (repeats) found.add(node.id);
    for (const id of repeatedIds(node.children, repeats)) found.add(id);
  }
  return found;
}
