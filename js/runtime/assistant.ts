// The assistant's place in the page. What it does is code of its own, which comes with the first one that is shown.

import { registry } from "../components/index.ts";
import { check } from "../reactor/index.ts";
import { element } from "./element.ts";
import { keepKeys } from "./keys.ts";
import { problemOf } from "./live.ts";
import { LocalHost } from "./local.ts";
import { Picture } from "./picture.ts";
import { Preview } from "./preview.ts";
import type { Transport } from "./transport.ts";

/** What is drawn of a text, until it is taken away. */
export interface Drawing {
  update(nxml: string): void;
  dispose(): void;
}

/** What the assistant needs of the runtime, so that its own code holds none of it again. */
export interface Kit {
  /** Say in sentences what went wrong. */
  problem(error: unknown): { readonly code: string; readonly text: string };
  /** Draw a text that is still arriving; what it reads and has not declared yet is a skeleton. */
  arriving(root: HTMLElement): Drawing;
  /** Draw a whole text, with nothing behind it. */
  preview(root: HTMLElement): Drawing;
}

function kitOf(transport: Transport): Kit {
  return { problem, arriving, preview: (root) => new Preview(root, (name) => transport.load(name)) };
}

function problem(error: unknown): ReturnType<Kit["problem"]> {
  const { code, detail, hint } = problemOf(error);
  return { code, text: [detail, hint].filter(Boolean).join(" ") };
}

function arriving(root: HTMLElement): Drawing {
  const picture = new Picture();
  const host = new LocalHost(false);
  root.append(picture.layout, picture.body);
  return {
    update(nxml) {
      const build = check(nxml, registry, { partial: true });
      host.replace(build);
      picture.show(build, host);
    },
    dispose: () => picture.dispose(),
  };
}

/** The assistant: a field for wishes, or, about a proposal, what it would change and the decision. */
export function mountAssistant(root: HTMLElement, transport: Transport, about: unknown): { dispose(): void } {
  let shown: { dispose(): void } | null = null;
  let gone = false;
  root.classList.add("nx-panel", "nx-live", "nx-assistant");
  const letKeysGo = keepKeys(root);
  const start = (): void => {
    const waiting = element("div", "nx-skeleton-lines");
    waiting.setAttribute("aria-busy", "true");
    waiting.append(element("div", "nx-skeleton"), element("div", "nx-skeleton"));
    root.replaceChildren(waiting);
    transport.load("assistant").then(
      (code) => { if (!gone) shown = (code as typeof import("./lazy/assistant.ts")).show(root, transport, kitOf(transport), proposalOf(about)); },
      (error: unknown) => {
        const again = element("button", "nx-button", "Try again");
        again.addEventListener("click", start);
        const said = element("div", "nx-empty", `The assistant could not be loaded. ${problem(error).text} `);
        said.setAttribute("role", "alert");
        root.replaceChildren(said, again);
      },
    );
  };
  start();
  return { dispose() { gone = true; letKeysGo(); shown?.dispose(); } };
}

/** The id of the proposal that an output or a widget names. The proposal comes from the workspace: what an output holds is not drawn. */
function proposalOf(about: unknown): string | null {
  return typeof about === "string" && /^[A-Za-z0-9_.-]{1,100}$/.test(about) ? about : null;
}
