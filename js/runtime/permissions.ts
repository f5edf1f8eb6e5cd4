// What a panel asks for and what it was allowed: the card that asks the person, and the list that can be taken back from.
// It is drawn outside of the panel's own view, so that no panel can draw over it or press its buttons.

import type { CapabilityUse, Grant } from "../protocol/index.ts";
import { element } from "./element.ts";

export interface PermissionActions {
  grant(use: CapabilityUse, seconds: number | null): void;
  revoke(use: CapabilityUse): void;
}

const HOUR = 3600;
/** Capabilities that every panel has. */
const FREE = new Set<CapabilityUse["cap"]>(["state", "time", "random", "log"]);

/** What a capability means, for a person who has never heard of it. */
function words({ cap, target }: CapabilityUse): string {
  switch (cap) {
    case "net.http": return target ? `exchange data with ${target}` : "exchange data with any public internet address";
    case "net.ws": return target ? `keep a connection to ${target}` : "keep connections to any public internet address";
    case "kernel.call": return target ? `run the function ${target} of your notebook` : "run any function that your notebook exposes";
    case "frame.read": return target ? `read the rows of the table ${target}` : "read the rows of any bound table";
    case "panel.read": return target ? `read the values of the panel ${target}` : "read the values of any other panel";
    case "panel.send": return target ? `run actions of ${target}` : "run actions of any other panel";
    case "fs.read": return target ? `read the workspace's files below ${target}` : "read all of the workspace's files";
    case "fs.write": return target ? `change the workspace's files below ${target}` : "change all of the workspace's files";
    case "db.query": return target?.endsWith(":write") ? `read and change the database ${target.slice(0, -":write".length)}` : target ? `read the database ${target}` : "read all connected databases";
    case "ai.complete": return "ask a language model";
    case "agent.emit": return target ? `send the event ${target}` : "send events";
    case "notify": return "show you notes";
    case "clipboard": return "put text on your clipboard";
    default: return `use ${cap}`;
  }
}

function same(use: CapabilityUse, grant: Grant): boolean {
  return grant.cap === use.cap && (grant.target === null || grant.target === use.target);
}

export class Permissions {
  readonly card = element("section", "nx-permissions");
  private readonly actions: PermissionActions;
  private uses: readonly CapabilityUse[] = [];
  private grants: readonly Grant[] | null = null;
  /** What the person has said no to, until the page is loaded again or the panel fails for want of it. */
  private readonly refused = new Set<string>();
  private listed = false;

  constructor(actions: PermissionActions) {
    this.actions = actions;
    this.card.setAttribute("aria-label", "Permissions");
    this.card.hidden = true;
  }

  asked(uses: readonly CapabilityUse[]): void {
    this.uses = uses.filter((use) => !FREE.has(use.cap));
    this.draw();
  }

  granted(grants: readonly Grant[]): void {
    this.grants = grants;
    this.draw();
  }

  /** Something failed for want of a grant: ask again. */
  denied(): void {
    this.refused.clear();
    this.draw();
  }

  toggle(): void {
    this.listed = !this.listed;
    this.draw();
  }

  private draw(): void {
    const open = this.grants ? this.uses.filter((use) => !this.holds(use)) : [];
    const asking = open.filter((use) => !this.refused.has(words(use)));
    const shown = this.listed ? this.uses : asking;
    this.card.hidden = !shown.length && !this.listed;
    const title = this.listed ? (this.uses.length ? "What this panel asks for" : "This panel asks for nothing.") : "This panel asks for your permission to";
    this.card.replaceChildren(element("div", "nx-permissions-title", title), ...shown.map((use) => this.row(use)));
  }

  private holds(use: CapabilityUse): Grant | undefined {
    return this.grants?.find((grant) => same(use, grant));
  }

  private row(use: CapabilityUse): HTMLElement {
    const row = element("div", "nx-permission");
    const text = element("div", "nx-permission-text");
    text.append(element("div", "nx-permission-what", words(use)), element("div", "nx-permission-why", `\u201c${use.why}\u201d`));
    const buttons = element("div", "nx-permission-buttons");
    const grant = this.holds(use);
    if (grant) {
      const until = grant.until ? `until ${new Date(grant.until).toLocaleTimeString()}` : "until you take it back";
      text.append(element("div", "nx-permission-why", `Allowed by ${grant.granted_by}, ${until}.`));
      buttons.append(this.button("Take back", "", () => this.actions.revoke(use)));
    } else {
      // First in reading and tab order, so that a hasty Enter allows nothing.
      buttons.append(
        this.button("No", "", () => this.refuse(use)),
        this.button("For an hour", "", () => this.actions.grant(use, HOUR)),
        this.button("Always here", "primary", () => this.actions.grant(use, null)),
      );
    }
    row.append(text, buttons);
    return row;
  }

  private refuse(use: CapabilityUse): void {
    this.refused.add(words(use));
    this.listed = false;
    this.draw();
  }

  private button(label: string, kind: string, run: () => void): HTMLElement {
    const button = element("button", "nx-button", label) as HTMLButtonElement;
    button.type = "button";
    if (kind) button.dataset["kind"] = kind;
    button.addEventListener("click", run);
    return button;
  }
}
