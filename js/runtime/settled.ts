// When a card may be answered: once it has stood still, in view, for longer than a double click takes.

/** Milliseconds that a card stands still before its buttons do anything. */
export const SETTLES_AFTER = 700;

/**
 * Watches where a card is. It is not settled after it appears, moves, changes its size, or comes back into view with its page, and a
 * press on it before that starts the wait again, so that nobody who clicks fast answers what they have not read.
 */
export class Settled {
  private readonly card: HTMLElement;
  private readonly changed: (ready: boolean) => void;
  private readonly again = (): void => this.restart();
  private where = "";
  private since = 0;
  private frame = 0;
  private is = false;

  constructor(card: HTMLElement, changed: (ready: boolean) => void) {
    this.card = card;
    this.changed = changed;
    for (const type of ["pointerdown", "keydown"]) card.addEventListener(type, () => { if (!this.is) this.restart(); }, true);
  }

  get ready(): boolean {
    return this.is;
  }

  /** The card shows something else. */
  restart(): void {
    this.since = performance.now();
    this.tell(false);
  }

  start(): void {
    this.restart();
    if (this.frame) return;
    window.addEventListener("focus", this.again);
    document.addEventListener("visibilitychange", this.again);
    this.follow();
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    window.removeEventListener("focus", this.again);
    document.removeEventListener("visibilitychange", this.again);
    this.tell(false);
  }

  private follow(): void {
    const { left, top, width, height } = this.card.getBoundingClientRect();
    const where = [left, top, width, height].map(Math.round).join(" ");
    if (where !== this.where) {
      this.where = where;
      this.restart();
    } else if (!this.is && width && performance.now() - this.since >= SETTLES_AFTER) this.tell(true);
    this.frame = requestAnimationFrame(() => this.follow());
  }

  private tell(ready: boolean): void {
    if (ready === this.is) return;
    this.is = ready;
    this.changed(ready);
  }
}
