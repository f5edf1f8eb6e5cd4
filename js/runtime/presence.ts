// Who else is on a panel: initials in its title row, and a mark at the element where each of them is.

import type { Viewer } from "../protocol/index.ts";
import { element } from "./element.ts";

/** Others that are named in the title row; of more, the number is shown. */
const NAMED = 3;

/** Colours of the chart palette, which can be told apart by everybody. */
const COLOURS = 6;

/** Focus that moves faster than this is told once it rests. */
const REST = 100;

export class Presence {
  /** Goes into the title row. */
  readonly faces = element("span", "nx-faces");
  private readonly body: HTMLElement;
  private readonly self: () => string;
  private viewers: readonly Viewer[] = [];
  private told: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `self` gives this page's own id; `tell` lets the others know where this person is. */
  constructor(body: HTMLElement, self: () => string, tell: (element: string | null) => void) {
    this.body = body;
    this.self = self;
    this.faces.setAttribute("role", "group");
    const moved = (): void => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        const at = body.contains(document.activeElement) ? (document.activeElement?.closest<HTMLElement>("[data-id]")?.dataset["id"] ?? null) : null;
        if (at === this.told) return;
        this.told = at;
        tell(at);
      }, REST);
    };
    body.addEventListener("focusin", moved);
    body.addEventListener("focusout", moved);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  /** The connection is new: the others do not know where this person is. */
  forgotten(): void {
    this.told = null;
  }

  /** Take over who is here; this page itself is among them. */
  show(viewers: readonly Viewer[], count: number): void {
    const own = this.self();
    this.viewers = viewers.filter((viewer) => viewer.id !== own);
    const others = Math.max(0, count - 1);
    this.faces.replaceChildren(...this.viewers.slice(0, NAMED).map((viewer) => this.face(viewer)));
    if (others > NAMED) this.faces.append(element("span", "nx-face-more", `+${others - NAMED}`));
    const names = this.viewers.map(({ user }) => nameOf(user));
    const more = others - names.length;
    this.faces.setAttribute("aria-label", others > 0 ? `Also here: ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}` : "");
    this.mark();
  }

  /** Mark the elements where the others are; the view may have been drawn anew. */
  mark(): void {
    for (const marked of this.body.querySelectorAll<HTMLElement>("[data-with]")) {
      delete marked.dataset["with"];
      marked.style.removeProperty("--nx-with");
    }
    for (const { user, element: at } of this.viewers) {
      const found = at === null ? null : this.body.querySelector<HTMLElement>(`[data-id="${CSS.escape(at)}"]`);
      if (!found) continue;
      found.dataset["with"] = [found.dataset["with"], nameOf(user)].filter(Boolean).join(", ");
      found.style.setProperty("--nx-with", colourOf(user.id));
    }
  }

  private face({ user, element: at }: Viewer): HTMLElement {
    const name = nameOf(user);
    const face = element("span", "nx-face", initials(name));
    face.title = at === null ? name : `${name}, at ${at}`;
    face.style.setProperty("--nx-with", colourOf(user.id));
    return face;
  }
}

function nameOf(user: Viewer["user"]): string {
  return user.name || user.id;
}

function initials(name: string): string {
  const words = name.split(/[\s._@-]+/).filter(Boolean);
  return [words[0], words.length > 1 ? words[words.length - 1] : ""].map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}

/** The same person has the same colour in every panel. */
function colourOf(id: string): string {
  let sum = 0;
  for (const sign of id) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 9973;
  return `var(--nx-c${sum % COLOURS})`;
}
