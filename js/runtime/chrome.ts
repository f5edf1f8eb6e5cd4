// The quiet frame around a panel: title, state, undo, source, and messages.

import { effect, type ReadonlySignal } from "@preact/signals-core";
import type { Diagnostic } from "../protocol/index.ts";
import { element } from "./element.ts";
import type { ConnectionState, Host } from "./transport.ts";

export interface ChromeActions {
  undo(redo: boolean): void;
  history(): void;
  source(): string;
  permissions(): void;
  sourceShown(shown: boolean): void;
}

const ICONS = {
  undo: "M5 8h8a4 4 0 0 1 0 8H9 M8 5 5 8l3 3",
  redo: "M15 8H7a4 4 0 0 0 0 8h4 M12 5l3 3-3 3",
  history: "M10 6v4l3 2 M4 10a6 6 0 1 0 2-4.5 M4 4v3h3",
  permissions: "M10 3 4 5v5c0 4 3 6 6 7 3-1 6-3 6-7V5z",
  source: "M7 6 3 10l4 4 M13 6l4 4-4 4",
} as const;

/** A notice leaves by itself, errors later than the rest. */
const SHOWN = { info: 4000, warning: 6000, error: 10_000 } as const;

export class Chrome {
  readonly bar = element("div", "nx-bar");
  readonly messages = element("div", "nx-messages");
  readonly source = element("pre", "nx-source");
  private readonly heading = element("span", "nx-title");
  private readonly dot = element("span", "nx-dot-state");
  private readonly actions: ChromeActions;
  private readonly tools: HTMLElement;
  private readonly history: HTMLButtonElement;
  private readonly permissions: HTMLButtonElement;
  private readonly faults = new Map<string, HTMLElement>();
  private banner: HTMLElement | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private where = "";
  private stop: (() => void) | null = null;

  constructor(name: string, actions: ChromeActions) {
    this.actions = actions;
    this.heading.textContent = name;
    this.source.hidden = true;
    this.dot.setAttribute("role", "status");
    const tools = element("span", "nx-actions");
    this.history = this.tool("History", "history", () => actions.history());
    this.permissions = this.tool("Permissions", "permissions", () => actions.permissions());
    tools.append(
      this.tool("Undo", "undo", () => actions.undo(false)),
      this.tool("Redo", "redo", () => actions.undo(true)),
      this.history,
      this.permissions,
      this.tool("Show source", "source", () => (this.source.hidden ? this.showSource() : this.hideSource())),
    );
    this.tools = tools;
    this.bar.append(this.dot, this.heading, tools);
  }

  dispose(): void {
    clearInterval(this.timer);
    this.stop?.();
  }

  /** Say that the panel shows the past, where nothing can be done, or no more. */
  past(on: boolean): void {
    for (const tool of this.tools.querySelectorAll("button")) if (tool !== this.history && tool.title !== "Show source") tool.disabled = on;
  }

  /** There is no past to see here. */
  withoutHistory(): void {
    this.history.remove();
  }

  /** Show who else is here, before the tools. */
  others(faces: HTMLElement): void {
    this.heading.after(faces);
  }

  title(text: string): void {
    this.heading.textContent = text;
  }

  follow(latency: ReadonlySignal<number | null>): void {
    this.stop?.();
    this.stop = effect(() => {
      const took = latency.value;
      this.dot.title = this.where + (took === null ? "" : ` \u00b7 last action ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`);
    });
  }

  connection(state: ConnectionState, host: Host): void {
    clearInterval(this.timer);
    this.dot.dataset["state"] = state.kind;
    this.where = state.kind === "live" ? `live \u00b7 ${host}` : state.kind === "offline" ? "offline" : "connecting";
    this.dot.title = this.where;
    this.dot.setAttribute("aria-label", this.where);
    if (state.kind === "live") this.setBanner(null);
    else if (state.kind === "offline") {
      const say = (): void => this.setBanner(`Reconnecting\u2026 (${Math.max(0, Math.ceil((state.at - Date.now()) / 1000))} s). What you typed is kept.`);
      say();
      this.timer = setInterval(say, 1000);
    }
  }

  /** Say beside the title that the panel waits for a permission; the card that asks stands below the view. */
  asking(on: boolean): void {
    this.permissions.toggleAttribute("data-asking", on);
    this.permissions.title = on ? "Permissions: this panel asks for one, below" : "Permissions";
  }

  /** Say that the panel's text is still arriving, or no more. */
  arriving(on: boolean): void {
    this.setBanner(on ? "This panel is being written\u2026" : null);
  }

  notice(text: string, level: keyof typeof SHOWN): void {
    const note = element("div", "nx-banner");
    note.dataset["kind"] = level;
    note.setAttribute("role", level === "error" ? "alert" : "status");
    note.textContent = text;
    this.messages.append(note);
    setTimeout(() => note.remove(), SHOWN[level]);
  }

  /** Say what does not work until it does: `text` is null then. */
  fault(what: string, text: string | null): void {
    this.faults.get(what)?.remove();
    this.faults.delete(what);
    if (text === null) return;
    const note = element("div", "nx-banner", text);
    note.dataset["kind"] = "error";
    note.setAttribute("role", "alert");
    this.faults.set(what, note);
    this.messages.append(note);
  }

  /** Say something that a button answers; it stays until it is pressed or closed. */
  offer(text: string, label: string, press: () => void): void {
    const note = element("div", "nx-banner", `${text} `);
    note.setAttribute("role", "status");
    for (const [name, run] of [[label, press], ["Close", () => {}]] as const) {
      const button = element("button", "nx-link-button", name) as HTMLButtonElement;
      button.type = "button";
      button.addEventListener("click", () => { note.remove(); run(); });
      note.append(button);
    }
    this.messages.append(note);
  }

  /** Say that an action takes long, with a way to end it; returns what takes the words away. */
  slow(action: string, cancel: () => void): () => void {
    const note = element("div", "nx-banner");
    note.setAttribute("role", "status");
    const button = element("button", "nx-link-button", "Cancel") as HTMLButtonElement;
    button.type = "button";
    button.addEventListener("click", () => { button.disabled = true; cancel(); });
    note.append(element("span", "", `${action} is still running\u2026 `), button);
    this.messages.append(note);
    return () => note.remove();
  }

  diagnostics(list: readonly Diagnostic[]): void {
    this.messages.querySelector(".nx-diagnostics")?.remove();
    if (!list.length) return;
    const items = element("ul", "nx-diagnostics");
    items.append(element("li", "", "Somebody tried to change this panel to a text with errors; it stays as it was."));
    for (const { span, message, fix } of list) items.append(element("li", "", `Line ${span.line}, column ${span.col}: ${message}${fix ? ` (${fix.title})` : ""}`));
    this.messages.append(items);
  }

  /** The text has changed. */
  refreshSource(): void {
    if (!this.source.hidden) this.showSource();
  }

  showSource(line?: number): void {
    this.source.hidden = false;
    this.actions.sourceShown(true);
    this.source.replaceChildren(...this.actions.source().split("\n").map((text, i) => {
      const shown = element("span", "", text || " ");
      if (i + 1 === line) shown.dataset["marked"] = "true";
      return shown;
    }));
    this.source.querySelector("[data-marked]")?.scrollIntoView({ block: "nearest" });
  }

  private hideSource(): void {
    this.source.hidden = true;
    this.actions.sourceShown(false);
  }

  private setBanner(text: string | null): void {
    if (text === null) {
      this.banner?.remove();
      this.banner = null;
      return;
    }
    this.banner ??= element("div", "nx-banner");
    this.banner.textContent = text;
    if (!this.banner.isConnected) this.messages.prepend(this.banner);
  }

  private tool(label: string, icon: keyof typeof ICONS, run: () => void): HTMLButtonElement {
    const button = element("button", "nx-icon") as HTMLButtonElement;
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 20 20");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[icon]);
    svg.append(path);
    button.append(svg);
    button.addEventListener("click", run);
    return button;
  }
}
