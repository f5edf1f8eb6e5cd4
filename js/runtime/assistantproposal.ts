// A proposal: what the model says, what would change, and the decision of the person; afterwards, ways back.

import type { Decided, Proposal, Result } from "../protocol/index.ts";
import type { Drawing, Kit } from "./assistant.ts";
import { OpList } from "./assistantops.ts";
import { asksOf, changesOf, impactOf, lookOf, notesOf, textOf } from "./assistantparts.ts";
import { changesWord, outcome, spent } from "./assistantwords.ts";
import { element } from "./element.ts";
import type { RequestBody, Transport } from "./transport.ts";

/** `open` waits for a decision; `closed` cannot be decided here any more. */
type Stage = "open" | "busy" | "accepted" | "closed";

export class ProposalView {
  readonly root = element("section", "nx-proposal");
  private readonly proposal: Proposal;
  private readonly transport: Transport;
  private readonly kit: Kit;
  /** Told in two or three words what has become of it, such as for a list. */
  private readonly told: (words: string) => void;
  private readonly ops: OpList;
  private readonly fold: HTMLButtonElement;
  private readonly inside = element("div", "nx-proposal-inside");
  private readonly said = element("div", "nx-proposal-said");
  private readonly accept = button("Accept", () => void this.take());
  private readonly reject = button("Reject", () => void this.refuse());
  private readonly keys = element("span", "nx-op-note nx-proposal-keys");
  private readonly undoAll = button("Undo all", () => void this.undo(null));
  private readonly drawings: Drawing[] = [];
  private stage: Stage = "open";
  private decided: Decided | null = null;
  private readonly undone = new Set<number>();
  /** Whether the focus was inside when something was begun. */
  private held = false;

  constructor(proposal: Proposal, transport: Transport, kit: Kit, told: (words: string) => void = () => {}) {
    this.proposal = proposal;
    this.transport = transport;
    this.kit = kit;
    this.told = told;
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", `Proposal for ${proposal.panel}`);
    this.ops = new OpList(proposal, (words) => { this.tell(words); this.refresh(); }, (index) => void this.undo(index));
    this.fold = button("Hide", () => this.close(!this.inside.hidden));
    this.fold.classList.add("nx-proposal-fold");
    this.fold.setAttribute("aria-expanded", "true");
    this.accept.dataset["kind"] = "primary";
    [this.accept.title, this.reject.title] = ["Make the chosen changes (A)", "Make none of them (R)"];
    this.said.setAttribute("role", "status");
    this.undoAll.hidden = true;
    this.root.append(this.head(), this.inside);
    this.inside.append(...this.parts(), this.foot());
    this.refresh();
  }

  dispose(): void {
    for (const drawing of this.drawings) drawing.dispose();
  }

  focus(): void {
    if (this.proposal.patch === null) this.accept.focus({ preventScroll: true });
    else this.ops.focus();
  }

  /** Hide what belongs to it, or show it again; that decides nothing. */
  close(hidden: boolean): void {
    const inside = this.inside.contains(document.activeElement);
    this.inside.hidden = hidden;
    this.fold.textContent = hidden ? "Show" : "Hide";
    this.fold.setAttribute("aria-expanded", String(!hidden));
    if (hidden && inside) this.fold.focus({ preventScroll: true });
    else if (!hidden && document.activeElement === this.fold) this.focus();
  }

  /** It was decided elsewhere, or has waited too long. */
  gone(words: string): void {
    if (this.stage !== "open" && this.stage !== "busy") return;
    this.stage = "closed";
    this.tell(words, "error");
    this.told("not waiting any more");
    this.refresh();
  }

  get waits(): boolean {
    return this.stage === "open";
  }

  /** Take a key that was pressed inside; tells whether it meant something. */
  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey || this.inside.hidden) return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      // Long texts are scrolled by the same keys.
      if ((event.target as Element).closest("pre")) return false;
      this.ops.step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") this.close(true);
    else if (event.key === "a" && this.stage === "open") void this.take();
    else if (event.key === "r" && this.stage === "open") void this.refuse();
    else return false;
    return true;
  }

  private head(): HTMLElement {
    const { panel, patch, ops } = this.proposal;
    const head = element("div", "nx-proposal-head");
    head.append(element("span", "nx-proposal-title", patch === null ? `A new panel: ${panel}` : `${changesWord(ops.length)} of ${panel}`), this.fold);
    return head;
  }

  private parts(): HTMLElement[] {
    const { proposal } = this;
    const parts = [
      proposal.say ? element("p", "nx-proposal-say", proposal.say) : null,
      proposal.patch === null ? null : this.ops.root,
      asksOf(proposal),
      notesOf(proposal),
      lookOf(proposal, this.kit, (drawing) => this.drawings.push(drawing)),
      changesOf(proposal),
      impactOf(proposal),
      textOf(proposal),
      element("div", "nx-op-note nx-proposal-spent", spent(proposal)),
    ];
    return parts.filter((part) => part !== null);
  }

  private foot(): HTMLElement {
    const foot = element("div", "nx-proposal-foot");
    this.keys.textContent = this.proposal.patch === null ? "A makes it, R rejects, Esc hides" : "\u2191\u2193 to go, Space to choose, A accepts, R rejects, Esc hides";
    foot.append(this.accept, this.reject, this.undoAll, this.keys, this.said);
    return foot;
  }

  private refresh(): void {
    const { stage, proposal, ops } = this;
    const all = proposal.ops.length;
    const open = stage === "open";
    this.root.dataset["stage"] = stage;
    this.accept.textContent = proposal.patch === null ? "Make the panel" : ops.chosen.size < all ? `Accept ${ops.chosen.size} of ${all}` : all === 1 ? "Accept" : `Accept all ${all}`;
    this.accept.hidden = this.reject.hidden = stage === "accepted";
    this.keys.hidden = stage === "accepted" || stage === "closed";
    this.accept.disabled = !open || !ops.chosen.size;
    this.reject.disabled = !open;
    this.ops.lock(!open);
    this.ops.busy(stage === "busy");
  }

  private tell(words: string, kind: "info" | "error" = "info"): void {
    this.said.setAttribute("role", kind === "error" ? "alert" : "status");
    this.said.dataset["kind"] = kind;
    this.said.textContent = words;
  }

  private async take(): Promise<void> {
    const { chosen } = this.ops;
    if (!chosen.size) {
      this.tell("Choose at least one change, or reject the proposal.");
      return;
    }
    const accept = chosen.size === this.proposal.ops.length ? null : [...chosen].sort((a, b) => a - b);
    const decided = await this.decide({ accept, reject: false });
    if (!decided) return;
    this.decided = decided;
    this.stage = "accepted";
    const alone = this.proposal.patch !== null && decided.accepted.length > 1;
    this.ops.accepted(decided.accepted, alone);
    this.undoAll.hidden = decided.rev === null;
    this.undoAll.textContent = this.proposal.patch === null ? "Undo: take the panel away" : decided.accepted.length === 1 ? "Undo" : "Undo all";
    this.refresh();
    this.ops.lock(true);
    const words = outcome(this.proposal, decided);
    this.tell(decided.rev === null ? "It is like that already; nothing had to be changed." : `Done: ${words}.`);
    this.told(words);
    this.refocus(this.undoAll);
  }

  private async refuse(): Promise<void> {
    if (!(await this.decide({ accept: null, reject: true }))) return;
    this.stage = "closed";
    this.refresh();
    this.tell("Rejected. Nothing was changed.");
    this.told("rejected");
    this.refocus(this.fold);
  }

  private async decide(decision: { accept: number[] | null; reject: boolean }): Promise<Decided | null> {
    if (this.stage !== "open") return null;
    this.held = this.root.contains(document.activeElement);
    this.stage = "busy";
    this.refresh();
    try {
      return await this.ask<Decided>({ type: "decide", proposal: this.proposal.id, decision, traceparent: null });
    } catch (error) {
      const { code, text } = this.kit.problem(error);
      if (code === "not-found") this.gone(text);
      else {
        this.stage = "open";
        this.refresh();
        this.tell(text, "error");
        this.refocus(this.accept);
      }
      return null;
    }
  }

  /** Take back one op, or all that are left, in one change. */
  private async undo(index: number | null): Promise<void> {
    const { decided } = this;
    if (!decided || decided.rev === null) return;
    const { rev, accepted, positions } = decided;
    this.held = this.root.contains(document.activeElement);
    const left = accepted.filter((one) => !this.undone.has(one));
    const standing = this.proposal.ops.filter(({ index: one, needs }) => index !== null && left.includes(one) && needs.includes(index)).map(({ index: one }) => one + 1);
    if (standing.length) {
      this.tell(`${standing.length === 1 ? `Change ${standing[0]} needs` : `Changes ${standing.join(", ")} need`} this one: undo ${standing.length === 1 ? "that" : "those"} first, or all.`);
      return;
    }
    const wanted = index === null ? left : [index];
    this.ops.busy(true);
    this.undoAll.disabled = true;
    try {
      const ops = wanted.flatMap((one) => positions[accepted.indexOf(one)] ?? []);
      if (ops.length) await this.ask({ type: "revert", rev, ops }); // one may have changed nothing
      for (const one of wanted) this.wentBack(one);
      const over = this.undone.size === accepted.length;
      this.tell(over ? "Taken back. What came since has stayed." : `Change ${wanted.map((one) => one + 1).join(", ")} was taken back; the others stay.`);
      this.told(over ? "undone" : `${outcome(this.proposal, decided)}, ${this.undone.size} undone`);
      this.undoAll.hidden = over;
    } catch (error) {
      this.tell(this.kit.problem(error).text, "error");
    } finally {
      this.ops.busy(false);
      this.undoAll.disabled = false;
      this.refocus(this.undoAll.hidden ? this.fold : this.undoAll);
    }
  }

  private wentBack(index: number): void {
    this.undone.add(index);
    this.ops.undone(index);
  }

  private async ask<T>(body: RequestBody): Promise<T> {
    return ((await this.transport.request(body)) as Result).value as T;
  }

  /** A control that went, or was disabled, must not take the focus with it; whoever went elsewhere stays there. */
  private refocus(next: HTMLElement): void {
    const active = document.activeElement as HTMLButtonElement | null;
    const lost = !active || active === document.body || (this.root.contains(active) && (active.hidden || active.disabled));
    if (this.held && lost) next.focus({ preventScroll: true });
  }
}

function button(label: string, run: () => void): HTMLButtonElement {
  const made = element("button", "nx-button", label) as HTMLButtonElement;
  made.type = "button";
  made.addEventListener("click", run);
  return made;
}
