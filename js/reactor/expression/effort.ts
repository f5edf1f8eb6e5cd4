// How much the expressions of a panel may work in one go: a text of two lines can ask for a list that doubles thirty times.

/** Steps in one go: values looked at and made, letters by eights. */
export const STEPS = 10_000_000;
/** Characters of a text that an expression makes. */
export const LETTERS = 16_000_000;

/** Steps of listing what is in a list or record, beside what it takes to look at that. */
export const OBJECT = 4;

/** Thrown by an expression that has no value; the message says why, and what to do. */
export class Unworkable extends Error {}

/** Thrown by an expression that goes on for too long. */
export class TooMuchWork extends Unworkable {
  constructor() {
    super("Its expressions work on too much at a time. Let a query count, filter and sort, and show what it gives.");
  }
}

/** Rows of a frame or query that an expression sees at a time: all of them or none, never a part that looks like all. */
export const EXPRESSION_ROWS = 1000;

/** Thrown where an expression needs more rows at a time. */
export class TooManyRows extends Unworkable {
  constructor(name: string, count: number) {
    super(`An expression needs ${count} rows of ${name} at a time, and ${EXPRESSION_ROWS} is the most. Let a <query> filter, group or limit them, or take some with first(n).`);
  }
}

/** What is left of the work that one panel may do before the page gets its turn. */
export class Effort {
  private left = STEPS;
  private renewing = false;

  /** Run something with its expressions counted. */
  during<T>(run: () => T): T {
    const outer = current;
    current = this;
    try {
      return run();
    } finally {
      current = outer;
    }
  }

  spend(steps: number): void {
    if (!this.renewing) {
      this.renewing = true;
      // After everything that one message or gesture sets off.
      void Promise.resolve().then(() => { this.left = STEPS; this.renewing = false; });
    }
    this.left -= steps;
    if (this.left < 0) throw new TooMuchWork();
  }
}

/** Evaluation never waits: whoever began it last is the one it works for. */
let current: Effort | null = null;

export function spend(steps: number): void {
  current?.spend(steps);
}

/** Refuse a text before it is made. */
export function letters(count: number): void {
  if (count > LETTERS) throw new TooMuchWork();
  spend(count / 8);
}

/** A value as JSON: looked through first, for what shares its parts may be longer than any memory. */
export function json(value: unknown): string {
  walk(value);
  return JSON.stringify(value);
}

function walk(value: unknown): void {
  spend(1 + size(value));
  if (typeof value !== "object" || value === null) return;
  spend(OBJECT);
  for (const part of Object.values(value)) walk(part);
}

/** Look for one text in another: at worst, each place is compared with all of it. */
export function search(text: string, part: string): void {
  spend(1 + (text.length + part.length) / 8 + (text.length * part.length) / 128);
}

/** The steps of looking at a value once: nothing below its first level. */
export function size(value: unknown): number {
  return Array.isArray(value) ? value.length : typeof value === "string" ? value.length / 8 : 0;
}
