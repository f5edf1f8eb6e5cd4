// The band above a panel whose workspace came from elsewhere: what was taken of it, what was not, and a way to allow each.

import { element } from "./element.ts";
import { Settled } from "./settled.ts";

/** What became of a foreign workspace: how many of each kind were taken, and what was left out. */
export interface Adoption {
  readonly taken: Readonly<Record<string, number>>;
  readonly left: readonly LeftOut[];
}

/** One thing that was left out, such as a grant; `what` says in words what it would do. */
export interface LeftOut {
  readonly kind: string;
  readonly what: string;
  readonly id: string;
}

/** Text of the foreign workspace, without what would reorder the words around it. */
const LONGEST = 200;

export class AdoptionBand {
  readonly root = element("section", "nx-adoption");
  private readonly allow: (id: string) => void;
  private readonly closed: () => void;
  private readonly settled = new Settled(this.root, (ready) => this.enable(ready));
  private open = false;

  /** `allow` hears of what the person allows, `closed` that the band is not wanted any more. */
  constructor(allow: (id: string) => void, closed: () => void) {
    this.allow = allow;
    this.closed = closed;
    this.root.setAttribute("aria-label", "This workspace came from elsewhere");
    this.root.hidden = true;
  }

  dispose(): void {
    this.settled.stop();
  }

  show(adoption: Adoption | null): void {
    this.root.hidden = adoption === null;
    if (adoption === null) return this.settled.stop();
    const list = element("ul", "nx-adoption-left");
    list.hidden = !this.open;
    list.append(...adoption.left.map((one) => this.item(one)));
    const more = this.button(this.open ? "Hide" : "Show what was left out", () => { this.open = !this.open; this.show(adoption); }, false);
    more.setAttribute("aria-expanded", String(this.open));
    more.hidden = !adoption.left.length;
    this.root.replaceChildren(element("span", "nx-adoption-words", sentence(adoption)), more, this.button("Close", this.closed, false), list);
    this.settled.start();
    this.enable(this.settled.ready);
  }

  private item({ kind, what, id }: LeftOut): HTMLElement {
    const item = element("li", "nx-adoption-item");
    const text = what.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim().slice(0, LONGEST);
    item.append(element("span", "", `${kind}: ${text}`), this.button("Allow", () => this.allow(id), true));
    return item;
  }

  /** A button; one that allows something does nothing until the band has stood still. */
  private button(label: string, run: () => void, allows: boolean): HTMLElement {
    const button = element("button", allows ? "nx-button" : "nx-link-button", label) as HTMLButtonElement;
    button.type = "button";
    if (allows) button.dataset["allows"] = "";
    button.addEventListener("click", () => { if (!allows || this.settled.ready) run(); });
    return button;
  }

  private enable(ready: boolean): void {
    for (const button of this.root.querySelectorAll("[data-allows]")) button.setAttribute("aria-disabled", String(!ready));
  }
}

/** What became of a foreign workspace, in two sentences. */
export function sentence({ taken, left }: Adoption): string {
  const kinds = Object.entries(taken).filter(([, count]) => count > 0).map(([kind]) => kind);
  const counts = new Map<string, number>();
  for (const { kind } of left) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const words = [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? "" : "s"}`);
  const first = kinds.length ? `${capitalised(listed(kinds))} were taken` : "Nothing was taken";
  return `This workspace came from elsewhere. ${first}${left.length ? `; ${listed(words)} ${left.length === 1 ? "was" : "were"} not` : ""}.`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
