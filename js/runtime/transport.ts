// What carries frames between a page and a workspace.

import type { Adoption, AskEvent, ClientFrame, PageHeader, Problem, Result, ServerFrame } from "../protocol/index.ts";
import type { LazyName, Rows } from "../reactor/host.ts";
import { rowsOf } from "./arrow.ts";

export const PROTOCOL = 1;

export type ConnectionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** `at` is when the next attempt is made, in milliseconds since the epoch. */
  | { readonly kind: "offline"; readonly at: number };

export interface Page {
  readonly header: PageHeader;
  readonly rows: Pick<Rows, "rows" | "columns">;
}

/** A refusal, as an error. */
export class Refusal extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export type Request = Extract<ClientFrame, { id: string }>;
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
export type RequestBody = WithoutId<Request>;

export interface Follower {
  /** The rev that the follower has, for resuming; null when it has nothing. */
  rev(): number | null;
  frame(frame: ServerFrame): void;
  state(state: ConnectionState): void;
}

export interface Watcher {
  state(state: ConnectionState): void;
  moved(): void;
}

/** Where a workspace lives; `page` is a page that was saved with all it needs. */
export type Host = "server" | "kernel" | "page";

/** One connection for all panels that use it. */
export interface Transport {
  readonly host: Host;
  /** Tells the workspace from others in the page: the panels of one show the same moment. */
  readonly workspace: string;
  /** Be told of the connection's state, and that the workspace's history has grown; returns what ends it. */
  watch(watcher: Watcher): () => void;
  /** Follow a panel; returns what ends it. */
  follow(panel: string, follower: Follower): () => void;
  /** Ask for something; `sent` is told the request's id, by which it can be cancelled, and `told` what becomes of a wish. */
  request(body: RequestBody, sent?: (id: string) => void, told?: (event: AskEvent) => void): Promise<Result | Page>;
  /** Code that is too large to come with every page. */
  load(name: LazyName): Promise<unknown>;
  /** Where a file below the workspace's files/ can be loaded from; absent where no server has it. */
  file?(path: string): string | undefined;
  /** Cancel the run that a request started; its answer tells whether that came in time. */
  cancel(id: string): void;
  /** What became of the workspace's folder if it came from elsewhere, for the one band that tells of it on a page. */
  adopted?(): Promise<Adoption | null>;
  /** This page's id among those who look at panels; empty before the connection is accepted. */
  readonly viewer: string;
  /** Send what was typed into the code of a node, if there is a connection. */
  type(panel: string, node: string, epoch: string, update: string): void;
  /** Take part in editing a node's code no longer. */
  leaveCode(panel: string, node: string): void;
  /** Tell the others at which element of a panel this person is. */
  focus(panel: string, element: string | null): void;
}

export function gone(detail: string, hint = ""): Problem {
  return { type: "about:blank", title: "Unavailable", status: 503, detail, code: "unavailable", hint, kind: null, span: null, index: null, diagnostics: [], trace_id: "" };
}

/** Split a binary message: four bytes of length, a JSON header, an Arrow stream. */
export function readPage(data: ArrayBuffer | Uint8Array): Page {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as PageHeader;
  // Arrow wants its buffers aligned, which a view behind the header is not.
  return { header, rows: rowsOf(bytes.slice(4 + length)) };
}
