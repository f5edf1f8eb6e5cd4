// The ops of a proposal as a list that one chooses from, and later takes back from.

import type { Proposal, ProposedOp } from "../protocol/index.ts";
import { alongWords, type Chosen, withOp, withoutOp } from "./assistantchoice.ts";
import { markupOf, opWords } from "./assistantwords.ts";
import { element } from "./element.ts";

/** Lines of what an op brings in that are shown; the text below has all of them. */
const LINES = 8;

interface Row {
  readonly op: ProposedOp;
  readonly item: HTMLElement;
  readonly box: HTMLInputElement;
  readonly mark: HTMLElement;
  readonly undo: HTMLButtonElement;
}

export class OpList {
  readonly root = element("ul", "nx-ops");
  private readonly ops: readonly ProposedOp[];
  private readonly rows: readonly Row[];
  private readonly changed: (words: string) => void;
  private readonly takeBack: (index: number) => void;
  chosen: Chosen;

  /** `changed` is told what else was chosen or let go; `takeBack` of an op that is to be undone. */
  constructor(proposal: Proposal, changed: (words: string) => void, takeBack: (index: number) => void) {
    const { ops } = proposal;
    this.ops = ops;
    this.changed = changed;
    this.takeBack = takeBack;
    this.chosen = new Set(ops.map(({ index }) => index));
    this.root.setAttribute("aria-label", "Proposed changes");
    this.rows = ops.map((op) => this.row(op, markupOf(proposal, op)));
    this.root.append(...this.rows.map(({ item }) => item));
    this.mark();
  }

  focus(): void {
    this.rows[0]?.box.focus({ preventScroll: true });
  }

  /** Go to the next op, or the one before, that something can be done with; from elsewhere to the first, or the last. */
  step(by: -1 | 1): void {
    const rows = this.rows.filter(({ box, undo }) => !box.disabled || !(undo.hidden || undo.disabled));
    const at = rows.findIndex(({ item }) => item.contains(document.activeElement));
    const to = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
    (to?.box.disabled ? to.undo : to?.box)?.focus();
  }

  /** Choose no more. */
  lock(locked: boolean): void {
    for (const { box } of this.rows) box.disabled = locked;
  }

  /** Show what was accepted; ops that can be taken back alone have a button for it. */
  accepted(accepted: readonly number[], alone: boolean): void {
    this.chosen = new Set(accepted);
    this.mark();
    this.lock(true);
    for (const { op, mark, undo } of this.rows) {
      const taken = accepted.includes(op.index);
      mark.textContent = taken ? "accepted" : "left out";
      mark.dataset["kind"] = taken ? "success" : "";
      undo.hidden = !taken || !alone;
    }
  }

  /** Show that an op was taken back. */
  undone(index: number): void {
    const row = this.rows.find(({ op }) => op.index === index);
    if (!row) return;
    row.mark.textContent = "undone";
    row.mark.dataset["kind"] = "";
    row.undo.hidden = true;
    row.item.dataset["state"] = "undone";
  }

  /** While something is under way nothing else is begun. */
  busy(on: boolean): void {
    for (const { undo } of this.rows) undo.disabled = on;
  }

  private row(op: ProposedOp, markup: readonly string[]): Row {
    const item = element("li", "nx-op");
    const label = element("label", "nx-op-choice");
    const box = Object.assign(element("input", "nx-checkbox") as HTMLInputElement, { type: "checkbox" });
    box.addEventListener("change", () => this.choose(op.index, box.checked));
    label.append(box, element("span", "nx-op-number", String(op.index + 1)), element("span", "nx-op-words", opWords(op.words)));
    const mark = element("span", "nx-badge nx-op-mark");
    const undo = element("button", "nx-button", "Undo") as HTMLButtonElement;
    undo.type = "button";
    undo.hidden = true;
    undo.setAttribute("aria-label", `Undo change ${op.index + 1}`);
    undo.addEventListener("click", () => this.takeBack(op.index));
    const head = element("div", "nx-op-head");
    head.append(label, mark, undo);
    item.append(head, ...notesOf(op, markup));
    return { op, item, box, mark, undo };
  }

  private choose(index: number, on: boolean): void {
    const before = this.chosen;
    this.chosen = (on ? withOp : withoutOp)(this.ops, before, index);
    this.mark();
    this.changed(alongWords(before, this.chosen, index));
  }

  private mark(): void {
    for (const { op, item, box } of this.rows) {
      box.checked = this.chosen.has(op.index);
      item.dataset["state"] = box.checked ? "chosen" : "left";
    }
  }
}

/** What an op brings in, needs, and touches. */
function notesOf({ needs, touched }: ProposedOp, markup: readonly string[]): HTMLElement[] {
  const notes: HTMLElement[] = [];
  if (markup.length) notes.push(element("pre", "nx-op-markup", [...markup.slice(0, LINES), ...(markup.length > LINES ? [`and ${markup.length - LINES} more`] : [])].join("\n")));
  if (needs.length) notes.push(element("div", "nx-op-note", `Needs ${needs.length === 1 ? "change" : "changes"} ${needs.map((at) => at + 1).join(", ")}`));
  if (touched.length) notes.push(element("div", "nx-op-note", `Touches ${touched.slice(0, 3).join(", ")}${touched.length > 3 ? ` and ${touched.length - 3} more` : ""}`));
  return notes;
}
