// Where the page comes from: Jupyter's page configuration, or the address that this code was loaded from.

import { FILE_ROUTE } from "../reactor/picture.ts";

export interface JupyterPage {
  /** Path below which the server's routes lie, with a slash at the end. */
  readonly base: string;
  readonly token: string;
  readonly version: string;
}

/** The page's Jupyter server, if it has the Nexus extension. */
export function jupyterPage(): JupyterPage | null {
  const text = document.getElementById("jupyter-config-data")?.textContent || "{}";
  const { baseUrl, token = "", nexus } = JSON.parse(text) as { baseUrl?: string; token?: string; nexus?: { version?: string } };
  if (baseUrl && nexus) return { base: baseUrl, token, version: nexus.version ?? "" };
  const [, base, version] = /^https?:\/\/[^/]+(\/.*)nexus\/api\/static\/[^?]*\?v=(.*)$/.exec(import.meta.url) ?? [];
  return base !== undefined && version !== undefined ? { base, token, version } : null;
}

/** Where a file of the runtime is. */
export function assetUrl(page: JupyterPage, name: string): string {
  return new URL(`${page.base}nexus/api/static/${name}?v=${page.version}`, location.href).href;
}

/** The path on the page's own server of a picture below the workspace's files/. */
export function fileUrl(page: JupyterPage, path: string): string {
  return new URL(`${page.base}${FILE_ROUTE}${path.split("/").map(encodeURIComponent).join("/")}`, location.href).pathname;
}

export function streamUrl(page: JupyterPage): string {
  const url = new URL(`${page.base}nexus/api/stream`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  // The page was given its token by the server itself; a WebSocket cannot carry it in a header.
  if (page.token) url.searchParams.set("token", page.token);
  return url.href;
}
