// What a text draws while it is written: no workspace behind it, and the last good picture stays while there are errors.

import { registry } from "../components/index.ts";
import type { Aggregate, Build, Diagnostic } from "../protocol/index.ts";
import type { Value } from "../reactor/expression/index.ts";
import type { LazyName, Rows } from "../reactor/host.ts";
import { judging } from "../reactor/checker/script.ts";
import { check } from "../reactor/index.ts";
import { element } from "./element.ts";
import { assetUrl, jupyterPage } from "./host.ts";
import { keepKeys } from "./keys.ts";
import { LocalHost } from "./local.ts";
import { Picture } from "./picture.ts";

/** Who writes a text is told of code that does not compile. */
const REGISTRY = judging(registry);
const NO_ROWS: Rows = { rows: [], total: 0, columns: [], stale: false };

/** A host whose tables are there, and empty. */
class PreviewHost extends LocalHost {
  private build: Build | null = null;
  private readonly bring: (name: LazyName) => Promise<unknown>;

  constructor(told: (action: string) => void, bring: (name: LazyName) => Promise<unknown>) {
    super(true, told);
    this.bring = bring;
  }

  override replace(build: Build): void {
    super.replace(build);
    this.build = build;
  }

  override page(query: string): Rows {
    const columns = this.build?.frames.find((frame) => frame.name === query)?.columns ?? [];
    return { ...NO_ROWS, columns: columns.map(({ name, type }) => ({ name, type: type.kind })) };
  }

  override aggregate(_query: string, fn: Aggregate["fn"]): Value {
    return fn === "len" || fn === "sum" ? 0 : null;
  }

  load(name: LazyName): Promise<unknown> {
    return this.bring(name);
  }
}

function fromServer(name: LazyName): Promise<unknown> {
  const page = jupyterPage();
  if (!page) return Promise.reject(new Error("This page is not served by a Jupyter server with Nexus."));
  return import(/* webpackIgnore: true */ assetUrl(page, `${name}.js`));
}

export class Preview {
  private readonly picture = new Picture();
  private readonly title = element("span", "nx-title");
  private readonly limits = element("div", "nx-banner");
  private readonly problems = element("div", "nx-banner");
  private readonly untold = element("div", "nx-banner");
  private readonly host: PreviewHost;
  private readonly letKeysGo: () => void;
  private shown = false;

  /** `bring` brings code that comes when it is needed; from the page's server when left out. */
  constructor(root: HTMLElement, bring: (name: LazyName) => Promise<unknown> = fromServer) {
    this.host = new PreviewHost((action) => { say(this.untold, `In the notebook, this would run ${action}.`); }, bring);
    const bar = element("div", "nx-bar");
    bar.append(this.title, element("span", "nx-mark", "preview"));
    root.classList.add("nx-panel", "nx-live");
    this.letKeysGo = keepKeys(root);
    this.problems.dataset["kind"] = "error";
    for (const note of [this.problems, this.untold]) note.setAttribute("role", "status");
    for (const note of [this.limits, this.problems, this.untold]) say(note, "");
    root.replaceChildren(this.picture.layout, bar, this.problems, this.limits, this.untold, this.picture.body);
  }

  /** Draw a text, if it has no errors. */
  update(text: string): void {
    const build = check(text, REGISTRY);
    const errors = build.diagnostics.filter((item) => item.severity === "error");
    say(this.problems, errors[0] ? problemText(errors[0], errors.length, this.shown) : "");
    if (errors.length) {
      if (!this.shown) this.picture.say("The panel is shown here once its text has no errors.");
      return;
    }
    this.shown = true;
    this.title.textContent = build.title;
    say(this.limits, limitsText(build));
    say(this.untold, "");
    this.host.replace(build);
    this.picture.show(build, this.host);
  }

  dispose(): void {
    this.letKeysGo();
    this.picture.dispose();
  }
}

function say(note: HTMLElement, text: string): void {
  note.textContent = text;
  note.hidden = !text;
}

function problemText({ span, message }: Diagnostic, count: number, shown: boolean): string {
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  return `${shown ? "What you see is the text before the error. " : ""}Line ${span.line}: ${message}${more}`;
}

/** What is not as it will be in the notebook, if anything is not. */
function limitsText({ actions, frames }: Build): string {
  const limits = [...(actions.length ? ["actions do not run"] : []), ...(frames.length ? ["tables are empty"] : [])];
  return limits.length ? `In a preview ${limits.join(" and ")}; controls change values of its own.` : "";
}
