// How much one panel may draw: a text of two lines can ask for more elements than any page holds.

import { Effort, grouped, STEPS, TooMuchWork, Unworkable } from "./expression/index.ts";

/** Elements of a panel that are in a page at the same time. */
export const LIVE_ELEMENTS = 50_000;
/** Elements in a saved picture, which stays in notebooks. */
export const PICTURE_ELEMENTS = 20_000;

/** What a panel hears of itself: that it is cut, and why parts of it are not worked out, if any are not. */
export interface Told {
  cut(): void;
  unfinished(why: readonly string[]): void;
}

const NOBODY: Told = { cut: () => {}, unfinished: () => {} };

export class Budget {
  readonly most: number;
  readonly effort = new Effort();
  /** Whether something was left out. */
  exceeded = false;
  private taken = 0;
  /** How many parts are not worked out, by why. */
  private readonly unfinished = new Map<string, number>();
  private readonly told: Told;

  constructor(most: number, told: Told = NOBODY) {
    this.most = most;
    this.told = told;
  }

  /** Run what works a part out; why it cannot be, which leaves the part as it was, or null. */
  unfinishedAfter(run: () => void): string | null {
    try {
      this.effort.during(run);
      return null;
    } catch (error) {
      if (error instanceof TooMuchWork) return unfinishedWords();
      if (error instanceof Unworkable) return `A part of this panel is not up to date. ${error.message}`;
      throw error;
    }
  }

  /** Count a part that is not worked out, or no longer. */
  count(why: string, unfinished: 1 | -1): void {
    const before = this.unfinished.get(why) ?? 0;
    if (before + unfinished > 0) this.unfinished.set(why, before + unfinished);
    else this.unfinished.delete(why);
    if (before === 0 || before + unfinished === 0) this.told.unfinished([...this.unfinished.keys()]);
  }

  /** Whether there is room for one more; asking for it where there is none counts as leaving something out. */
  room(): boolean {
    if (this.taken < this.most) return true;
    if (!this.exceeded) this.told.cut();
    this.exceeded = true;
    return false;
  }

  /** Take one element; false when there is no room for it. */
  take(): boolean {
    if (!this.room()) return false;
    this.taken += 1;
    return true;
  }

  giveBack(count: number): void {
    this.taken -= count;
  }
}

/** What is said where a panel was cut. */
export function cutWords(most: number): string {
  return `This panel is cut here: it draws more than ${grouped(most, 0)} elements. Show fewer at a time, for instance in a table, or with a filter.`;
}

/** What is said where parts of a panel are as they were, or empty. */
export function unfinishedWords(): string {
  return `Parts of this panel are not up to date: its expressions work on more than ${grouped(STEPS, 0)} values at a time. Let a query count, filter and sort, and show what it gives.`;
}
