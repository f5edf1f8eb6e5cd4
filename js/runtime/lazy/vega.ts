// Charts in Vega-Lite. Loaded when the first one is shown.

import { expressionInterpreter } from "vega-interpreter";
import embed from "vega-embed";

const FORBIDDEN = "A panel's chart loads nothing: give it rows with data=\"...\".";

/** What Vega asks for files with: nothing is fetched, whatever a specification says. */
const NO_FILES = {
  load: () => Promise.reject(new Error(FORBIDDEN)), sanitize: () => Promise.reject(new Error(FORBIDDEN)), http: () => Promise.reject(new Error(FORBIDDEN)), file: () => Promise.reject(new Error(FORBIDDEN)),
};

/** Draw a specification over rows; gives what takes the chart away. */
export async function draw(element: HTMLElement, spec: Record<string, unknown>, rows: Record<string, unknown>[] | null): Promise<() => void> {
  const dark = getComputedStyle(element).getPropertyValue("--nx-dark").trim() === "1";
  const described = { width: "container", ...spec, ...(rows ? { data: { values: rows } } : {}) };
  const result = await embed(element, described as never, {
    actions: false, renderer: "svg", mode: "vega-lite", loader: NO_FILES as never, tooltip: true, ...(dark ? { theme: "dark" as const } : {}),
    // Expressions are interpreted, not made into functions: pages need not allow code made from text.
    ast: true, expr: expressionInterpreter as never, config: { background: "transparent" },
  });
  return () => result.finalize();
}
