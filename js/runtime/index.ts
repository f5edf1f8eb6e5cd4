// The browser runtime: mounts panels. One per page, however many widgets ask for it.

import { registry } from "../components/index.ts";
import { type Language, languageOf } from "../reactor/assist/index.ts";
import { mountAssistant } from "./assistant.ts";
import { CommTransport, type Model } from "./comm.ts";
import { assetUrl, fileUrl, jupyterPage, streamUrl } from "./host.ts";
import { MountedPanel } from "./panel.ts";
import { Preview } from "./preview.ts";
import { SocketTransport } from "./socket.ts";
import { addStyles } from "./styles.ts";
import { playingOf } from "./playing.ts";
import { mountTimeBar } from "./timebar.ts";
import type { Transport } from "./transport.ts";

export { reactIsland, registerIsland } from "./islands.ts";

export type { Preview } from "./preview.ts";

export interface MountOptions {
  readonly panel: string;
  readonly host: "server" | "kernel";
  /** What is shown: the panel, or, without one, the time bar of the workspace or its assistant. */
  readonly view?: "panel" | "timebar" | "assistant";
  /** What the view is about, or its JSON: for the assistant a proposal, for the time bar what is to be played. */
  readonly about?: unknown;
  /** The widget's model, for a workspace in the kernel. */
  readonly model?: Model;
}

/** The panels of the page, by the elements that they are in. */
const mounted = new WeakMap<Element, MountedPanel>();

let socket: SocketTransport | null = null;
const comms = new WeakMap<Model, CommTransport>();

/** Show a panel in an element; returns what takes it away again. Throws a sentence when there is nothing to talk to. */
export function mount(element: HTMLElement, options: MountOptions): () => void {
  addStyles(element);
  const shown = viewed(element, options);
  return () => shown.dispose();
}

function viewed(element: HTMLElement, options: MountOptions): { dispose(): void } {
  const over = transport(options);
  if (options.view === "timebar") return mountTimeBar(element, over, playingOf(options.about));
  if (options.view === "assistant") return mountAssistant(element, over, options.about);
  const panel = new MountedPanel(element, options.panel, over);
  mounted.set(element, panel);
  return panel;
}

/** What the panel in an element looks like now, as HTML that needs nothing; null where there is none. */
export function picture(element: Element): string | null {
  return mounted.get(element)?.drawn() ?? null;
}

/** Show in an element what a text draws, with no workspace behind it. */
export function preview(element: HTMLElement): Preview {
  addStyles(element);
  return new Preview(element);
}

/** What the editors in the page are told of the texts in them. */
export const language: Language = languageOf(registry);

function transport({ host, model }: MountOptions): Transport {
  if (host === "kernel") {
    if (!model) throw new Error("A workspace in the kernel needs the widget's model.");
    const found = comms.get(model) ?? new CommTransport(model);
    comms.set(model, found);
    return found;
  }
  const page = jupyterPage();
  if (!page) throw new Error("This page is not served by a Jupyter server with Nexus. Open the notebook there, or use an embedded workspace: nexus.Workspace.open(folder).");
  socket ??= new SocketTransport(streamUrl(page), (name) => assetUrl(page, name), (path) => fileUrl(page, path));
  return socket;
}
