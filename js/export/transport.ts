// A workspace that is a page: panels, their values and their rows lie in it, handlers run in a worker. Nothing is kept.

import type { ActionDeclaration, Build, EffectDeclaration, Json, Problem, Result, ServerFrame, StatePlace } from "../protocol/index.ts";
import type { Value } from "../reactor/expression/index.ts";
import type { LazyName, Row } from "../reactor/host.ts";
import { withPart } from "../reactor/items.ts";
import { type Follower, gone, type Page, Refusal, type RequestBody, type Transport } from "../runtime/transport.ts";
import { setOff } from "./effects.ts";
import { answer, groups, reduced, sorted, stateOf, type Table } from "./queries.ts";
import type { RunAnswer, RunNotice, WorkerMessage } from "./worker.ts";

export interface ExportedPanel {
  readonly nxml: string;
  readonly build: Build;
  readonly state: Readonly<Record<string, Json>>;
  readonly links: Readonly<Record<string, Json>>;
  /** Handlers as the sandbox evaluates them: file and source. */
  readonly files: readonly (readonly [string, string])[];
}

export interface Sources {
  readonly panels: Readonly<Record<string, ExportedPanel>>;
  frame(source: string): Table;
  load(name: LazyName): Promise<unknown>;
  /** Pictures of the workspace's files that the page brought along, as data: addresses. */
  readonly files: Readonly<Record<string, string>>;
  worker(): Promise<Worker>;
}

/** Milliseconds that a handler may take, as on the server. */
const PATIENCE = 5000;
const UNDONE = 200;
/** Effects that may set each other off, one after the other; as on the server. */
const LONGEST = 16;

interface Live {
  readonly name: string;
  readonly panel: ExportedPanel;
  values: Record<string, Json>;
  readonly followers: Set<Follower>;
  readonly undone: Record<string, Json>[];
  readonly redone: Record<string, Json>[];
  /** The panel's runs, one after the other; those of another panel do not wait for them. */
  lane: Promise<unknown>;
  worker: Promise<Worker> | null;
  /** The run that the worker is at, and what ends it. */
  running: string;
  end: ((why: string) => void) | null;
}

/** A run of an action or an effect. */
interface Run {
  /** By which it is cancelled; empty for effects, which nobody has started. */
  readonly id: string;
  readonly handler: ActionDeclaration | EffectDeclaration;
  /** As the sandbox knows it. */
  readonly action: string;
  readonly args: Json[];
  readonly event: Json;
  /** Values of the states of the view alone. */
  readonly seen: Readonly<Record<string, Json>>;
  /** How many effects led to it. */
  readonly length: number;
}

export class PageTransport implements Transport {
  readonly host = "page";
  private readonly sources: Sources;
  private readonly live = new Map<string, Live>();
  /** Runs that have not ended, begun or not: the panel of each. */
  private readonly open = new Map<string, Live>();
  private readonly cancelled = new Set<string>();
  private rev = 1;
  private runs = 0;

  constructor(sources: Sources) {
    this.sources = sources;
  }

  follow(panel: string, follower: Follower): () => void {
    const live = this.panel(panel);
    live.followers.add(follower);
    follower.state({ kind: "live" });
    follower.frame({ type: "snapshot", panel, rev: this.rev, nxml: live.panel.nxml, state: live.values });
    if (Object.keys(live.panel.links).length) follower.frame({ type: "links", panel, values: live.panel.links });
    return () => live.followers.delete(follower);
  }

  file(path: string): string | undefined {
    return Object.hasOwn(this.sources.files, path) ? this.sources.files[path] : undefined;
  }

  load(name: LazyName): Promise<unknown> {
    return this.sources.load(name);
  }

  readonly viewer = "";
  readonly workspace = "page";

  /** A page has no past. */
  watch(): () => void {
    return () => {};
  }

  /** Nobody else is here. */
  focus(): void {}

  type(): void {}

  leaveCode(): void {}

  cancel(id: string): void {
    const live = this.open.get(id);
    if (!live) return;
    this.cancelled.add(id);
    if (live.running === id) live.end?.("The run was cancelled.");
  }

  async request(body: RequestBody, sent: (id: string) => void = () => {}): Promise<Result | Page> {
    const id = String(++this.runs);
    sent(id);
    switch (body.type) {
      case "set":
        this.write(this.panel(body.panel), { [body.name]: body.at ? this.placed(body.panel, body.name, body.at, body.value) : body.value }, 0);
        return this.result(null);
      case "trigger":
        return this.trigger(body, id);
      case "undo":
        return this.undo(body.panel, body.redo);
      case "frame.page":
        return this.page(body);
      default:
        throw new Refusal(gone("This page was saved from a notebook; open the notebook to do that."));
    }
  }

  private panel(name: string): Live {
    let found = this.live.get(name);
    if (found) return found;
    const panel = this.sources.panels[name];
    if (!panel) throw new Refusal(gone(`There is no panel '${name}' in this page.`));
    found = { name, panel, values: { ...panel.state }, followers: new Set(), undone: [], redone: [], lane: Promise.resolve(), worker: null, running: "", end: null };
    this.live.set(name, found);
    return found;
  }

  private result(value: Json, seen: Record<string, Json> = {}): Result {
    return { type: "result", id: "", rev: this.rev, value, problem: null, profile: null, seen };
  }

  private write(live: Live, changes: Record<string, Json>, length: number): void {
    for (const [state, value] of Object.entries(changes)) refuse(live.panel.build, state, value);
    live.undone.push(live.values);
    if (live.undone.length > UNDONE) live.undone.shift();
    live.redone.length = 0;
    this.show(live, { ...live.values, ...changes }, length);
  }

  private undo(name: string, redo: boolean): Result {
    const live = this.panel(name);
    const [from, to] = redo ? [live.redone, live.undone] : [live.undone, live.redone];
    const values = from.pop();
    if (!values) throw new Refusal({ ...gone(`There is nothing of yours to ${redo ? "redo" : "undo"} in this panel.`), code: "not-found" });
    to.push(live.values);
    this.show(live, values, 0);
    return this.result(null);
  }

  private show(live: Live, values: Record<string, Json>, length: number): void {
    const before = live.values;
    live.values = values;
    this.rev += 1;
    this.tell(live, { type: "snapshot", panel: live.name, rev: this.rev, nxml: live.panel.nxml, state: values });
    this.react(live, before, length);
  }

  private tell(live: Live, frame: ServerFrame): void {
    for (const follower of live.followers) follower.frame(frame);
  }

  private notify(live: Live, text: string): void {
    this.tell(live, { type: "effect", panel: live.name, kind: "notify", name: "error", data: text });
  }

  /** Run the effects that a change sets off, after what waits already. */
  private react(live: Live, before: Record<string, Json>, length: number): void {
    const { build, links } = live.panel;
    for (const { name, value } of setOff(build, { ...before, ...links }, { ...live.values, ...links })) {
      if (length === LONGEST) {
        this.notify(live, `The effects of this panel set each other off without end; '${name}' was not run any more.`);
        continue;
      }
      const handler = build.effects.find((effect) => effect.name === name) as EffectDeclaration;
      this.enqueue(live, { id: "", handler, action: `effect:${name}`, args: [], event: value as Json, seen: {}, length: length + 1 })
        .catch((error: unknown) => this.notify(live, error instanceof Error ? error.message : String(error)));
    }
  }

  private page(body: Extract<RequestBody, { type: "frame.page" }>): Page {
    const live = this.panel(body.panel);
    const state = stateOf({ ...live.values, ...live.panel.links }, body.state);
    const table = answer(live.panel.build, body.query, (source) => this.sources.frame(source), state);
    const ordered = body.order.length ? sorted(table.rows, body.order) : table.rows;
    const aggregates = body.aggregates.map(({ fn, column }) => (fn === "len" ? table.rows.length : reduced(fn, table.rows.map((row) => row[column ?? ""] ?? null)))) as Json[];
    // A chart makes the marks itself, of all rows; whatever else there is, a group keeps its place among the others.
    const rows: readonly Row[] = body.marks ? ordered : ordered.slice(body.offset, body.offset + body.limit);
    const marks = body.marks ? { there: null, missing: null, groups: body.marks.by === null ? [] : groups(live.panel.build, body.query, body.marks.by, (source) => this.sources.frame(source), state) } : null;
    return { header: { id: "", panel: body.panel, query: body.query, rev: this.rev, offset: body.offset, total: table.rows.length, aggregates, marks }, rows: { rows, columns: table.columns } };
  }

  private async trigger({ panel: name, action, args, event, state }: Extract<RequestBody, { type: "trigger" }>, id: string): Promise<Result> {
    const live = this.panel(name);
    const handler = live.panel.build.actions.find((one) => one.name === action);
    if (!handler) throw new Refusal(gone(`The panel '${name}' has no action '${action}'.`));
    return this.enqueue(live, { id, handler, action, args: bound(handler, args as Json[] | Record<string, Json>), event, seen: state, length: 0 });
  }

  /** Run a handler after those of the same panel that were started before. */
  private enqueue(live: Live, run: Run): Promise<Result> {
    if (run.id) this.open.set(run.id, live);
    const done = live.lane.then(() => this.carryOut(live, run)).finally(() => {
      this.open.delete(run.id);
      this.cancelled.delete(run.id);
    });
    live.lane = done.catch(() => {});
    return done;
  }

  private async carryOut(live: Live, { id, handler, action, args, event, seen, length }: Run): Promise<Result> {
    if (this.cancelled.has(id)) throw new Refusal(gone("The run was cancelled before it began."));
    const own = new Set(live.panel.build.state.filter(({ scope }) => scope === "view").map((one) => one.name));
    const job = { action, state: { ...live.values, ...seen }, args, event, seed: crypto.getRandomValues(new Uint32Array(1))[0] as number };
    const done = await this.run(live, id, { id: ++this.runs, panel: live.name, files: live.panel.files, job });
    if (done.error) throw new Refusal(problemOf(handler, live.name, action, done.error));
    const changes = Object.entries(done.changes ?? {});
    for (const [changed, value] of changes) refuse(live.panel.build, changed, value);
    const kept = changes.filter(([changed]) => !own.has(changed));
    if (kept.length) this.write(live, Object.fromEntries(kept), length);
    return this.result(done.value ?? null, Object.fromEntries(changes.filter(([changed]) => own.has(changed))));
  }

  private async run(live: Live, id: string, run: Extract<WorkerMessage, { run: unknown }>["run"]): Promise<RunAnswer> {
    const worker = await (live.worker ??= this.sources.worker());
    return new Promise((resolve) => {
      const finish = (result: RunAnswer): void => {
        clearTimeout(timer);
        worker.removeEventListener("message", take);
        live.end = null;
        live.running = "";
        resolve(result);
      };
      const take = ({ data }: MessageEvent<RunAnswer | RunNotice>): void => {
        if (data.id !== run.id) return;
        if ("notice" in data) this.notify(live, data.notice);
        else finish(data);
      };
      // What runs can only be ended with its whole worker; the next run gets another one.
      const end = (message: string): void => {
        worker.terminate();
        live.worker = null;
        finish({ id: run.id, error: { name: "", message, stack: "" } });
      };
      const timer = setTimeout(() => end(`The action '${run.job.action}' ran longer than ${PATIENCE / 1000} s and was stopped.`), PATIENCE);
      live.running = id;
      live.end = end;
      worker.addEventListener("message", take);
      worker.postMessage({ run } satisfies WorkerMessage);
      if (this.cancelled.has(id)) end("The run was cancelled.");
    });
  }

  private placed(panel: string, name: string, at: StatePlace, value: Json): Json {
    const list = withPart((this.panel(panel).values[name] ?? null) as Value, at, value);
    if (list === null) throw new Refusal({ ...gone(`The item of state.${name} that was to be changed is not there any more.`), code: "conflict" });
    return list;
  }
}

function bound(action: ActionDeclaration, args: Json[] | Record<string, Json>): Json[] {
  return action.params.map((parameter, i) => {
    const given = Array.isArray(args) ? args[i] : args[parameter.name];
    return given === undefined ? parameter.default : given;
  });
}

/** The bounds that a state's declaration sets; its type is seen to by the controls and the sandbox. */
function refuse(build: Build, name: string, value: Json): void {
  const declared = build.state.find((state) => state.name === name);
  if (!declared) throw new Refusal(gone(`The panel has no state '${name}'.`));
  const size = typeof value === "number" ? value : typeof value === "string" ? [...value].length : Array.isArray(value) ? value.length : null;
  if (size === null) return;
  if (declared.min !== null && size < declared.min) throw new Refusal({ ...gone(`state.${name} must be at least ${declared.min}, not ${size}.`), code: "state" });
  if (declared.max !== null && size > declared.max) throw new Refusal({ ...gone(`state.${name} must be at most ${declared.max}, not ${size}.`), code: "state" });
}

function problemOf(handler: ActionDeclaration | EffectDeclaration, panel: string, action: string, error: { readonly name: string; readonly message: string; readonly stack: string }): Problem {
  const place = new RegExp(`${panel}/${action}:(\\d+)`).exec(error.stack);
  const line = handler.span.line + (place ? Number(place[1]) - 1 : 0);
  const plain = ["", "Error", "PanelError", "PermissionError", "HostError"].includes(error.name);
  return { ...gone(plain ? error.message : `${error.name}: ${error.message}`, "Nothing was changed."), code: "handler", kind: "threw", span: { ...handler.span, line } };
}
