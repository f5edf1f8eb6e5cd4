// Finding the runtime: from the server where there is one, else through the comm. Once per page.

import type { Language } from "../reactor/assist/types.ts";

export interface LoaderModel {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: string, listener: (content: { type?: string }, buffers: DataView[]) => void): void;
  off(event: string, listener: (content: { type?: string }, buffers: DataView[]) => void): void;
}

/** What an output shows. */
export type View = "panel" | "timebar" | "assistant";

/** The view that an output names; a panel, where it names none that is known. */
export function viewOf(name: unknown): View {
  return name === "timebar" || name === "assistant" ? name : "panel";
}

export interface Runtime {
  mount(element: HTMLElement, options: { panel: string; host: "server" | "kernel"; view?: View; about?: unknown; model?: unknown }): () => void;
  preview(element: HTMLElement): Preview;
  picture(element: Element): string | null;
  readonly language: Language;
}

/** What a text draws while it is written. */
export interface Preview {
  update(text: string): void;
  dispose(): void;
}

interface PageConfig {
  readonly baseUrl?: string;
  readonly token?: string;
  readonly nexus?: { readonly version: string };
}

const KEY = Symbol.for("nexus.runtime");
const LOADED = Symbol.for("nexus.runtime.loaded");
const PATIENCE = 15_000;

export function pageConfig(): PageConfig {
  return JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}") as PageConfig;
}

/** The runtime, if something in the page has needed it and it is there. */
export function loadedRuntime(): Runtime | null {
  return (globalThis as unknown as Record<symbol, Runtime | undefined>)[LOADED] ?? null;
}

/** The page's runtime, loaded when nobody has yet; a failure is forgotten, so that the next try is a new one. */
export function runtime(model?: LoaderModel): Promise<Runtime> {
  const page = globalThis as unknown as Record<symbol, Promise<Runtime> | undefined>;
  return (page[KEY] ??= (model ? fromComm(model) : fromServer()).then((found) => {
    (globalThis as unknown as Record<symbol, Runtime>)[LOADED] = found;
    return found;
  }, (error: unknown) => {
    delete page[KEY];
    throw error;
  }));
}

/** The version that a page's server has: JupyterLab's pages say it; the server of others is asked. */
async function versionOf(base: string): Promise<string> {
  const answer = await fetch(new URL(`${base}nexus/api/health`, location.href)).catch(() => null);
  if (!answer?.ok) throw new Error(`The Jupyter server of this page has no Nexus, or does not let you use it (${answer?.status ?? "no answer"}).`);
  return ((await answer.json()) as { version: string }).version;
}

async function fromServer(): Promise<Runtime> {
  const { baseUrl = document.body.dataset.baseUrl, token, nexus } = pageConfig();
  if (!baseUrl) throw new Error("This page is not served by a Jupyter server.");
  const version = nexus?.version ?? (await versionOf(baseUrl));
  const url = new URL(`${baseUrl}nexus/api/static/runtime.js?v=${version}`, location.href).href;
  try {
    return (await import(/* webpackIgnore: true */ url)) as Runtime;
  } catch {
    // Pages that have a token but no cookie yet must say it in a header.
    const headers: Record<string, string> = token ? { Authorization: `token ${token}` } : {};
    const xsrf = /\b_xsrf=([^;]*)/.exec(document.cookie)?.[1];
    if (xsrf) headers["X-XSRFToken"] = xsrf;
    const answer = await fetch(url, { headers });
    if (!answer.ok) throw new Error(`The server did not give the panel's code (${answer.status}). Reload the page to sign in again.`);
    return fromText(await answer.text());
  }
}

function fromComm(model: LoaderModel): Promise<Runtime> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The kernel does not answer: it may be busy or gone. Run the cell again.")), PATIENCE);
    const take = (content: { type?: string }, buffers: DataView[]): void => {
      if (content.type !== "runtime" || !buffers[0]) return;
      clearTimeout(timer);
      model.off("msg:custom", take);
      fromText(new TextDecoder().decode(buffers[0])).then(resolve, reject);
    };
    model.on("msg:custom", take);
    model.send({ type: "runtime" });
  });
}

async function fromText(code: string): Promise<Runtime> {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return (await import(/* webpackIgnore: true */ url)) as Runtime;
  } finally {
    URL.revokeObjectURL(url);
  }
}
