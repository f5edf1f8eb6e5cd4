// The WebSocket to the server extension: one per page, reconnecting with patience.

import type { ClientFrame, ServerFrame } from "../protocol/index.ts";
import { Multiplexer } from "./multiplexer.ts";
import { readPage } from "./transport.ts";

const FIRST_WAIT = 250;
const LONGEST_WAIT = 15_000;

export class SocketTransport extends Multiplexer {
  readonly host = "server";
  readonly workspace = "server";
  readonly file: (path: string) => string;
  private readonly url: string;
  private socket: WebSocket | null = null;
  private wait = FIRST_WAIT;

  private readonly asset: (name: string) => string;

  constructor(url: string, asset: (name: string) => string, file: (path: string) => string) {
    super();
    this.file = file;
    this.url = url;
    this.asset = asset;
    this.connect();
    // A laptop that wakes up, or a network that comes back, need not wait for the timer.
    globalThis.addEventListener?.("online", () => this.hurry());
  }

  protected override fetchCode(name: string): Promise<unknown> {
    return import(/* webpackIgnore: true */ this.asset(name));
  }

  private connect(): void {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.wait = FIRST_WAIT;
      this.opened();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (typeof event.data === "string") this.receive(JSON.parse(event.data) as ServerFrame);
      else this.receivePage(readPage(event.data));
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      // Jitter: after a server's restart not all pages come at the same moment.
      const delay = this.wait * (0.75 + Math.random() / 2);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
      this.lost(Date.now() + delay);
      setTimeout(() => { if (!this.socket) this.connect(); }, delay);
    };
  }

  private hurry(): void {
    if (!this.socket) this.connect();
  }

  protected send(frame: ClientFrame): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }
}
