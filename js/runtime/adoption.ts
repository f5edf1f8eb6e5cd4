// The band above a panel whose workspace came from elsewhere: what was taken of it, what was not, and a way to allow each.

import type { Adoption } from "../protocol/index.ts";
import { element } from "./element.ts";
import { Settled } from "./settled.ts";

/** Text of the foreign workspace, without what would reorder the words around it. */
const LONGEST = 200;

export class AdoptionBand {
  readonly root = element("section", "nx-adoption");
  private readonly allow: (number: number) => void;
  private readonly settled = new Settled(this.root, (ready) => this.enable(ready));
  private open = false;

  /** `allow` hears of what the person allows. */
  constructor(allow: (number: number) => void) {
    this.allow = allow;
    this.root.setAttribute("aria-label", "This workspace came from elsewhere");
    this.root.hidden = true;
  }

  dispose(): void {
    this.settled.stop();
  }

  show(adoption: Adoption | null): void {
    this.root.hidden = adoption === null || closed(adoption);
    if (adoption === null || this.root.hidden) return this.settled.stop();
    const list = element("ul", "nx-adoption-left");
    list.hidden = !this.open;
    const left = adoption.left.filter((one) => !one.allowed);
    list.append(...left.map((one) => this.item(one)), ...adoption.refused.map((said) => element("li", "nx-adoption-item", plain(said))));
    const more = this.button(this.open ? "Hide" : "Show what was left out", () => { this.open = !this.open; this.show(adoption); }, false);
    more.setAttribute("aria-expanded", String(this.open));
    more.hidden = !left.length && !adoption.refused.length;
    this.root.replaceChildren(element("span", "nx-adoption-words", sentence(adoption)), more, this.button("Close", () => { close(adoption); this.show(null); }, false), list);
    this.settled.start();
    this.enable(this.settled.ready);
  }

  private item({ kind, text, number }: Adoption["left"][number]): HTMLElement {
    const item = element("li", "nx-adoption-item");
    item.append(element("span", "", `${kind}: ${plain(text)}`), this.button("Allow", () => this.allow(number), true));
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

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim().slice(0, LONGEST);
}

/** What became of a foreign workspace, in two sentences. */
export function sentence({ panels, graph, files, left }: Adoption): string {
  const kinds = Object.entries({ panels, graph, files }).filter(([, count]) => count > 0).map(([kind]) => kind);
  const counts = new Map<string, number>();
  for (const { kind, allowed } of left) if (!allowed) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const words = [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? "" : "s"}`);
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const first = kinds.length ? `${capitalised(listed(kinds))} were taken` : "Nothing was taken";
  return `This workspace came from elsewhere. ${first}${all ? `; ${listed(words)} ${all === 1 ? "was" : "were"} not` : ""}.`;
}

/** Which bands this browser was told to leave out; a browser that keeps nothing shows them again. */
function key({ at }: Adoption): string {
  return `nexus-adoption-closed ${at}`;
}

function closed(adoption: Adoption): boolean {
  try {
    return localStorage.getItem(key(adoption)) !== null;
  } catch {
    return false;
  }
}

function close(adoption: Adoption): void {
  try {
    localStorage.setItem(key(adoption), "1");
  } catch {
    // The band comes back with the next page.
  }
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
