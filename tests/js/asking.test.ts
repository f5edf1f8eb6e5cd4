// What becomes of a wish reaches whoever asked, and nobody else, however long it takes.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AskEvent, ClientFrame, ServerFrame } from "../../js/protocol/index.ts";
import { Multiplexer } from "../../js/runtime/multiplexer.ts";

class Wire extends Multiplexer {
  readonly host = "server";
  readonly workspace = "server";
  readonly sent: ClientFrame[] = [];
  connected = true;

  protected fetchCode(): Promise<unknown> {
    return Promise.reject(new Error("there is no code here"));
  }

  protected send(frame: ClientFrame): boolean {
    if (this.connected) this.sent.push(frame);
    return this.connected;
  }

  arrives(frame: ServerFrame): void {
    this.receive(frame);
  }

  breaks(): void {
    this.lost(0);
  }
}

const wish = { type: "ask", body: { text: "x", panel: null, create: null, frames: [] }, traceparent: null } as const;
const text = (request: string, words: string): ServerFrame => ({ type: "ask.event", request, event: { kind: "text", text: words } });
const result = (id: string): ServerFrame => ({ type: "result", id, rev: 1, problem: null, value: null, profile: null }) as ServerFrame;

describe("a wish over the connection", () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it("is told of to whoever asked, until its result", async () => {
    const wire = new Wire();
    const [mine, others]: [AskEvent[], AskEvent[]] = [[], []];
    const first = wire.request(wish, () => {}, (event) => mine.push(event));
    const second = wire.request(wish, () => {}, (event) => others.push(event));
    wire.arrives(text("1", "a"));
    wire.arrives(text("2", "b"));
    wire.arrives(text("1", "c"));
    wire.arrives(result("1"));
    wire.arrives(text("1", "too late"));
    await first;
    expect(mine.map((event) => (event as { text: string }).text)).toEqual(["a", "c"]);
    expect(others).toHaveLength(1);
    wire.arrives(result("2"));
    await second;
  });

  it("may take longer than anything else, as long as something comes", async () => {
    const wire = new Wire();
    let over: unknown = null;
    wire.request(wish).then(() => { over = "answered"; }, (error: unknown) => { over = error; });
    for (let minute = 0; minute < 10; minute += 1) {
      await vi.advanceTimersByTimeAsync(60_000);
      wire.arrives(text("1", "."));
    }
    expect(over).toBeNull();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(String(over)).toContain("The server did not answer");
  });

  it("fails in a sentence when the connection breaks, or is not there", async () => {
    const wire = new Wire();
    const broken = wire.request(wish);
    wire.breaks();
    await expect(broken).rejects.toThrow("The connection broke before the answer came.");
    wire.connected = false;
    await expect(wire.request(wish)).rejects.toThrow("Not connected to the server right now.");
  });
});
