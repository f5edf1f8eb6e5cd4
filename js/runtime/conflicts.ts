// What two people wanted differently: both sides, with who and when, and the question which holds.

import type { ClientFrame, Conflict, ConflictSide } from "../protocol/index.ts";
import { element } from "./element.ts";

type Pick = Extract<ClientFrame, { type: "resolve" }>["pick"];

/** Longer values are cut; the whole text is on hover. */
const SHOWN = 300;

export class Conflicts {
  readonly card = element("section", "nx-conflicts");
  private readonly panel: string;
  private readonly resolve: (conflict: string, pick: Pick) => void;
  private open: readonly Conflict[] = [];
  private later = false;

  constructor(panel: string, resolve: (conflict: string, pick: Pick) => void) {
    this.panel = panel;
    this.resolve = resolve;
    this.card.setAttribute("aria-label", "Conflicts");
    this.card.hidden = true;
  }

  show(conflicts: readonly Conflict[]): void {
    if (conflicts.length > this.open.length) this.later = false;
    this.open = conflicts;
    this.draw();
  }

  private draw(): void {
    const count = this.open.length;
    this.card.hidden = !count;
    if (!count) return this.card.replaceChildren();
    const title = element("div", "nx-conflicts-title", count === 1 ? "Two edits exclude each other. Which one holds?" : `${count} pairs of edits exclude each other. Which ones hold?`);
    title.append(this.button(this.later ? "Show" : "Later", () => { this.later = !this.later; this.draw(); }));
    this.card.replaceChildren(title, ...(this.later ? [] : this.open.map((conflict) => this.row(conflict))));
  }

  private row(conflict: Conflict): HTMLElement {
    const row = element("div", "nx-conflict");
    row.dataset["conflict"] = conflict.id;
    const thing = conflict.entity.startsWith(`${this.panel}/`) ? conflict.entity.slice(this.panel.length + 1) : conflict.entity;
    const what = conflict.attr === null ? thing : `${conflict.attr.replace(/^attr:/, "")} of ${thing}`;
    const sides = element("div", "nx-conflict-sides");
    sides.append(
      this.side("What is here", conflict.ours, () => this.resolve(conflict.id, "ours"), `Keep what is here for ${what}`),
      this.side("The other edit", conflict.theirs, () => this.resolve(conflict.id, "theirs"), `Take the other edit for ${what}`),
    );
    row.append(element("div", "nx-conflict-what", conflict.message || what), sides);
    return row;
  }

  private side(title: string, side: ConflictSide, take: () => void, label: string): HTMLElement {
    const box = element("div", "nx-conflict-side");
    const when = side.ts === null ? "" : new Date(side.ts / 1e6).toLocaleString();
    const by = [side.by, when].filter(Boolean).join(", ");
    const text = side.removed ? "removed" : typeof side.value === "string" ? side.value : JSON.stringify(side.value);
    const value = element("div", "nx-conflict-value", text.length > SHOWN ? `${text.slice(0, SHOWN)}\u2026` : text);
    if (side.removed) value.dataset["removed"] = "true";
    value.title = text;
    const button = this.button(title === "What is here" ? "Keep this" : "Take this", take);
    button.setAttribute("aria-label", label);
    box.append(element("div", "nx-conflict-by", by ? `${title} \u00b7 ${by}` : title), value, button);
    return box;
  }

  private button(label: string, run: () => void): HTMLElement {
    const button = element("button", "nx-button", label) as HTMLButtonElement;
    button.type = "button";
    button.addEventListener("click", run);
    return button;
  }
}
