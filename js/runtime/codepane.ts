// The code of a panel's actions, beside its source: opened one at a time, edited by all who have it open.

import type { Build, Result, ServerFrame } from "../protocol/index.ts";
import { element } from "./element.ts";
import type { SharedEditor } from "./lazy/coedit.ts";
import type { Transport } from "./transport.ts";
import { problemOf } from "./live.ts";

type Update = Extract<ServerFrame, { type: "code" }>;

interface Opening {
  readonly epoch: string;
  readonly update: string;
}

export class CodePane {
  readonly root = element("section", "nx-code-pane");
  private readonly panel: string;
  private readonly transport: Transport;
  private readonly choices = element("div", "nx-code-choices");
  private readonly place = element("div", "nx-code-place");
  private readonly status = element("div", "nx-code-status");
  private node: string | null = null;
  private epoch = "";
  private unsaved = false;
  private editor: SharedEditor | null = null;

  private readonly writeBack: () => void;

  /** `writeBack` asks that the panel's text be written to the cell that made it. */
  constructor(panel: string, transport: Transport, writeBack: () => void) {
    this.panel = panel;
    this.transport = transport;
    this.writeBack = writeBack;
    this.root.setAttribute("aria-label", "Edit actions");
    this.status.setAttribute("role", "status");
    this.root.hidden = true;
    this.root.append(this.choices, this.place, this.status);
  }

  dispose(): void {
    this.close();
  }

  /** Offer the code of a panel. */
  offer(build: Build): void {
    const nodes = [...build.actions.map(({ name }) => `action.${name}`), ...build.effects.map(({ name }) => `effect.${name}`)];
    if (this.node !== null && !nodes.includes(this.node)) this.close();
    const back = element("button", "nx-button nx-write-back", "Write back to the cell") as HTMLButtonElement;
    back.type = "button";
    back.title = "Put the panel's text, as it is now, into the cell that made it";
    back.addEventListener("click", this.writeBack);
    this.choices.replaceChildren(...(nodes.length ? [element("span", "nx-code-title", "Edit code:")] : []), ...nodes.map((node) => this.choice(node)), back);
  }

  show(shown: boolean): void {
    this.root.hidden = !shown;
    if (!shown) this.close();
  }

  /** What others have typed, or how the text stands. */
  receive({ node, epoch, update, saved, problem }: Update): void {
    if (node !== this.node) return;
    if (epoch !== this.epoch || problem?.startsWith("Nobody edits")) return void this.open(node);
    if (update !== null) this.editor?.receive(update);
    if (saved) this.unsaved = false;
    this.say(problem ?? (saved ? "Saved." : ""), problem !== null);
  }

  /** The connection is back. */
  reconnected(): void {
    if (this.node !== null) void this.open(this.node);
  }

  private async open(node: string): Promise<void> {
    if (this.node !== null && this.node !== node) this.close();
    this.node = node;
    this.mark();
    try {
      const [code, { value }] = await Promise.all([
        this.transport.load("coedit") as Promise<typeof import("./lazy/coedit.ts")>,
        this.transport.request({ type: "code.open", panel: this.panel, node }) as Promise<Result>,
      ]);
      if (this.node !== node) return;
      const { epoch, update } = value as unknown as Opening;
      const same = epoch === this.epoch;
      this.epoch = epoch;
      if (!this.editor) {
        this.editor = code.coedit(this.place, { label: `Code of ${node}`, update, typed: (change) => this.typed(node, change) });
        this.place.querySelector<HTMLElement>(".cm-content")?.focus();
        this.say("", false);
      } else if (same) this.editor.rejoin(update);
      else this.editor.restart(update, this.unsaved);
    } catch (error) {
      const { detail, hint } = problemOf(error);
      this.say([detail, hint].filter(Boolean).join(" "), true);
    }
  }

  private typed(node: string, update: string): void {
    this.unsaved = true;
    this.say("Not saved yet\u2026", false);
    this.transport.type(this.panel, node, this.epoch, update);
  }

  private close(): void {
    if (this.node === null) return;
    this.transport.leaveCode(this.panel, this.node);
    this.node = null;
    this.epoch = "";
    this.unsaved = false;
    this.editor?.destroy();
    this.editor = null;
    this.place.replaceChildren();
    this.say("", false);
    this.mark();
  }

  private choice(node: string): HTMLElement {
    const button = element("button", "nx-button", node.replace(/^(action|effect)\./, "")) as HTMLButtonElement;
    button.type = "button";
    button.dataset["node"] = node;
    button.setAttribute("aria-pressed", String(node === this.node));
    button.addEventListener("click", () => { if (this.node === node) this.close(); else void this.open(node); });
    return button;
  }

  private mark(): void {
    for (const button of this.choices.querySelectorAll<HTMLElement>("button")) button.setAttribute("aria-pressed", String(button.dataset["node"] === this.node));
  }

  private say(text: string, failed: boolean): void {
    this.status.textContent = text;
    this.status.dataset["failed"] = String(failed);
  }
}
