// Playing the past: from change to change, with the pauses that there were, only shorter.

import { effect } from "@preact/signals-core";
import type { Tick } from "../protocol/index.ts";
import { element } from "./element.ts";
import type { Transport } from "./transport.ts";
import { travelOf } from "./travel.ts";

/** Milliseconds that a step takes at least, so that eyes follow, and at most, so that nobody waits for nothing. */
const SHORTEST = 120;
const LONGEST = 2000;
const SPEEDS = [1, 10, 60, 600];

/** What is played: between two times in nanoseconds, so many times as fast as it was. */
export interface Playing { readonly from?: number | null; readonly to?: number | null; readonly speed?: number }

/** What a notebook wants played: as an object, or as its JSON; all there is, where it says nothing that can be played. */
export function playingOf(about: unknown): Playing {
  let said = about;
  try {
    if (typeof about === "string" && about) said = JSON.parse(about);
  } catch { return {}; }
  const { from, to, speed } = (typeof said === "object" && said !== null ? said : {}) as Record<string, unknown>;
  const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
  const fast = number(speed);
  return { from: number(from), to: number(to), ...(fast !== null && fast > 0 ? { speed: fast } : {}) };
}

/** Milliseconds from one change to the next, when they are played. */
export function pauseBetween(before: Tick, after: Tick, speed: number): number {
  return Math.min(LONGEST, Math.max(SHORTEST, (after.ts - before.ts) / 1e6 / speed));
}

/** Changes that are played, in order. */
export function played(ticks: readonly Tick[], { from, to }: Playing): Tick[] {
  return ticks.filter(({ ts }) => ts >= (from ?? -Infinity) && ts <= (to ?? Infinity));
}

export class Player {
  readonly root = element("span", "nx-player");
  private readonly transport: Transport;
  private readonly ticks: () => readonly Tick[];
  private readonly button = element("button", "nx-button", "Play") as HTMLButtonElement;
  private readonly speeds = element("select", "nx-input") as HTMLSelectElement;
  private readonly range: Playing;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private shown: number | null = null;
  private readonly stop: () => void;

  /** `ticks` gives the changes that are there to be shown. */
  constructor(transport: Transport, ticks: () => readonly Tick[], range: Playing = {}) {
    this.transport = transport;
    this.ticks = ticks;
    this.range = range;
    this.button.type = "button";
    this.button.addEventListener("click", () => (this.timer === undefined ? this.play() : this.pause()));
    this.speeds.setAttribute("aria-label", "How fast the past is played");
    const speed = range.speed ?? 10;
    for (const one of [...new Set([...SPEEDS, speed])].sort((a, b) => a - b)) {
      const option = element("option", "", `${one}\u00d7`) as HTMLOptionElement;
      option.value = String(one);
      option.selected = one === speed;
      this.speeds.append(option);
    }
    this.root.append(this.button, this.speeds);
    // Whoever takes the handle has the handle.
    this.stop = effect(() => {
      const moment = travelOf(transport).moment.value;
      if (this.timer !== undefined && (moment?.rev ?? null) !== this.shown) this.pause();
    });
  }

  dispose(): void {
    this.stop();
    clearTimeout(this.timer);
  }

  /** Go on from where the panels are, or begin anew when they are at the end. */
  play(): void {
    const ticks = played(this.ticks(), this.range);
    const at = travelOf(this.transport).moment.peek();
    const next = at ? ticks.findIndex(({ rev }) => rev > at.rev) : 0;
    if (!ticks.length) return;
    this.button.textContent = "Pause";
    this.show(ticks, next < 0 ? 0 : next);
  }

  private pause(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.button.textContent = "Play";
  }

  private show(ticks: readonly Tick[], index: number): void {
    const tick = ticks[index];
    const next = ticks[index + 1];
    // The end of what was asked for stays in sight; the end of everything is now.
    const moment = tick && (next || this.range.to != null) ? { rev: tick.rev, ts: tick.ts } : null;
    this.shown = moment?.rev ?? null;
    travelOf(this.transport).moment.value = moment;
    if (!tick || !next) return this.pause();
    this.timer = setTimeout(() => this.show(ticks, index + 1), pauseBetween(tick, next, Number(this.speeds.value)));
  }
}
