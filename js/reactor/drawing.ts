// A panel as a self-contained picture in HTML, for saved notebooks and for the first paint.

import type { Aggregate, Build, Expression, Json, Ordering } from "../protocol/index.ts";
import { Budget, cutWords, PICTURE_ELEMENTS } from "./budget.ts";
import type { ComponentTable } from "./component.ts";
import { Effort, evaluate, TooManyRows, type Value } from "./expression/index.ts";
import type { Cell, Drawn, Marks, Rows, ViewHost } from "./host.ts";
import { escapeHtml, htmlOf } from "./html.ts";
import { layoutCss } from "./layoutcss.ts";
import { instantiate, scopeOf } from "./view.ts";

export interface PageInput {
  readonly query: string;
  readonly offset: number;
  readonly limit: number;
  readonly order: readonly Ordering[];
  readonly marks: Marks | null;
  readonly rows: Rows["rows"];
  readonly total: number;
  readonly columns: Rows["columns"];
  readonly absent?: string | null;
  readonly drawn: Drawn | null;
}

export interface Inputs {
  readonly state: Readonly<Record<string, Json>>;
  readonly pages: readonly PageInput[];
  readonly aggregates: readonly { readonly query: string; readonly fn: Aggregate["fn"]; readonly column: string | null; readonly value: Json }[];
  /** Pictures of the workspace's files as data: addresses, by path; null where there is none that a page may have. */
  readonly files?: Readonly<Record<string, string | null>>;
}

export interface Missing {
  readonly pages: { query: string; offset: number; limit: number; order: Ordering[]; marks: Marks | null }[];
  readonly aggregates: { query: string; fn: Aggregate["fn"]; column: string | null }[];
  readonly files: string[];
}

/** Draw a panel; what it needs and was not given is listed in `missing`, to be asked for and drawn again. */
export function render(build: Build, table: ComponentTable, inputs: Inputs, css: string): { html: string; missing: Missing } {
  const host = new PictureHost(build, inputs);
  let cut: readonly string[] = [];
  let unfinished: readonly string[] = [];
  const budget = new Budget(PICTURE_ELEMENTS, { cut: () => { cut = [cutWords(PICTURE_ELEMENTS)]; }, unfinished: (why) => { unfinished = why; } });
  const drawn = budget.effort.during(() => htmlOf(instantiate(build, table, host), budget));
  const body = drawn + [...cut, ...unfinished].map((note) => `<div class="nx-cut" role="alert">${escapeHtml(note)}</div>`).join("");
  const title = escapeHtml(build.title);
  const html =
    `<div class="nx-panel nx-picture" data-nx="${escapeHtml(build.id)}"><style>${css}${layoutCss(build)}</style>` +
    `<div class="nx-bar"><span class="nx-title">${title}</span><span class="nx-mark" title="A picture of the panel as it was. Run the cell to make it live.">static</span></div>` +
    `<div class="nx-body">${body}</div></div>`;
  return { html, missing: host.missing };
}

/** What of a panel is worked out without drawing it. */
export type Part = "computed" | "effects" | "exports" | "resources" | "calls" | "lifecycle";

/** Expressions of a panel worked out by name: the values, why those that have none have none, and what was needed and not given. */
export interface Worked {
  readonly values: Record<string, Value>;
  readonly problems: Record<string, string>;
  readonly missing: Missing;
}

export function work(build: Build, part: Part, inputs: Inputs): Worked {
  const host = new PictureHost(build, inputs);
  const scope = scopeOf(build, host);
  const valueOf = (found: Expression | Expression[]): Value => (Array.isArray(found) ? found.map((one) => evaluate(one, scope)) : evaluate(found, scope));
  const problems: Record<string, string> = {};
  const valueOrProblem = (name: string, found: Expression | Expression[]): Value => {
    try {
      return valueOf(found);
    } catch (error) {
      if (!(error instanceof TooManyRows)) throw error;
      problems[name] = error.message;
      return null;
    }
  };
  const values = new Effort().during(() => Object.fromEntries(expressions(build, part).map(([name, found]) => [name, valueOrProblem(name, found)])));
  return { values, problems, missing: host.missing };
}

function expressions(build: Build, part: Part): [string, Expression | Expression[]][] {
  switch (part) {
    case "computed":
      return build.computed.map(({ name, expr }) => [name, expr]);
    case "effects":
      return build.effects.map(({ name, on }) => [name, on]);
    case "exports":
      return build.exports.flatMap(({ name, expr }) => (expr ? [[name, expr] as [string, Expression]] : []));
    case "resources":
      return build.resources.map(({ name, expr }) => [name, expr]);
    case "calls":
      return build.frames.flatMap(({ name, call }) => (call ? [[name, call.args.map((arg) => arg.expr)] as [string, Expression[]]] : []));
    case "lifecycle":
      return build.lifecycle.map(({ run }, i) => [String(i), run.args]);
  }
}

class PictureHost implements ViewHost {
  readonly live = false;
  readonly missing: Missing = { pages: [], aggregates: [], files: [] };
  private readonly values: Map<string, Json>;
  private readonly inputs: Inputs;
  private readonly asked = new Set<string>();

  constructor(build: Build, inputs: Inputs) {
    this.inputs = inputs;
    this.values = new Map(build.links.map((link) => [link.name, Object.hasOwn(inputs.state, link.name) ? (inputs.state[link.name] as Json) : null]));
    for (const { name, default: initial } of build.state) this.values.set(name, Object.hasOwn(inputs.state, name) ? (inputs.state[name] as Json) : initial);
  }

  cell<T>(initial: T): Cell<T> {
    let value = initial;
    return { get: () => value, set: (next) => void (value = next) };
  }

  /** Nothing changes while a picture is drawn; computed once, or values of values would be computed over and over. */
  memo<T>(compute: () => T): () => T {
    let kept: { readonly value: T } | undefined;
    return () => (kept ??= { value: compute() }).value;
  }

  state(name: string): Value {
    return (this.values.get(name) ?? null) as Value;
  }

  set(): void {}

  trigger(): void {}

  pending(): boolean {
    return false;
  }

  problem(): null {
    return null;
  }

  page(query: string, offset: number, limit: number, order: readonly Ordering[], marks: Marks | null = null): Rows | undefined {
    const wanted = JSON.stringify([order, marks]);
    const found = this.inputs.pages.find((page) => page.query === query && page.offset === offset && page.limit === limit && JSON.stringify([page.order, page.marks ?? null]) === wanted);
    if (found) return { rows: found.rows, total: found.total, columns: found.columns, stale: false, absent: found.absent ?? null, drawn: found.drawn };
    if (this.first(`page ${query} ${offset} ${limit} ${wanted}`)) this.missing.pages.push({ query, offset, limit, order: [...order], marks });
    return undefined;
  }

  aggregate(query: string, fn: Aggregate["fn"], column: string | null): Value {
    const found = this.inputs.aggregates.find((item) => item.query === query && item.fn === fn && item.column === column);
    if (found) return found.value as Value;
    if (this.first(`aggregate ${query} ${fn} ${column}`)) this.missing.aggregates.push({ query, fn, column });
    return null;
  }

  file(path: string): string | undefined {
    const { files } = this.inputs;
    if (files && Object.hasOwn(files, path)) return files[path] ?? undefined;
    if (this.first(`file ${path}`)) this.missing.files.push(path);
    return undefined;
  }

  private first(key: string): boolean {
    if (this.asked.has(key)) return false;
    this.asked.add(key);
    return true;
  }
}
