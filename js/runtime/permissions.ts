// What a panel asks for and what it was allowed: the card that asks the person, and the list that can be taken back from.
// It is drawn outside of the panel's own view, so that no panel can draw over it or press its buttons.

import type { Build, CapabilityUse, ChangedGrant, Grant } from "../protocol/index.ts";
import { element } from "./element.ts";
import { originOf } from "./origin.ts";
import { Settled } from "./settled.ts";

export interface PermissionActions {
  /** `code` is the digest of the code that the person was shown. */
  grant(use: CapabilityUse, seconds: number | null, code: string): void;
  revoke(use: CapabilityUse): void;
  /** Load the list of registrable domains. */
  domains(): Promise<{ registrable(host: string): string | null }>;
  /** Whether the panel waits for an answer. */
  asking(on: boolean): void;
}

const HOUR = 3600;
/** Letters of an author's reason that are shown. */
const LONGEST_REASON = 300;
/** Letters of a difference that are shown. */
const LONGEST_DIFFERENCE = 4000;
/** Capabilities that every panel has. */
const FREE = new Set<CapabilityUse["cap"]>(["state", "time", "random", "log"]);
const ADDRESSES = new Set<CapabilityUse["cap"]>(["net.http", "net.ws"]);

interface Meaning {
  /** Around the target, or about all of them. */
  readonly one: readonly [string, string];
  readonly all: string;
  /** What allowing it makes possible. */
  readonly allows: string;
}

const plain = (what: string, allows: string): Meaning => ({ one: [what, ""], all: what, allows });

/** What capabilities mean, for a person who has never heard of them. */
const MEANINGS: Readonly<Partial<Record<CapabilityUse["cap"], Meaning>>> = {
  "net.http": { one: ["exchange data with ", ""], all: "exchange data with any public internet address", allows: "It can send there whatever it holds, also what you type into it and rows that it reads, and use what comes back." },
  "net.ws": { one: ["keep a connection to ", ""], all: "keep connections to any public internet address", allows: "It can send there whatever it holds, also what you type into it and rows that it reads, at any time." },
  "kernel.call": { one: ["run the function ", " of your notebook"], all: "run any function that your notebook exposes", allows: "The function runs in your kernel, with arguments that the panel chooses." },
  "frame.read": { one: ["read the rows of the table ", " in its actions"], all: "read the rows of any bound table in its actions", allows: "Its actions see all rows. Showing a table needs no permission." },
  "panel.read": { one: ["read the values of the panel ", ""], all: "read the values of any other panel", allows: "It sees what the other panel shows and holds." },
  "panel.send": { one: ["run actions of ", ""], all: "run actions of any other panel", allows: "The other panel acts as if you had pressed its buttons." },
  "fs.read": { one: ["read the workspace's files below ", ""], all: "read all of the workspace's files", allows: "It sees what is in these files." },
  "fs.write": { one: ["change the workspace's files below ", ""], all: "change all of the workspace's files", allows: "It can make, replace and delete these files." },
  "db.query": { one: ["read the database ", ""], all: "read all connected databases", allows: "It sees whatever the connection may read." },
  "ai.complete": plain("ask a language model", "It can send what it holds to the model, at the cost of whoever pays for it."),
  "agent.emit": { one: ["send the event ", ""], all: "send events", allows: "Programs that listen to events get what it sends." },
  notify: plain("show you notes", "It can show short messages on this page."),
  clipboard: plain("put text on your clipboard", "It can replace what you copied before."),
};

function meaningOf({ cap, target }: CapabilityUse): Meaning {
  if (cap === "db.query" && target?.endsWith(":write")) return { one: ["read and change the database ", ""], all: "", allows: "It can change and delete whatever the connection may." };
  return MEANINGS[cap] ?? plain(`use ${cap}`, "");
}

function targetOf({ cap, target }: CapabilityUse): string | null {
  return target !== null && cap === "db.query" && target.endsWith(":write") ? target.slice(0, -":write".length) : target;
}

/** Text of an author, without what would reorder or break the words around it. */
function visible(text: string, longest = LONGEST_REASON, invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu): string {
  const clean = text.replace(invisible, " ").trim();
  return clean.length > longest ? `${clean.slice(0, longest)}\u2026` : clean;
}

function same(use: CapabilityUse, grant: Grant): boolean {
  return grant.cap === use.cap && (grant.target === null || grant.target === use.target);
}

const keyOf = ({ cap, target }: CapabilityUse): string => `${cap} ${target ?? ""}`;

/** What a build asks a person for: showing a frame in its own view needs no grant, only handlers that read its rows do. */
export function asksOf(build: Build): CapabilityUse[] {
  const reads = [...build.actions, ...build.effects].some(({ body }) => /\bframe\b/.test(body));
  return build.uses.filter(({ cap }) => !FREE.has(cap) && (cap !== "frame.read" || reads));
}

export class Permissions {
  readonly card = element("section", "nx-permissions");
  private readonly actions: PermissionActions;
  private readonly settled = new Settled(this.card, (ready) => this.enable(ready));
  private uses: readonly CapabilityUse[] = [];
  /** With what is asked for only once something has failed for want of it. */
  private all: readonly CapabilityUse[] = [];
  private grants: readonly Grant[] | null = null;
  private changes: readonly ChangedGrant[] = [];
  private code = "";
  /** What the person has said no to, until the page is loaded again or the panel fails for want of it. */
  private readonly refused = new Set<string>();
  private listed = false;
  private shown = "";
  private registrable: ((host: string) => string | null) | null = null;
  private loading = false;

  constructor(actions: PermissionActions) {
    this.actions = actions;
    this.card.setAttribute("aria-label", "Permissions");
    this.card.hidden = true;
  }

  dispose(): void {
    this.settled.stop();
  }

  asked(build: Build): void {
    this.uses = asksOf(build);
    this.all = build.uses.filter((use) => !FREE.has(use.cap));
    this.draw();
  }

  granted(grants: readonly Grant[], changes: readonly ChangedGrant[], code: string): void {
    this.grants = grants;
    this.changes = changes;
    this.code = code;
    this.draw();
  }

  /** Something failed for want of a grant: ask again, also for what did not seem to be needed. */
  denied(): void {
    this.uses = this.all;
    this.refused.clear();
    this.draw();
  }

  toggle(): void {
    this.listed = Boolean(this.card.hidden) || !this.listed;
    this.draw();
    if (this.card.hidden) return;
    this.card.scrollIntoView({ block: "nearest" });
    this.focusFirst();
  }

  private draw(): void {
    const open = this.grants ? this.uses.filter((use) => !this.holds(use)) : [];
    const asking = open.filter((use) => !this.refused.has(keyOf(use)));
    const shown = this.listed ? this.all : asking;
    this.actions.asking(asking.length > 0);
    const key = JSON.stringify([this.listed, shown, shown.map((use) => this.holds(use) ?? this.changed(use) ?? null), this.code, this.registrable !== null]);
    if (key === this.shown) return;
    this.shown = key;
    const held = this.card.contains(document.activeElement);
    this.card.hidden = !shown.length && !this.listed;
    const title = this.listed ? (this.all.length ? "What this panel asks for" : "This panel asks for nothing.") : "This panel asks for your permission to";
    this.card.replaceChildren(element("div", "nx-permissions-title", title), ...shown.map((use) => this.row(use)));
    if (this.card.hidden) return this.settled.stop();
    this.settled.start();
    this.enable(false);
    if (shown.some(({ cap, target }) => ADDRESSES.has(cap) && target !== null)) this.loadDomains();
    if (held) this.focusFirst();
  }

  private loadDomains(): void {
    if (this.registrable || this.loading) return;
    this.loading = true;
    this.actions.domains().then(({ registrable }) => { this.registrable = registrable; }, () => { this.loading = false; }).finally(() => this.draw());
  }

  private holds(use: CapabilityUse): Grant | undefined {
    return this.grants?.find((grant) => same(use, grant));
  }

  /** What is different since the person allowed this to other code. */
  private changed(use: CapabilityUse): ChangedGrant | undefined {
    return this.changes.find((one) => one.cap === use.cap && (one.target === null || one.target === use.target));
  }

  private row(use: CapabilityUse): HTMLElement {
    const row = element("div", "nx-permission");
    const text = element("div", "nx-permission-text");
    const { allows } = meaningOf(use);
    const { what, grantable } = this.what(use);
    text.append(what);
    if (allows) text.append(element("div", "nx-permission-allows", allows));
    const why = element("div", "nx-permission-why", "Its author says: ");
    why.append(element("q", "", visible(use.why)));
    text.append(why);
    const changed = this.changed(use);
    if (changed) text.append(element("div", "nx-permission-changed", "Its code has changed since you allowed this:"), element("pre", "nx-permission-difference", visible(changed.difference, LONGEST_DIFFERENCE, /[\p{Cf}\p{Zl}\p{Zp}]+/gu)));
    const buttons = element("div", "nx-permission-buttons");
    const grant = this.holds(use);
    if (grant) {
      const until = grant.until ? `until ${new Date(grant.until).toLocaleTimeString()}` : "until you take it back";
      text.append(element("div", "nx-permission-why", `Allowed by ${grant.granted_by}, ${until}.`));
      buttons.append(this.button("Take back", () => this.actions.revoke(use)));
    } else {
      // First in reading and tab order, so that a hasty Enter allows nothing.
      buttons.append(this.button("No", () => this.refuse(use)));
      if (grantable) buttons.append(this.button("For an hour", () => this.actions.grant(use, HOUR, this.code)), this.button("Always here", () => this.actions.grant(use, null, this.code)));
    }
    row.append(text, buttons);
    return row;
  }

  /** What is asked for, in words, and whether it can be allowed at all. */
  private what(use: CapabilityUse): { what: HTMLElement; grantable: boolean } {
    const what = element("div", "nx-permission-what");
    const { one, all } = meaningOf(use);
    const target = targetOf(use);
    if (target === null) {
      what.append(all || one.join(""));
      return { what, grantable: true };
    }
    if (!ADDRESSES.has(use.cap)) {
      what.append(one[0], element("strong", "nx-permission-target", visible(target)), one[1]);
      return { what, grantable: true };
    }
    const origin = originOf(target, this.registrable ?? ((host) => host));
    if (!origin) {
      what.append(one[0], element("span", "nx-permission-target", visible(target)), ". This is no address that could be allowed: it needs a scheme and a host, such as https://api.example.org.");
      return { what, grantable: false };
    }
    const { before, domain, after, tooWide } = origin;
    const shown = element("span", "nx-permission-target", before);
    shown.append(element("strong", "", domain), after);
    what.append(one[0], shown, tooWide ? ". This stands for the sites of many owners, so it cannot be allowed." : "");
    return { what, grantable: !tooWide };
  }

  private refuse(use: CapabilityUse): void {
    this.refused.add(keyOf(use));
    this.listed = false;
    this.draw();
  }

  private enable(ready: boolean): void {
    for (const button of this.card.querySelectorAll("button")) button.setAttribute("aria-disabled", String(!ready));
  }

  private focusFirst(): void {
    this.card.querySelector<HTMLElement>("button")?.focus({ preventScroll: true });
  }

  /** A button that keeps the focus while it can do nothing yet. */
  private button(label: string, run: () => void): HTMLElement {
    const button = element("button", "nx-button", label) as HTMLButtonElement;
    button.type = "button";
    button.setAttribute("aria-disabled", "true");
    button.addEventListener("click", () => { if (this.settled.ready) run(); });
    return button;
  }
}
