// A workspace behind an MCP client: each frame is a call of one tool, whose answer has the frames that follow from it.

import type { ClientFrame, Json, ServerFrame } from "../protocol/index.ts";
import { Multiplexer } from "../runtime/multiplexer.ts";
import { gone, readPage } from "../runtime/transport.ts";
import type { Bridge, ToolResult } from "./bridge.ts";
import { bytes, evaluated } from "./code.ts";

const TOOL = "nexus_app";
/** What a page may ask for; nobody is told where its reader is, and permissions are given in Jupyter. */
const ASKED: ReadonlySet<ClientFrame["type"]> = new Set(["subscribe", "trigger", "set", "undo", "frame.page", "cancel"]);

export class AppTransport extends Multiplexer {
  readonly host = "page";
  readonly workspace = "app";
  private readonly bridge: Bridge;
  private readonly ticket: string;
  private readonly code: Readonly<Record<string, string>>;
  /** The newest rev that is known of each panel. */
  private readonly revs = new Map<string, number>();

  constructor(bridge: Bridge, ticket: string, code: Readonly<Record<string, string>>) {
    super();
    this.bridge = bridge;
    this.ticket = ticket;
    this.code = code;
  }

  /** The client is there: whoever follows a panel can be told of it. */
  start(): void {
    this.receive({ type: "welcome", version: 1, workspace: this.workspace, rev: 0, user: { id: "", name: "", kind: "user" }, host: "server", viewer: "", foreign: false });
  }

  /** Ask what has changed meanwhile. */
  refresh(): void {
    for (const [panel, rev] of this.revs) this.send({ type: "subscribe", panel, rev });
  }

  protected override fetchCode(name: string): Promise<unknown> {
    const packed = this.code[name];
    return packed === undefined ? Promise.reject(new Error("The page was made before the panel needed this. Show the panel again.")) : evaluated(packed);
  }

  protected send(frame: ClientFrame): boolean {
    if (ASKED.has(frame.type)) void this.call(frame);
    else if ("id" in frame) this.fail(frame.id, "This is done where the panel lives: open it in Jupyter.");
    return true;
  }

  private async call(frame: ClientFrame): Promise<void> {
    const rev = "panel" in frame && frame.panel !== null ? (this.revs.get(frame.panel) ?? null) : null;
    let answer: ToolResult;
    try {
      answer = await this.bridge.callTool(TOOL, { ticket: this.ticket, frame: frame as unknown as Json, rev });
      if (answer.isError) throw new Error(answer.content?.find(({ type }) => type === "text")?.text ?? "The server refused.");
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      if ("id" in frame) this.fail(frame.id, said);
      else this.receive({ type: "notice", level: "error", message: said, code: "unavailable" });
      return;
    }
    for (const one of (answer.structuredContent?.["frames"] ?? []) as unknown as (ServerFrame | { rows: string })[]) this.take(one);
  }

  private take(one: ServerFrame | { rows: string }): void {
    if ("rows" in one) {
      this.receivePage(readPage(bytes(one.rows)));
      return;
    }
    if ("panel" in one && "rev" in one && typeof one.rev === "number") this.revs.set(one.panel as string, Math.max(one.rev, this.revs.get(one.panel as string) ?? 0));
    this.receive(one);
  }

  private fail(id: string, detail: string): void {
    this.receive({ type: "result", id, rev: 0, value: null, problem: gone(detail), profile: null, seen: {} });
  }
}
