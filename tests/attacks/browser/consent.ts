// The consent card alone in a page, with a panel's button above it: what it was told is kept for the test.

import css from "../../../js/components/panel.css";
import { check } from "../../../js/reactor/index.ts";
import { registry } from "../../../js/components/index.ts";
import { registrable } from "../../../js/runtime/lazy/origins.ts";
import { Permissions } from "../../../js/runtime/permissions.ts";

interface Shown {
  granted: string[];
  ask(uses: string, body?: string): void;
  change(difference: string): void;
  denied(): void;
  toggle(): void;
  hold(cap: string, target: string | null): void;
}

const granted: string[] = [];
const permissions = new Permissions({
  grant: ({ cap, target }, seconds) => granted.push(`${cap} ${target} ${seconds}`),
  revoke: ({ cap, target }) => granted.push(`taken back ${cap} ${target}`),
  domains: () => Promise.resolve({ registrable }),
  asking: () => {},
});

document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
const panel = Object.assign(document.createElement("div"), { className: "nx-panel" });
panel.innerHTML = '<div class="nx-body"><div id="space"></div><button id="own">Roll</button></div>';
panel.append(permissions.card);
document.body.append(panel);

const shown: Shown = {
  granted,
  ask: (uses, body = "") => {
    permissions.asked(check(`<panel id="p"><view><text id="t">x</text></view><data><frame name="sales" from="kernel:sales"/></data><logic>${uses}<action name="go">${body}</action></logic></panel>`, registry));
    permissions.granted([], [], "c1");
  },
  change: (difference) => permissions.granted([], [{ cap: "net.http", target: "https://api.example.org", difference }], "c2"),
  denied: () => permissions.denied(),
  toggle: () => permissions.toggle(),
  hold: (cap, target) => permissions.granted([{ id: "g", panel: "p", cap: cap as never, target, granted_by: "me", at: "2026-11-01T00:00:00Z", until: null, revoked_by: null, revoked_at: null, code: "c1", stale: false }], [], "c1"),
};
(globalThis as unknown as { shown: Shown }).shown = shown;
