// What was asked in a field, to be brought back by the arrow keys, as in a terminal.

/** Wishes that are kept. */
const MOST = 100;

export class Asked {
  private readonly texts: string[] = [];
  /** Which of them is shown; their number when it is what is being typed. */
  private at = 0;
  private typed = "";

  add(text: string): void {
    if (this.texts.at(-1) !== text) this.texts.push(text);
    if (this.texts.length > MOST) this.texts.shift();
    this.at = this.texts.length;
    this.typed = "";
  }

  /** The one before or after; null where there is none. What was being typed comes back after the last. */
  step(by: -1 | 1, shown: string): string | null {
    const to = this.at + by;
    if (to < 0 || to > this.texts.length) return null;
    if (this.at === this.texts.length) this.typed = shown;
    this.at = to;
    return this.texts[to] ?? this.typed;
  }
}
