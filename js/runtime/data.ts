// Rows and numbers that a panel shows: asked for when something looks at them, kept until a state or frame changes.

import { batch, type Signal, signal } from "@preact/signals-core";
import type { Aggregate, Build, FrameDeclaration, Json, Ordering } from "../protocol/index.ts";
import type { Inputs } from "../reactor/drawing.ts";
import type { Value } from "../reactor/expression/index.ts";
import type { Marks, Rows } from "../reactor/host.ts";
import { type Page, Refusal, type Transport } from "./transport.ts";

interface Entry<T> {
  readonly query: string;
  readonly value: Signal<T>;
  /** Whether what it has, or what was asked for last, is what is wanted now. */
  fresh: boolean;
  /** Counts what was asked for: the answer to anything but the last is thrown away. */
  turn: number;
}

interface PageEntry extends Entry<Rows | undefined> {
  readonly offset: number;
  readonly limit: number;
  readonly order: readonly Ordering[];
  readonly marks: Marks | null;
}

interface NumberEntry extends Entry<Value> {
  readonly fn: Aggregate["fn"];
  readonly column: string | null;
}

/** Why the rows of a frame could not be had, and the element that says so. */
interface Failure {
  readonly text: string;
  readonly teller: string;
}

/** Whom rows are asked of. */
type Asker = Pick<Transport, "request" | "cancel">;

/** Pages kept; those not looked at for longest go first. */
const KEPT = 60;
/** Rows of one request, and of all together: more are not held at once. */
const PART = 10_000;
const EVERY = 500_000;
const ATTEMPTS = 3;
/** Waiting for the notebook shorter than this needs no words. */
const SAY_WAITING_AFTER = 400;

/** A query that comes from a function of the notebook: how it stands with it. */
interface Called {
  readonly waiting: Signal<boolean>;
  request: string | null;
  timer: ReturnType<typeof setTimeout> | undefined;
  asked: boolean;
}

/** What an error tells the person, with what to do. */
function said(error: unknown): string {
  const hint = error instanceof Refusal ? error.problem.hint : null;
  return [error instanceof Error ? error.message : String(error), hint].filter(Boolean).join(" ");
}

export class PanelData {
  private readonly panel: string;
  private readonly transport: Asker;
  private readonly viewState: () => Record<string, Json>;
  private readonly failed: (frame: string, error: unknown) => void;
  private build: Build;
  private readonly pages = new Map<string, PageEntry>();
  private readonly numbers = new Map<string, NumberEntry>();
  private readonly called = new Map<string, Called>();
  private readonly failures = new Map<string, Signal<Failure | null>>();
  private scheduled = false;

  constructor(panel: string, build: Build, transport: Asker, viewState: () => Record<string, Json>, failed: (frame: string, error: unknown) => void) {
    this.panel = panel;
    this.build = build;
    this.transport = transport;
    this.viewState = viewState;
    this.failed = failed;
  }

  page(query: string, offset: number, limit: number, order: readonly Ordering[], marks: Marks | null): Rows | undefined {
    const key = JSON.stringify([query, offset, limit, order, marks]);
    let entry = this.pages.get(key);
    if (!entry) {
      entry = { query, offset, limit, order, marks, value: signal<Rows | undefined>(undefined), fresh: false, turn: 0 };
      this.forgetOldest();
    } else this.pages.delete(key);
    this.pages.set(key, entry);
    if (!entry.fresh) this.schedule();
    return entry.value.value;
  }

  /** All rows of a query, of one moment: asked for anew when something has changed between two of their parts. */
  async every(query: string): Promise<Rows> {
    for (let left = ATTEMPTS; ; left -= 1) {
      const parts: Page[] = [];
      let [there, revs, total] = [0, new Set<number>(), 1];
      while (there < Math.min(total, EVERY)) {
        const part = (await this.transport.request({ type: "frame.page", panel: this.panel, query, offset: there, limit: PART, order: [], aggregates: [], state: this.viewState(), marks: null, at: null })) as Page;
        parts.push(part);
        revs.add(part.header.rev);
        total = part.header.total;
        there += part.rows.rows.length;
        if (!part.rows.rows.length) break;
      }
      if (revs.size > 1 && left > 0) continue;
      return { rows: parts.flatMap((part) => part.rows.rows), total, columns: parts[0]?.rows.columns ?? [], stale: false };
    }
  }

  aggregate(query: string, fn: Aggregate["fn"], column: string | null): Value {
    const key = `${query}\u0000${fn}\u0000${column}`;
    let entry = this.numbers.get(key);
    if (!entry) {
      entry = { query, fn, column, value: signal<Value>(null), fresh: false, turn: 0 };
      this.numbers.set(key, entry);
    }
    if (!entry.fresh) this.schedule();
    return entry.value.value;
  }

  /** Whether the notebook has been working on the rows of a query for so long that it should be said. */
  waiting(query: string): boolean {
    return this.callOf(query)?.waiting.value ?? false;
  }

  /** Why the rows of a query could not be had: said to the first element that asks, so that it is said once. */
  failure(query: string, element: string): string | null {
    const found = this.failureOf(query);
    const { value } = found;
    if (!value) return null;
    if (!value.teller) queueMicrotask(() => { if (found.peek() === value) found.value = { ...value, teller: element }; });
    return !value.teller || value.teller === element ? value.text : "";
  }

  tellsNoMore(query: string, element: string): void {
    const found = this.failureOf(query);
    const value = found.peek();
    if (value?.teller === element) found.value = { ...value, teller: "" };
  }

  private failureOf(query: string): Signal<Failure | null> {
    const name = this.frameOf(query)?.name ?? query;
    let found = this.failures.get(name);
    if (!found) this.failures.set(name, (found = signal<Failure | null>(null)));
    return found;
  }

  /** Say why rows could not be had where they would be; or at the panel's head, where nothing shows them. */
  private tell(query: string, error: unknown): void {
    const found = this.failureOf(query);
    const text = said(error);
    if (found.peek()?.text !== text) found.value = { text, teller: "" };
    setTimeout(() => { if (found.peek()?.teller === "") this.failed(this.frameOf(query)?.name ?? query, error); });
  }

  /** Wait for the notebook no longer; the rows stay what they are. */
  cancel(query: string): void {
    const request = this.callOf(query)?.request;
    if (request) this.transport.cancel(request);
  }

  /** Another text: other queries, maybe under the same names. */
  replace(build: Build): void {
    this.build = build;
    for (const { timer } of this.called.values()) clearTimeout(timer);
    this.pages.clear();
    this.numbers.clear();
    this.called.clear();
    for (const failure of this.failures.values()) failure.value = null;
  }

  stateChanged(name: string): void {
    const frames = this.build.frames.filter((frame) => frame.call?.inputs.includes(name)).map((frame) => frame.name);
    this.stale([...frames, ...this.build.queries.filter((query) => query.inputs.includes(name)).map((query) => query.name)]);
  }

  frameChanged(source: string): void {
    // All tables of the workspace itself change together.
    const concerns = (frame: FrameDeclaration): boolean => (source === "nog:" ? /^(nog|trilog):/.test(frame.source) : frame.source === `kernel:${source}`);
    const affected = new Set(this.build.frames.filter(concerns).map((frame) => frame.name));
    for (let grown = -1; grown !== affected.size; ) {
      grown = affected.size;
      for (const query of this.build.queries) if (affected.has(query.frame)) affected.add(query.name);
    }
    this.stale([...affected]);
  }

  /** What comes from functions of the notebook may be there now. */
  calledAgain(): void {
    this.stale([...this.build.queries, ...this.build.frames].map((item) => item.name).filter((name) => this.frameOf(name)?.call));
  }

  allStale(): void {
    this.stale([...this.build.queries, ...this.build.frames].map((item) => item.name));
  }

  /** What it has now, as a picture of the panel is drawn with. */
  inputs(): Pick<Inputs, "pages" | "aggregates"> {
    return {
      pages: [...this.pages.values()].flatMap(({ query, offset, limit, order, marks, value }) => {
        const found = value.peek();
        return found ? [{ query, offset, limit, order, marks, rows: found.rows, total: found.total, columns: found.columns, absent: found.absent ?? null, drawn: found.drawn ?? null }] : [];
      }),
      aggregates: [...this.numbers.values()].map(({ query, fn, column, value }) => ({ query, fn, column, value: value.peek() as Json })),
    };
  }

  private stale(queries: readonly string[]): void {
    if (!queries.length) return;
    for (const entry of this.pages.values()) {
      if (!queries.includes(entry.query)) continue;
      entry.fresh = false;
      const rows = entry.value.peek();
      if (rows && !rows.stale && this.frameOf(entry.query)?.call) entry.value.value = { ...rows, stale: true };
    }
    for (const entry of this.numbers.values()) if (queries.includes(entry.query)) entry.fresh = false;
    this.schedule();
  }

  private forgetOldest(): void {
    const oldest = this.pages.size >= KEPT ? this.pages.keys().next().value : undefined;
    if (oldest !== undefined) this.pages.delete(oldest);
  }

  /** The frame that a query stands on. */
  private frameOf(query: string): FrameDeclaration | undefined {
    let name = query;
    for (let step = 0; step <= this.build.queries.length; step += 1) {
      const below = this.build.queries.find((one) => one.name === name);
      if (!below) break;
      name = below.frame;
    }
    return this.build.frames.find((frame) => frame.name === name);
  }

  private callOf(query: string): Called | null {
    const frame = this.frameOf(query);
    if (!frame?.call) return null;
    let found = this.called.get(frame.name);
    if (!found) {
      found = { waiting: signal(false), request: null, timer: undefined, asked: false };
      this.called.set(frame.name, found);
    }
    return found;
  }

  /** Ask once for everything that was looked at in this turn: one request per query carries its numbers too. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.askAll();
    });
  }

  private askAll(): void {
    const numbers = new Map<string, NumberEntry[]>();
    for (const entry of this.numbers.values()) if (!entry.fresh) numbers.set(entry.query, [...(numbers.get(entry.query) ?? []), entry]);
    const asked: [string, PageEntry | null, NumberEntry[]][] = [];
    for (const entry of this.pages.values()) {
      if (entry.fresh) continue;
      asked.push([entry.query, entry, numbers.get(entry.query) ?? []]);
      numbers.delete(entry.query);
    }
    for (const [query, along] of numbers) asked.push([query, null, along]);
    // They are answered one after the other: numbers are soon there, and what is read first.
    asked.sort(([, , one], [, , other]) => Number(other.length > 0) - Number(one.length > 0));
    for (const [query, page, along] of asked) {
      for (const entry of [page, ...along]) if (entry) entry.fresh = true;
      this.whenRested(query, () => void this.ask(query, page, along));
    }
  }

  /** Call the notebook only once what its function depends on has rested; the first time at once. */
  private whenRested(query: string, ask: () => void): void {
    const called = this.callOf(query);
    if (!called?.asked) {
      if (called) called.asked = true;
      return ask();
    }
    setTimeout(ask, this.frameOf(query)?.debounce ?? 0);
  }

  private async ask(query: string, page: PageEntry | null, numbers: readonly NumberEntry[]): Promise<void> {
    const entries = [page, ...numbers].filter((entry) => entry !== null);
    const turns = entries.map((entry) => ++entry.turn);
    const current = (): boolean => entries.every((entry, i) => entry.turn === turns[i]);
    const called = this.callOf(query);
    const waiting = called ? this.wait(called) : null;
    try {
      const answer = (await this.transport.request({
        type: "frame.page", panel: this.panel, query, offset: page?.offset ?? 0, limit: page?.limit ?? 0, order: [...(page?.order ?? [])],
        aggregates: numbers.map(({ fn, column }) => ({ fn, column })), state: this.viewState(), marks: page?.marks ? { ...page.marks, y: [...page.marks.y] } : null, at: null,
      }, (id) => { if (called) called.request = id; })) as Page;
      if (current()) this.take(answer, page, numbers);
    } catch (error) {
      if (!current()) return;
      batch(() => {
        // What was there before is not what is wanted now: rows are faded, and a number is none.
        if (page) page.value.value = { rows: [], total: 0, columns: [], ...page.value.peek(), stale: true, absent: said(error) };
        for (const entry of numbers) entry.value.value = null;
        this.tell(query, error);
      });
    } finally {
      waiting?.();
    }
  }

  /** Say, after a while, that the notebook is waited for; returns what ends it. */
  private wait(called: Called): () => void {
    clearTimeout(called.timer);
    const timer = setTimeout(() => { called.waiting.value = true; }, SAY_WAITING_AFTER);
    called.timer = timer;
    return () => {
      clearTimeout(timer);
      if (called.timer === timer) called.waiting.value = false;
    };
  }

  private take(answer: Page, page: PageEntry | null, numbers: readonly NumberEntry[]): void {
    batch(() => {
      const failure = this.failureOf(answer.header.query);
      if (failure.peek()) {
        failure.value = null;
        this.failed(this.frameOf(answer.header.query)?.name ?? answer.header.query, null);
      }
      if (page) page.value.value = { ...answer.rows, total: answer.header.total, stale: false, drawn: answer.header.marks };
      numbers.forEach((entry, i) => { entry.value.value = (answer.header.aggregates[i] ?? null) as Value; });
    });
  }
}
