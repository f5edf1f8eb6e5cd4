// How much one panel may draw: a text of two lines can ask for more elements than any page holds.

import { grouped } from "./expression/index.ts";

/** Elements of a panel that are in a page at the same time. */
export const LIVE_ELEMENTS = 50_000;
/** Elements in a saved picture, which stays in notebooks. */
export const PICTURE_ELEMENTS = 20_000;

export class Budget {
  readonly most: number;
  /** Whether something was left out. */
  exceeded = false;
  private taken = 0;
  private readonly told: () => void;

  /** `told` hears when something is left out for the first time. */
  constructor(most: number, told: () => void = () => {}) {
    this.most = most;
    this.told = told;
  }

  /** Whether there is room for one more; asking for it where there is none counts as leaving something out. */
  room(): boolean {
    if (this.taken < this.most) return true;
    if (!this.exceeded) this.told();
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
