// What can be done from a moment of the past: take back the change that made it, branch from it, leave it.

import type { Result, Tick } from "../protocol/index.ts";
import { element } from "./element.ts";
import { problemOf } from "./live.ts";
import type { RequestBody, Transport } from "./transport.ts";
import { travelOf } from "./travel.ts";

export class MomentActions {
  readonly root = element("span", "nx-moment-actions");
  private readonly transport: Transport;
  private readonly tell: (text: string, level: "info" | "error") => void;
  private tick: Tick | null = null;
  private readonly revert = button("Revert this change", () => void this.takeBack());
  private readonly branch = button("Branch from here", () => this.name());
  private readonly form = element("form", "nx-moment-form") as HTMLFormElement;
  private readonly field = element("input", "nx-input") as HTMLInputElement;

  /** `tell` says what came of it. */
  constructor(transport: Transport, tell: (text: string, level: "info" | "error") => void) {
    this.transport = transport;
    this.tell = tell;
    this.field.setAttribute("aria-label", "What to call the new branch");
    const make = button("Make the branch", () => {});
    make.type = "submit";
    this.form.append(this.field, make, button("Cancel", () => { this.form.hidden = true; }));
    this.form.hidden = true;
    this.form.addEventListener("submit", (event) => { event.preventDefault(); void this.makeBranch(); });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.form.hidden = true;
    });
    this.root.append(this.revert, this.branch, button("Back to now", () => { travelOf(transport).moment.value = null; }), this.form);
  }

  /** The change that the actions are about. */
  about(tick: Tick | null): void {
    this.tick = tick;
    this.revert.disabled = tick === null;
    this.revert.title = tick ? `Take back rev ${tick.rev} alone; what came since stays` : "Nothing has changed here until then";
    this.branch.disabled = travelOf(this.transport).moment.value === null;
    this.form.hidden = true;
  }

  private async takeBack(): Promise<void> {
    const { tick } = this;
    if (!tick) return;
    this.revert.disabled = true;
    const answer = await this.ask({ type: "revert", rev: tick.rev, ops: null });
    this.revert.disabled = false;
    if (!answer) return;
    const nothing = (answer.value as { outcome?: string } | null)?.outcome === "nothing";
    travelOf(this.transport).moment.value = null;
    this.tell(nothing ? "There was nothing to take back: it is as it was before already." : `Taken back: ${tick.text}. What came since has stayed.`, "info");
  }

  private name(): void {
    const rev = travelOf(this.transport).moment.value?.rev;
    if (rev === undefined) return;
    this.field.value = `rev-${rev}`;
    this.form.hidden = false;
    this.field.select();
  }

  private async makeBranch(): Promise<void> {
    const rev = travelOf(this.transport).moment.value?.rev;
    const name = this.field.value.trim();
    if (rev === undefined || !name) return;
    if (!(await this.ask({ type: "branch", name, rev }))) return;
    this.form.hidden = true;
    this.tell(`The branch '${name}' holds the panels as they were. Go there with ws.history.switch('${name}').`, "info");
  }

  private async ask(body: RequestBody): Promise<Result | null> {
    try {
      return (await this.transport.request(body)) as Result;
    } catch (error) {
      const { detail, hint } = problemOf(error);
      this.tell([detail, hint].filter(Boolean).join(" "), "error");
      return null;
    }
  }
}

function button(label: string, run: () => void): HTMLButtonElement {
  const made = element("button", "nx-button", label) as HTMLButtonElement;
  made.type = "button";
  made.addEventListener("click", run);
  return made;
}
