// The page's side of MCP Apps: JSON-RPC by messages to the client that shows the page. Written by hand, since the
// official class brings a validator of ten times this code's whole size; tested against the official host's side.

import type { Json } from "../protocol/index.ts";

const VERSION = "2026-01-26";

/** What a client says of itself, as far as a page heeds it. */
export interface HostContext {
  readonly theme?: "light" | "dark";
  readonly styles?: { readonly variables?: Readonly<Record<string, string | undefined>> };
}

export interface ToolResult {
  readonly isError?: boolean;
  readonly content?: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: Readonly<Record<string, Json>>;
}

export interface Told {
  /** The call that the page was shown for: its arguments. */
  input(args: Readonly<Record<string, Json>>): void;
  /** The answer of that call. */
  result(result: ToolResult): void;
  context(context: HostContext): void;
}

interface Message {
  readonly jsonrpc?: string;
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: string };
}

export class Bridge {
  private readonly host: Window;
  private readonly told: Told;
  private readonly waiting = new Map<number, [(value: unknown) => void, (error: Error) => void]>();
  private last = 0;

  constructor(host: Window, told: Told) {
    this.host = host;
    this.told = told;
    window.addEventListener("message", (event) => { if (event.source === host) this.receive(event.data as Message); });
  }

  /** Meet the client; nothing else may be said before. */
  async open(name: string, version: string): Promise<void> {
    const met = (await this.request("ui/initialize", { protocolVersion: VERSION, appInfo: { name, version }, appCapabilities: {} })) as { hostContext?: HostContext };
    this.told.context(met.hostContext ?? {});
    this.notify("ui/notifications/initialized", {});
  }

  async callTool(name: string, args: Readonly<Record<string, Json>>): Promise<ToolResult> {
    return (await this.request("tools/call", { name, arguments: args })) as ToolResult;
  }

  openLink(url: string): void {
    this.request("ui/open-link", { url }).catch(() => {}); // the client does not open links: so be it
  }

  size(width: number, height: number): void {
    this.notify("ui/notifications/size-changed", { width, height });
  }

  private request(method: string, params: unknown): Promise<unknown> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, [resolve, reject]);
      this.say({ id, method, params });
    });
  }

  private notify(method: string, params: unknown): void {
    this.say({ method, params });
  }

  private say(message: Message): void {
    // To whoever embeds the page: it cannot know which client that is, and says nothing that this client did not give it.
    this.host.postMessage({ jsonrpc: "2.0", ...message }, "*");
  }

  private receive(message: Message): void {
    if (message?.jsonrpc !== "2.0") return;
    if (message.method === undefined) {
      const [resolve, reject] = this.waiting.get(Number(message.id)) ?? [];
      this.waiting.delete(Number(message.id));
      if (message.error) reject?.(new Error(message.error.message ?? "The client refused."));
      else resolve?.(message.result);
      return;
    }
    if (message.id !== undefined) {
      // Clients ask whether the page is there, and tell it that it will be taken away; nothing needs saving.
      if (message.method === "ping" || message.method === "ui/resource-teardown") this.host.postMessage({ jsonrpc: "2.0", id: message.id, result: {} }, "*");
      else this.host.postMessage({ jsonrpc: "2.0", id: message.id, error: { code: -32601, message: "A panel's page does not do that." } }, "*");
      return;
    }
    const params = (message.params ?? {}) as never;
    if (message.method === "ui/notifications/tool-input") this.told.input((params as { arguments?: Record<string, Json> }).arguments ?? {});
    else if (message.method === "ui/notifications/tool-result") this.told.result(params);
    else if (message.method === "ui/notifications/host-context-changed") this.told.context(params);
  }
}
