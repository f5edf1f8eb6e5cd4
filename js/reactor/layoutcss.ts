// The compiled layout as CSS: spans by container width, nothing to run when the width changes.

import type { Build } from "../protocol/index.ts";

export function layoutCss(build: Build): string {
  const panel = `[data-nx="${build.id}"]`;
  const first: string[] = [];
  const wider = new Map<number, string[]>();
  for (const rule of build.layout) {
    for (const kind of rule.widths) {
      const container = `${panel} [data-id="${rule.container}"]>.nx-cells`;
      const css = [`${container}{grid-template-columns:repeat(${kind.columns},minmax(0,1fr))}`];
      const bySpan = new Map<number, string[]>();
      for (const [id, span] of Object.entries(kind.spans)) bySpan.set(span, [...(bySpan.get(span) ?? []), `${container}>[data-id="${id}"]`]);
      for (const [span, selectors] of bySpan) css.push(`${selectors.join(",")}{grid-column:span ${span}}`);
      if (kind.min_width === 0) first.push(...css);
      else wider.set(kind.min_width, [...(wider.get(kind.min_width) ?? []), ...css]);
    }
  }
  const classes = [...wider].sort(([a], [b]) => a - b).map(([width, css]) => `@container nx (min-width:${width}px){${css.join("")}}`);
  return first.join("") + classes.join("");
}
