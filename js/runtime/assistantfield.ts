// Where a wish is typed, and what it is about is chosen.

import type { AskBody, PanelChoice } from "../protocol/index.ts";
import { Asked } from "./assistantpast.ts";
import { nameFor } from "./assistantwords.ts";
import { element } from "./element.ts";

/** Choices that are no panel's name. */
const ANY = "";
const NEW = "+";
/** Rows that the field grows to. */
const MOST_ROWS = 8;

export class WishField {
  readonly root = element("form", "nx-wish-form") as HTMLFormElement;
  private readonly text = element("textarea", "nx-input nx-wish-text") as HTMLTextAreaElement;
  private readonly about = element("select", "nx-select") as HTMLSelectElement;
  private readonly name = element("input", "nx-input") as HTMLInputElement;
  private readonly send = element("button", "nx-button", "Ask") as HTMLButtonElement;
  private readonly asked = new Asked();
  private readonly wish: (body: AskBody) => void;
  private panels: readonly PanelChoice[] = [];
  private busy = false;

  /** `wish` is given what was asked; `look` is called before one chooses a panel. */
  constructor(wish: (body: AskBody) => void, look: () => void) {
    this.wish = wish;
    this.text.rows = 2;
    this.text.maxLength = 20_000;
    this.text.placeholder = "What should be there, or be different?";
    this.text.title = "Enter asks, Shift+Enter begins a new line, the arrow keys bring back what was asked before";
    this.text.setAttribute("aria-label", "Your wish");
    this.about.setAttribute("aria-label", "Panel that is meant");
    this.name.setAttribute("aria-label", "Name of the new panel");
    this.send.type = "submit";
    this.send.dataset["kind"] = "primary";
    const row = element("div", "nx-wish-row");
    const about = element("label", "nx-wish-about", "About");
    about.append(this.about);
    row.append(about, this.name, this.send);
    this.root.append(this.text, row);
    this.root.addEventListener("submit", (event) => { event.preventDefault(); this.ask(); });
    this.text.addEventListener("input", () => this.grown());
    this.about.addEventListener("focus", look);
    this.about.addEventListener("change", () => this.chosen());
    this.offer([]);
  }

  focus(): void {
    this.text.focus({ preventScroll: true });
  }

  get value(): string {
    return this.text.value;
  }

  /** Bring back a text, unless something else is being typed. */
  restore(text: string): void {
    if (this.text.value.trim()) return;
    this.text.value = text;
    this.grown();
  }

  /** Offer the panels there are; what was chosen stays if it is still there. */
  offer(panels: readonly PanelChoice[]): void {
    const before = this.about.value;
    this.panels = panels;
    const options: [string, string][] = [[ANY, "any panel"], ...panels.map(({ name, title }): [string, string] => [name, title === name ? name : `${title} (${name})`]), [NEW, "a new panel"]];
    // An open list of choices must not be drawn anew for nothing.
    if (options.length === this.about.options.length && options.every(([value, label], at) => this.about.options[at]?.value === value && this.about.options[at]?.text === label)) return;
    this.about.replaceChildren(...options.map(([value, label]) => Object.assign(element("option", "", label), { value })));
    this.about.value = options.some(([value]) => value === before) ? before : ANY;
    this.chosen();
  }

  /** While a wish is on its way one can type, and not ask. */
  working(on: boolean): void {
    this.busy = on;
    this.send.disabled = on;
    this.send.title = on ? "The last wish is still on its way" : "";
  }

  /** Take a key that was pressed inside; tells whether it meant something. */
  key(event: KeyboardEvent): boolean {
    if (event.target === this.name && event.key === "Enter") {
      this.ask();
      return true;
    }
    if (event.target !== this.text || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Enter" && !event.shiftKey) this.ask();
    // Notebooks keep fields in their outputs from breaking lines, since they take Shift+Enter for themselves.
    else if (event.key === "Enter") this.breakLine();
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") return !event.shiftKey && this.step(event.key === "ArrowUp" ? -1 : 1);
    else return false;
    return true;
  }

  private breakLine(): void {
    this.text.setRangeText("\n", this.text.selectionStart, this.text.selectionEnd, "end");
    this.grown();
  }

  /** Bring back an older wish, or a newer one, where there is no line to go to. */
  private step(by: -1 | 1): boolean {
    const { value, selectionStart, selectionEnd } = this.text;
    if (selectionStart !== selectionEnd) return false;
    if (by < 0 ? value.slice(0, selectionStart).includes("\n") : value.slice(selectionEnd).includes("\n")) return false;
    const text = this.asked.step(by, value);
    if (text === null) return false;
    this.text.value = text;
    const at = by < 0 ? (text.indexOf("\n") + 1 || text.length + 1) - 1 : text.length;
    this.text.setSelectionRange(at, at);
    this.grown();
    return true;
  }

  private ask(): void {
    const text = this.text.value.trim();
    if (!text || this.busy) return;
    const { value } = this.about;
    const typed = this.name.value.trim();
    const create = value === NEW ? typed || nameFor(text, this.panels.map(({ name }) => name)) : null;
    this.asked.add(text);
    this.text.value = "";
    this.grown();
    this.wish({ text, panel: value === ANY || value === NEW ? null : value, create, frames: [] });
  }

  private chosen(): void {
    this.name.hidden = this.about.value !== NEW;
    this.name.placeholder = "its name (made of the wish)";
  }

  private grown(): void {
    this.text.rows = Math.min(MOST_ROWS, Math.max(2, this.text.value.split("\n").length));
  }
}
