// Rows and numbers that a panel shows: asked for when something looks at them, kept until a state or frame changes.

import { batch, type Signal, signal } from "@preact/signals-core";
import type { Aggregate, Build, Json, Ordering } from "../protocol/index.ts";
import type { Value } from "../reactor/expression/index.ts";
import type { Rows } from "../reactor/host.ts";
import { rowsOf } from "./arrow.ts";
import type { Page, Transport } from "./transport.ts";

interface PageEntry {
  readonly key: string;
  readonly query: string;
  readonly offset: number;
  readonly limit: number;
  readonly order: readonly Ordering[];
  readonly value: Signal<Rows | undefined>;
  asked: number;
}

interface NumberEntry {
  readonly query: string;
  readonly fn: Aggregate["fn"];
  readonly column: string | null;
  readonly value: Signal<Value>;
  asked: number;
}

/** Pages kept; those not looked at for longest go first. */
const KEPT = 60;

export class PanelData {
  private readonly panel: string;
  private readonly transport: Transport;
  private readonly viewState: () => Record<string, Json>;
  private readonly failed: (error: unknown) => void;
  private build: Build;
  private readonly pages = new Map<string, PageEntry>();
  private readonly numbers = new Map<string, NumberEntry>();
  private generation = 1;
  private scheduled = false;

  constructor(panel: string, build: Build, transport: Transport, viewState: () => Record<string, Json>, failed: (error: unknown) => void) {
    this.panel = panel;
    this.build = build;
    this.transport = transport;
    this.viewState = viewState;
    this.failed = failed;
  }

  page(query: string, offset: number, limit: number, order: readonly Ordering[]): Rows | undefined {
    const key = JSON.stringify([query, offset, limit, order]);
    let entry = this.pages.get(key);
    if (!entry) {
      entry = { key, query, offset, limit, order, value: signal<Rows | undefined>(undefined), asked: 0 };
      this.forgetOldest();
    } else this.pages.delete(key);
    this.pages.set(key, entry);
    if (entry.asked < this.generation) this.schedule();
    return entry.value.value;
  }

  aggregate(query: string, fn: Aggregate["fn"], column: string | null): Value {
    const key = `${query}\u0000${fn}\u0000${column}`;
    let entry = this.numbers.get(key);
    if (!entry) {
      entry = { query, fn, column, value: signal<Value>(null), asked: 0 };
      this.numbers.set(key, entry);
    }
    if (entry.asked < this.generation) this.schedule();
    return entry.value.value;
  }

  /** Another text: other queries, maybe under the same names. */
  replace(build: Build): void {
    this.build = build;
    this.pages.clear();
    this.numbers.clear();
    this.generation += 1;
  }

  stateChanged(name: string): void {
    this.stale(this.build.queries.filter((query) => query.inputs.includes(name)).map((query) => query.name));
  }

  frameChanged(source: string): void {
    const affected = new Set(this.build.frames.filter((frame) => frame.source === `kernel:${source}`).map((frame) => frame.name));
    for (let grown = -1; grown !== affected.size; ) {
      grown = affected.size;
      for (const query of this.build.queries) if (affected.has(query.frame)) affected.add(query.name);
    }
    this.stale([...affected]);
  }

  allStale(): void {
    this.stale([...this.build.queries, ...this.build.frames].map((item) => item.name));
  }

  private stale(queries: readonly string[]): void {
    if (!queries.length) return;
    for (const entry of this.pages.values()) if (queries.includes(entry.query)) entry.asked = 0;
    for (const entry of this.numbers.values()) if (queries.includes(entry.query)) entry.asked = 0;
    this.schedule();
  }

  private forgetOldest(): void {
    const oldest = this.pages.size >= KEPT ? this.pages.keys().next().value : undefined;
    if (oldest !== undefined) this.pages.delete(oldest);
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
    for (const entry of this.numbers.values()) {
      if (entry.asked >= this.generation) continue;
      entry.asked = this.generation;
      numbers.set(entry.query, [...(numbers.get(entry.query) ?? []), entry]);
    }
    for (const entry of this.pages.values()) {
      if (entry.asked >= this.generation) continue;
      entry.asked = this.generation;
      const along = numbers.get(entry.query) ?? [];
      numbers.delete(entry.query);
      void this.ask(entry.query, entry, along);
    }
    for (const [query, along] of numbers) void this.ask(query, null, along);
  }

  private async ask(query: string, page: PageEntry | null, numbers: readonly NumberEntry[]): Promise<void> {
    const marks = [page, ...numbers].map((entry) => entry?.asked);
    try {
      const answer = (await this.transport.request({
        type: "frame.page", panel: this.panel, query, offset: page?.offset ?? 0, limit: page?.limit ?? 0, order: [...(page?.order ?? [])],
        aggregates: numbers.map(({ fn, column }) => ({ fn, column })), state: this.viewState(),
      })) as Page;
      const current = [page, ...numbers].every((entry, i) => entry?.asked === marks[i]);
      if (current) this.take(answer, page, numbers);
    } catch (error) {
      for (const entry of [page, ...numbers]) if (entry) entry.asked = this.generation;
      if (page) page.value.value ??= { rows: [], total: 0, columns: [], stale: false };
      this.failed(error);
    }
  }

  private take(answer: Page, page: PageEntry | null, numbers: readonly NumberEntry[]): void {
    batch(() => {
      if (page) page.value.value = { ...rowsOf(answer.arrow), total: answer.header.total, stale: false };
      numbers.forEach((entry, i) => { entry.value.value = (answer.header.aggregates[i] ?? null) as Value; });
    });
  }
}
