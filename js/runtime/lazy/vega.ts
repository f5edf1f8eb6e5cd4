// Charts in Vega-Lite. Loaded when the first one is shown.

import { parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";
import { element } from "../element.ts";
import { chartSpec } from "./chartspec.ts";

const FORBIDDEN = "A panel's chart loads nothing: give it rows with data=\"...\".";

/** What Vega asks for files with: nothing is fetched, whatever a specification says. */
const NO_FILES = {
  load: () => Promise.reject(new Error(FORBIDDEN)), sanitize: () => Promise.reject(new Error(FORBIDDEN)), http: () => Promise.reject(new Error(FORBIDDEN)), file: () => Promise.reject(new Error(FORBIDDEN)),
};

/** Vega's own setting of what it may listen to: the chart, the end of a drag outside of it, and the size of the page. */
const EVENTS = {
  defaults: { prevent: ["wheel"] },
  view: ["click", "dblclick", "mousedown", "mouseup", "mousemove", "mouseover", "mouseout", "pointerdown", "pointerup", "pointermove", "pointerover", "pointerout", "wheel", "touchstart", "touchmove", "touchend"],
  window: ["mousemove", "mouseup", "pointermove", "pointerup", "resize"],
  selector: false, timer: false, globalCursor: false,
};

/** Functions of expressions that can take for ever, or all memory, on a small text. */
const ENDLESS = new Set(["regexp", "sequence", "pad", "repeat"]);
/** Lines of a tooltip, and letters of one. */
const TIP_LINES = 20;
const TIP_LETTERS = 200;

/** Draw a specification over rows; gives what takes the chart away. */
export async function draw(root: HTMLElement, spec: unknown, rows: Record<string, unknown>[] | null): Promise<() => void> {
  const { spec: plain, left } = chartSpec(spec);
  const described = { width: "container", ...plain, ...(rows ? { data: { values: rows } } : {}) };
  const { spec: compiled } = compile(described as never, { config: colours(root) as never });
  // Expressions are interpreted, not made into functions: pages need not allow code made from text.
  const runtime = parse(withoutPage(compiled) as never, { events: EVENTS } as never, { ast: true } as never);
  requireBounded(runtime);
  root.style.position = "relative";
  const place = root.appendChild(element("div", "nx-vega-canvas"));
  const tip = new Tip(root);
  // On a canvas, no value of a row or specification becomes an attribute, an element or a style of the page.
  const view = new View(runtime, { renderer: "canvas", container: place, loader: NO_FILES as never, expr: expressionInterpreter as never, tooltip: (_: unknown, event: unknown, __: unknown, value: unknown) => tip.show(event as MouseEvent, value) } as never);
  const note = left.length ? root.appendChild(element("div", "nx-note", `Left out of this chart, since panels' charts cannot have it: ${left.slice(0, 8).join(", ")}${left.length > 8 ? ` and ${left.length - 8} more` : ""}.`)) : null;
  const end = (): void => { view.finalize(); for (const part of [place, note, tip.root]) part?.remove(); };
  try {
    await view.runAsync();
  } catch (error) {
    end();
    throw error;
  }
  return end;
}

/** Text and lines in the colours that the page has around the chart. */
function colours(root: HTMLElement): object {
  const style = getComputedStyle(root);
  const text = style.color;
  const line = style.getPropertyValue("--nx-line-strong").trim() || text;
  return { background: "transparent", axis: { labelColor: text, titleColor: text, domainColor: line, tickColor: line, gridColor: style.getPropertyValue("--nx-line").trim() || line }, legend: { labelColor: text, titleColor: text }, title: { color: text, subtitleColor: text }, header: { labelColor: text, titleColor: text }, view: { stroke: line }, style: { text: { fill: text } } };
}

const OUTSIDE = new Set(["usermeta", "bind", "$schema", "href", "url", "cursor"]);

/** What Vega-Lite made, without what reaches outside of the chart, should any of it have got this far; rows stay as they are. */
function withoutPage(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPage);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !OUTSIDE.has(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, name === "values" ? inner : withoutPage(inner)]));
}

/** Refuse expressions that the reader's page would hang on; looked for in what is run, not in its text. */
function requireBounded(part: unknown): void {
  if (Array.isArray(part)) return part.forEach(requireBounded);
  if (typeof part !== "object" || part === null) return;
  const { type, callee, regex } = part as { type?: unknown; callee?: { name?: string }; regex?: unknown };
  const name = type === "CallExpression" ? callee?.name : type === "Literal" && regex ? "regexp" : undefined;
  if (name !== undefined && ENDLESS.has(name)) throw new Error(`A panel's chart cannot use ${name}() in its expressions. Work the values out in a query or in the notebook.`);
  for (const inner of Object.values(part)) requireBounded(inner);
}

/** What is said of a mark under the pointer: text, whatever the rows hold. */
class Tip {
  readonly root = element("div", "nx-tooltip");
  private readonly around: HTMLElement;

  constructor(around: HTMLElement) {
    this.around = around;
    this.root.hidden = true;
    around.append(this.root);
  }

  show(event: MouseEvent, value: unknown): void {
    this.root.hidden = value === null || value === undefined || value === "";
    if (this.root.hidden) return;
    const lines = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value).map(([name, one]) => `${name}: ${short(one)}`) : [short(value)];
    this.root.replaceChildren(...lines.slice(0, TIP_LINES).map((line) => element("div", "", line)), ...(lines.length > TIP_LINES ? [element("div", "", `and ${lines.length - TIP_LINES} more`)] : []));
    const { left, top, width } = this.around.getBoundingClientRect();
    const x = event.clientX - left;
    this.root.style.left = x < width / 2 ? `${x + 12}px` : "";
    this.root.style.right = x < width / 2 ? "" : `${width - x + 12}px`;
    this.root.style.top = `${event.clientY - top + 12}px`;
  }
}

function short(value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > TIP_LETTERS ? `${text.slice(0, TIP_LETTERS)}\u2026` : text;
}
