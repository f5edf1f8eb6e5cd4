// What must hold for any text whatever.

import { components, registry } from "../components/index.ts";
import { type Inputs, render } from "../reactor/drawing.ts";
import { check, fix, format } from "../reactor/index.ts";

const NOTHING: Inputs = { state: {}, pages: [], aggregates: [] };

/** The first thing that is wrong with what the reactor makes of a text, or null. */
export function judge(text: string): string | null {
  try {
    const build = check(text, registry);
    const fixed = fix(text, registry);
    const printed = format(fixed, registry);
    const again = check(printed, registry);
    if (format(printed, registry) !== printed) return "what was printed is printed differently";
    const clean = (one: typeof build): boolean => one.diagnostics.every((item) => item.severity !== "error");
    if (clean(build) && !clean(again)) return "a panel without errors has some when it is printed";
    return harm(render(build, components, NOTHING, "").html) ?? harm(render(again, components, NOTHING, "").html);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

const TAG = /<\/?([A-Za-z][^\s/>]*)((?:[^>"]|"[^"]*")*)>/g;
const ATTRIBUTE = /([^\s="/]+)(?:="([^"]*)")?/g;

/** What in a picture could run. */
function harm(html: string): string | null {
  for (const [, tag = "", attributes = ""] of html.matchAll(TAG)) {
    if (/^(script|iframe|object|embed|base|meta|template)$/i.test(tag)) return `the element <${tag}> is drawn`;
    for (const [, name = "", value = ""] of attributes.matchAll(ATTRIBUTE)) {
      if (/^on/i.test(name) || name === "srcdoc") return `the attribute ${name} is drawn`;
      if (/^(href|src|action|formaction|xlink:href|poster)$/i.test(name) && /^(javascript|vbscript|data):/i.test(value.replace(/[\0- ]/g, ""))) return `the URL ${value} is drawn`;
    }
  }
  return null;
}

export interface Trial {
  readonly wrong: string | null;
  readonly milliseconds: number;
}

/**
 * Judge a text against the clock. One that comes near the limit is tried three times more and its best time taken: the
 * machine may have been busy.
 */
export function trial(text: string, limit: number): Trial {
  let { wrong, milliseconds } = timed(text);
  for (let more = 0; more < 3 && milliseconds > limit / 2; more += 1) milliseconds = Math.min(milliseconds, timed(text).milliseconds);
  if (wrong === null && milliseconds > limit) wrong = `takes ${milliseconds.toFixed(0)} ms`;
  return { wrong, milliseconds };
}

function timed(text: string): Trial {
  const started = performance.now();
  const wrong = judge(text);
  return { wrong, milliseconds: performance.now() - started };
}
