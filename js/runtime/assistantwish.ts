// One wish on its way: a line that says how far it is, what has arrived of the answer, and a way to give it up.

import type { AskBody, AskEvent, AskFailed, ModelInfo, Proposal } from "../protocol/index.ts";
import type { Drawing, Kit } from "./assistant.ts";
import { count, money, seconds, tokensOf } from "./assistantwords.ts";
import { element } from "./element.ts";
import { traceparent } from "./trace.ts";
import type { Transport } from "./transport.ts";

/** Milliseconds between two showings of the time. */
const TICK = 100;

export type Outcome = { readonly kind: "proposal"; readonly proposal: Proposal } | { readonly kind: "failed"; readonly text: string } | { readonly kind: "cancelled" };

export class Wish {
  readonly root = element("div", "nx-wish-going");
  private readonly note = element("span", "nx-wish-note", "Looking at the workspace");
  private readonly numbers = element("span", "nx-wish-numbers");
  private readonly arrived = element("div", "nx-wish-arrived");
  private readonly ops = element("ol", "nx-wish-ops");
  private readonly transport: Transport;
  private readonly kit: Kit;
  private readonly models: readonly ModelInfo[];
  private readonly began = performance.now();
  private drawing: Drawing | null = null;
  private id: string | null = null;
  private cancelled = false;
  private model = "";
  private endpoint = "";
  private shown = 0;
  private letters = 0;
  private result: Proposal | AskFailed | null = null;

  constructor(transport: Transport, kit: Kit, models: readonly ModelInfo[]) {
    this.transport = transport;
    this.kit = kit;
    this.models = models;
    const line = element("div", "nx-wish-progress");
    // Told once for each stage; the numbers change too often to be read out.
    this.note.setAttribute("role", "status");
    this.numbers.setAttribute("aria-hidden", "true");
    const cancel = element("button", "nx-button", "Cancel") as HTMLButtonElement;
    cancel.type = "button";
    cancel.title = "Give it up (Escape)";
    cancel.addEventListener("click", () => this.cancel());
    line.append(element("span", "nx-wish-pulse"), this.note, this.numbers, cancel);
    this.arrived.setAttribute("aria-label", "What has arrived");
    this.arrived.setAttribute("role", "group");
    this.root.setAttribute("aria-busy", "true");
    this.root.append(line, this.arrived);
    this.clear();
  }

  /** Ask, and wait for what comes of it. Nothing is changed by that. */
  async ask(body: AskBody): Promise<Outcome> {
    const timer = setInterval(() => this.count(), TICK);
    this.count();
    try {
      await this.transport.request({ type: "ask", body, traceparent: traceparent() }, (id) => { this.id = id; }, (event) => this.take(event));
      if (this.cancelled) return { kind: "cancelled" };
      if (this.result?.kind === "proposal") return { kind: "proposal", proposal: this.result };
      const text = this.result ? [this.result.message, this.result.hint].filter(Boolean).join(" ") : "The answer ended before a proposal was there. Nothing was changed; ask again.";
      return { kind: "failed", text };
    } catch (error) {
      // Nobody waits for the answer any more.
      if (this.id !== null) this.transport.cancel(this.id);
      return this.cancelled ? { kind: "cancelled" } : { kind: "failed", text: this.kit.problem(error).text };
    } finally {
      clearInterval(timer);
      this.drawing?.dispose();
    }
  }

  cancel(): void {
    if (this.cancelled || this.id === null) return;
    this.cancelled = true;
    this.note.textContent = "Giving it up";
    this.transport.cancel(this.id);
  }

  private take(event: AskEvent): void {
    switch (event.kind) {
      case "context":
        this.shown = event.tokens;
        this.note.textContent = "Asking";
        break;
      case "started":
        [this.model, this.endpoint, this.letters] = [event.model, event.endpoint, 0];
        this.note.textContent = "Waiting for the first words";
        break;
      case "text":
        if (!this.letters) this.note.textContent = "Writing";
        this.letters += event.text.length;
        return; // the next tick counts them
      case "restarted":
        this.note.textContent = event.why;
        this.clear();
        break;
      case "repairing":
        this.note.textContent = `Asking again, since the answer had errors: ${event.errors[0] ?? ""}`;
        this.clear();
        break;
      case "draft":
        this.draw(event.panel, event.nxml, event.ops);
        break;
      default:
        this.result = event;
    }
    this.count();
  }

  private draw(panel: string, nxml: string | null, ops: readonly string[]): void {
    if (nxml === null) {
      this.ops.hidden = false;
      this.ops.append(...ops.slice(this.ops.childElementCount).map((words) => element("li", "", words)));
      return;
    }
    if (!this.drawing) {
      const frame = element("div", "nx-panel nx-wish-panel");
      const bar = element("div", "nx-bar");
      bar.append(element("span", "nx-title", panel), element("span", "nx-mark", "arriving"));
      frame.append(bar);
      // A picture, which cannot be used yet.
      frame.inert = true;
      this.arrived.append(frame);
      this.drawing = this.kit.arriving(frame);
    }
    this.drawing.update(nxml);
  }

  private clear(): void {
    this.drawing?.dispose();
    this.drawing = null;
    this.ops.replaceChildren();
    this.ops.hidden = true;
    this.arrived.replaceChildren(this.ops);
  }

  private count(): void {
    const out = tokensOf(this.letters);
    const model = this.models.find(({ endpoint }) => endpoint === this.endpoint);
    const cost = model ? (this.shown * model.price_in + out * model.price_out) / 1_000_000 : 0;
    const parts = [this.model, this.shown ? `${count(this.shown)} tokens in` : "", out ? `about ${count(out)} out` : "", cost ? `cost about ${money(cost)}` : "", seconds(performance.now() - this.began)];
    this.numbers.textContent = parts.filter(Boolean).join(" \u00b7 ");
  }
}
