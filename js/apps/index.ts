// A panel as an MCP App: the reactor in a page that a client shows, and a workspace behind the client.

import type { Json } from "../protocol/index.ts";
import { MountedPanel } from "../runtime/panel.ts";
import { addStyles } from "../runtime/styles.ts";
import { Bridge, type HostContext } from "./bridge.ts";
import { AppTransport } from "./transport.ts";

/** What the page carries: see nexus_jupyter/mcp/apppage.py. */
interface Payload {
  /** Which panel; null when the call that the page is shown for says it. */
  readonly panel: string | null;
  readonly ticket: string;
  readonly code: Readonly<Record<string, string>>;
}

/** The client's colours and fonts, under the names that panels know. */
const COLOURS: Readonly<Record<string, string>> = {
  "--jp-layout-color1": "--color-background-primary",
  "--jp-layout-color2": "--color-background-secondary",
  "--jp-border-color1": "--color-border-primary",
  "--jp-border-color2": "--color-border-secondary",
  "--jp-ui-font-color1": "--color-text-primary",
  "--jp-ui-font-color2": "--color-text-secondary",
  "--jp-ui-font-family": "--font-sans",
  "--jp-code-font-family": "--font-mono",
};
/** For a dark client that gives no colours. */
const DARK: Readonly<Record<string, string>> = {
  "--jp-layout-color1": "#1e1e1e",
  "--jp-layout-color2": "#2a2a2a",
  "--jp-border-color1": "#5a5a5a",
  "--jp-border-color2": "#3c3c3c",
  "--jp-ui-font-color1": "rgba(255, 255, 255, 0.87)",
  "--jp-ui-font-color2": "rgba(255, 255, 255, 0.6)",
  "--jp-brand-color1": "#64b5f6",
  "--jp-ui-inverse-font-color1": "#111",
};

let theme: HostContext["theme"];

function dress({ theme: named, styles }: HostContext): void {
  theme = named ?? theme;
  if (theme) document.body.dataset["jpThemeLight"] = String(theme === "light");
  const { style } = document.documentElement;
  if (theme) style.colorScheme = theme;
  for (const [ours, dark] of Object.entries(DARK)) {
    if (theme === "dark") style.setProperty(ours, dark);
    else style.removeProperty(ours);
  }
  for (const [ours, theirs] of Object.entries(COLOURS)) {
    const value = styles?.variables?.[theirs];
    if (value) style.setProperty(ours, value);
  }
}

function main(): void {
  const payload = JSON.parse(document.getElementById("nexus-payload")?.textContent ?? "{}") as Payload;
  const place = document.querySelector("main") as HTMLElement;
  let mounted: string | null = null;
  const show = (panel: Json | undefined): void => {
    if (mounted !== null || typeof panel !== "string") return;
    mounted = panel;
    const root = place.querySelector<HTMLElement>(".nx-panel") ?? place.appendChild(document.createElement("div"));
    new MountedPanel(root, panel, transport);
  };
  const bridge: Bridge = new Bridge(window.parent, {
    input: ({ panel }) => show(panel),
    result: ({ structuredContent }) => { show(structuredContent?.["panel"]); transport.refresh(); },
    context: dress,
  });
  const transport = new AppTransport(bridge, payload.ticket, payload.code);
  addStyles(document.body);
  show(payload.panel ?? undefined);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) transport.refresh(); });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.("a[href^='http']");
    if (!link) return;
    event.preventDefault();
    bridge.openLink((link as HTMLAnchorElement).href);
  });
  bridge.open("nexus-panel", "1").then(() => {
    transport.start();
    new ResizeObserver(() => bridge.size(Math.ceil(place.scrollWidth), Math.ceil(place.getBoundingClientRect().height))).observe(place);
  }, (error: unknown) => { place.append(`The panel cannot be shown here: ${error instanceof Error ? error.message : String(error)}`); });
}

main();
