// What a drawn panel asks of the place where it is drawn: the browser runtime, or the static picture.

import type { Aggregate, Json, Ordering, Problem } from "../protocol/index.ts";
import type { Value } from "./expression/index.ts";

export type Row = { readonly [column: string]: Value };

export interface ColumnInfo {
  readonly name: string;
  /** str, int, float, bool, date. */
  readonly type: string;
}

export interface Rows {
  readonly rows: readonly Row[];
  /** Rows of the whole query, of which `rows` is a part. */
  readonly total: number;
  readonly columns: readonly ColumnInfo[];
  /** Newer ones are on their way. */
  readonly stale: boolean;
}

/** A value that can be followed. */
export interface Cell<T> {
  get(): T;
  set(value: T): void;
}

export interface ViewHost {
  /** Whether controls can be used. */
  readonly live: boolean;
  cell<T>(initial: T): Cell<T>;
  /** A function whose result is kept until what it reads changes. */
  memo<T>(compute: () => T): () => T;
  state(name: string): Value;
  /** `live` while a gesture lasts, `done` at its end. */
  set(name: string, value: Json, gesture: "live" | "done", element: string): void;
  trigger(action: string, args: Json[], event: Json, element: string): void;
  /** Whether an action started from an element has been running long enough to say so. */
  pending(element: string): boolean;
  problem(element: string): Problem | null;
  /** Rows of a query or frame; undefined while none are there, which asks for them. */
  page(query: string, offset: number, limit: number, order: readonly Ordering[]): Rows | undefined;
  aggregate(query: string, fn: Aggregate["fn"], column: string | null): Value;
  /** Give a text or file to the person, where there is a browser to do it. */
  download?(name: string, type: string, content: string): void;
  copy?(text: string): void;
}
