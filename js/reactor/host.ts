// What a drawn panel asks of the place where it is drawn: the browser runtime, or the static picture.

import type { Aggregate, Json, Ordering, Problem, StatePlace } from "../protocol/index.ts";
import type { Value } from "./expression/index.ts";

/** Libraries that are too large for every page. */
export type LazyName = "assistant" | "coedit" | "editor" | "math" | "origins" | "vega";

export type Row = { readonly [column: string]: Value };

export interface ColumnInfo {
  readonly name: string;
  /** str, int, float, bool, date. */
  readonly type: string;
  /** The zone whose clocks moments are read from, where a column has one. */
  readonly zone?: string | null;
}

export interface Rows {
  readonly rows: readonly Row[];
  /** Rows of the whole query, of which `rows` is a part. */
  readonly total: number;
  readonly columns: readonly ColumnInfo[];
  /** Newer ones are on their way. */
  readonly stale: boolean;
  /** Why there cannot be any: their frame is not bound, or the query does not fit it. */
  readonly absent?: string | null;
  /** The answer to `marks`, where they were asked for. */
  readonly drawn?: Drawn | null;
}

/** How a chart draws rows, for those that are more than it draws marks: see `Marks` of the protocol. */
export interface Marks {
  readonly kind: "line" | "points" | "bars" | "rows";
  readonly x: string | null;
  readonly y: readonly string[];
  readonly by: string | null;
  readonly most: number;
}

/** What comes with the rows that a chart draws: see `Drawn` of the protocol. */
export interface Drawn {
  readonly there: number | null;
  readonly missing: Readonly<Record<string, number>> | null;
  readonly groups: readonly Value[];
}

/** What becomes of an input: it goes on, it counts, or it is taken back. */
export type Gesture = "live" | "done" | "back";

/** A value that can be followed. */
export interface Cell<T> {
  get(): T;
  set(value: T): void;
}

/** The field of an item of a list that changes, and its value. */
export interface PartChange {
  readonly at: StatePlace;
  readonly value: Json;
}

export interface ViewHost {
  /** Whether controls can be used. */
  readonly live: boolean;
  /** A value of the view's own. One with a key is kept when the panel's text changes. */
  cell<T>(initial: T, key?: string): Cell<T>;
  /** A function whose result is kept until what it reads changes. */
  memo<T>(compute: () => T): () => T;
  state(name: string): Value;
  /** `live` while a gesture lasts, `done` at its end; `back` with the value that was there before. `part` is what of a list is changed. */
  set(name: string, value: Json, gesture: Gesture, element: string, part?: PartChange): void;
  trigger(action: string, args: Json[], event: Json, element: string): void;
  /** Whether an action started from an element has been running long enough to say so. */
  pending(element: string): boolean;
  problem(element: string): Problem | null;
  /** Rows of a query or frame; undefined while none are there, which asks for them. */
  page(query: string, offset: number, limit: number, order: readonly Ordering[], marks?: Marks | null): Rows | undefined;
  /** All rows of a query or frame, as far as they can be held at once; absent where nobody can be asked. */
  every?(query: string): Promise<Rows>;
  /** Whether the notebook works on the rows of a query for so long that it should be said, and ending that. */
  waiting?(query: string): boolean;
  cancelRows?(query: string): void;
  /** Why the rows of a query could not be had, for the one element that says so; empty for the others, null where they could. */
  failure?(query: string, element: string): string | null;
  /** An element is gone, and tells of no failure any more. */
  tellsNoMore?(query: string, element: string): void;
  aggregate(query: string, fn: Aggregate["fn"], column: string | null): Value;
  /** Run now and whenever what it reads changes; returns what ends it. Absent where nothing changes. */
  follow?(run: () => void): () => void;
  /** Code that is loaded when it is first needed; absent where nothing can be. */
  load?(name: LazyName): Promise<unknown>;
  /** Where a file of the workspace's files/ can be loaded from; absent where it cannot. */
  file?(path: string): string | undefined;
  /** Whether a person has allowed the panel to load from an address. */
  reaches?(url: string): boolean;
  /** A component that another extension of the page has registered. */
  island?(name: string): unknown;
  /** Keep a file that the person has chosen in the workspace; `progress` gets the share that has arrived. */
  upload?(file: { readonly name: string; readonly size: number; readonly type: string }, element: string, progress: (share: number) => void): Promise<Json>;
  /** Give a text or file to the person, where there is a browser to do it. */
  download?(name: string, type: string, content: string): void;
  copy?(text: string): void;
}
