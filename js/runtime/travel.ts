// The moment that the panels of a page show: now, or one of the past. One for all panels of a workspace.

import { type Signal, signal } from "@preact/signals-core";
import type { Tick } from "../protocol/index.ts";
import type { Transport } from "./transport.ts";

/** The panels are shown as they were after a change. */
export type Moment = Pick<Tick, "rev" | "ts">;

export interface Travel {
  /** Null is now. */
  readonly moment: Signal<Moment | null>;
}

const travels = new Map<string, Travel>();

export function travelOf({ workspace }: Transport): Travel {
  let found = travels.get(workspace);
  if (!found) {
    found = { moment: signal<Moment | null>(null) };
    travels.set(workspace, found);
  }
  return found;
}

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A time (nanoseconds since the epoch) in the reader's zone. */
export function when(ts: number): string {
  return WHEN.format(new Date(ts / 1e6));
}

/** The same with the zone, for those who ask. */
export function whenExactly(ts: number): string {
  return `${new Date(ts / 1e6).toISOString()} (shown in ${WHEN.resolvedOptions().timeZone})`;
}

/** Who did what, in a line. */
export function deed({ text, what }: Pick<Tick, "text" | "what">): string {
  return what ? `${text} (${what})` : text;
}
