// What must hold for any text whatever.

import { components, registry } from "../components/index.ts";
import { type Inputs, render } from "../reactor/drawing.ts";
import { check, fix, format } from "../reactor/index.ts";

const NOTHING: Inputs = { state: {}, pages: [], aggregates: [] };

/** Runs one operation; those who measure time it. */
type Watch = <T>(operation: () => T) => T;

/** The first thing that is wrong with what the reactor makes of a text, or null. */
export function judge(text: string, watch: Watch = (operation) => operation()): string | null {
  try {
    const build = watch(() => check(text, registry));
    const fixed = watch(() => fix(text, registry));
    const printed = watch(() => format(fixed, registry));
    const again = check(printed, registry);
    if (format(printed, registry) !== printed) return "what was printed is printed differently";
    const clean = (one: typeof build): boolean => one.diagnostics.every((item) => item.severity !== "error");
    if (clean(build) && !clean(again)) return "a panel without errors has some when it is printed";
    return harm(watch(() => render(build, components, NOTHING, "")).html) ?? harm(render(again, components, NOTHING, "").html);
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

/** The time is that of the slowest operation: nobody waits for all of them in a row. */
function timed(text: string): Trial {
  let milliseconds = 0;
  const watch: Watch = (operation) => {
    const started = performance.now();
    try {
      return operation();
    } finally {
      milliseconds = Math.max(milliseconds, performance.now() - started);
    }
  };
  return { wrong: judge(text, watch), milliseconds };
}
