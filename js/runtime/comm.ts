// The same frames over a widget's comm, where the workspace lives in the kernel.

import type { ClientFrame, ServerFrame } from "../protocol/index.ts";
import { Multiplexer } from "./multiplexer.ts";
import { readPage } from "./transport.ts";

/** Milliseconds to wait for code that the kernel sends. */
const PATIENCE = 20_000;

/** What is used of anywidget's model. */
export interface Model {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: string, listener: (content: unknown, buffers: DataView[]) => void): void;
  off(event: string, listener: (content: unknown, buffers: DataView[]) => void): void;
}

export class CommTransport extends Multiplexer {
  readonly host = "kernel";
  readonly workspace: string;
  private readonly model: Model;

  constructor(model: Model) {
    super();
    this.model = model;
    this.workspace = `kernel:${String(model.get("workspace"))}`;
    model.on("msg:custom", (content, buffers) => {
      const message = content as { type?: string; frame?: string };
      if (message.type === "frame" && message.frame) this.receive(JSON.parse(message.frame) as ServerFrame);
      else if (message.type === "page" && buffers[0]) this.receivePage(readPage(new Uint8Array(buffers[0].buffer, buffers[0].byteOffset, buffers[0].byteLength)));
    });
    this.opened();
  }

  protected override fetchCode(name: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("The kernel does not answer: it may be busy.")), PATIENCE);
      const take = (content: unknown, buffers: DataView[]): void => {
        const message = content as { type?: string; name?: string };
        if (message.type !== "asset" || message.name !== name || !buffers[0]) return;
        clearTimeout(timer);
        this.model.off("msg:custom", take);
        const url = URL.createObjectURL(new Blob([new TextDecoder().decode(buffers[0])], { type: "text/javascript" }));
        import(/* webpackIgnore: true */ url).then(resolve, reject).finally(() => URL.revokeObjectURL(url));
      };
      this.model.on("msg:custom", take);
      this.model.send({ type: "asset", name });
    });
  }

  protected send(frame: ClientFrame): boolean {
    this.model.send({ type: "frame", frame });
    return true;
  }
}
