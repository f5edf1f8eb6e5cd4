// Panels and requests over one channel: who gets which frame. What carries the frames is a subclass's business.

import type { Adoption, AskEvent, ClientFrame, Result, ServerFrame } from "../protocol/index.ts";
import type { LazyName } from "../reactor/host.ts";
import { type ConnectionState, type Follower, gone, type Host, type Page, PROTOCOL, Refusal, type RequestBody, type Transport, type Watcher } from "./transport.ts";

interface Waiting {
  resolve(answer: Result | Page): void;
  reject(error: Error): void;
  /** Something became of it, and more will. */
  told(event: AskEvent): void;
}

/** Longer than an action may take: a minute, waiting included, and what stands before it in its panel's queue. */
const PATIENCE = 90_000;

export abstract class Multiplexer implements Transport {
  abstract readonly host: Host;
  abstract readonly workspace: string;
  private readonly watchers = new Set<Watcher>();
  private readonly followers = new Map<string, Set<Follower>>();
  private readonly waiting = new Map<string, Waiting>();
  private readonly loaded = new Map<LazyName, Promise<unknown>>();
  private last = 0;
  private foreign = false;
  private told = false;
  protected current: ConnectionState = { kind: "connecting" };
  viewer = "";

  /** Bring a file of code here. */
  protected abstract fetchCode(name: string): Promise<unknown>;

  /** Send now, or drop: after a reconnection everything needed is asked for again. */
  protected abstract send(frame: ClientFrame): boolean;

  follow(panel: string, follower: Follower): () => void {
    const set = this.followers.get(panel) ?? new Set();
    set.add(follower);
    this.followers.set(panel, set);
    follower.state(this.current);
    if (this.current.kind === "live") this.send({ type: "subscribe", panel, rev: null });
    return () => {
      set.delete(follower);
      if (set.size) return;
      this.followers.delete(panel);
      this.send({ type: "unsubscribe", panel });
    };
  }

  watch(watcher: Watcher): () => void {
    this.watchers.add(watcher);
    watcher.state(this.current);
    return () => { this.watchers.delete(watcher); };
  }

  async adopted(): Promise<Adoption | null> {
    if (!this.foreign || this.told) return null;
    this.told = true;
    return ((await this.request({ type: "adoption" })) as Result).value as Adoption | null;
  }

  load(name: LazyName): Promise<unknown> {
    let found = this.loaded.get(name);
    if (!found) {
      // A failure is forgotten, so that the next try is a new one.
      found = this.fetchCode(`${name}.js`).catch((error: unknown) => { this.loaded.delete(name); throw error; });
      this.loaded.set(name, found);
    }
    return found;
  }

  cancel(id: string): void {
    this.send({ type: "cancel", id });
  }

  type(panel: string, node: string, epoch: string, update: string): void {
    this.send({ type: "code.update", panel, node, epoch, update });
  }

  leaveCode(panel: string, node: string): void {
    this.send({ type: "code.close", panel, node });
  }

  focus(panel: string, element: string | null): void {
    this.send({ type: "focus", panel, element });
  }

  request(body: RequestBody, sent: (id: string) => void = () => {}, told: (event: AskEvent) => void = () => {}): Promise<Result | Page> {
    const id = String(++this.last);
    sent(id);
    return new Promise((resolve, reject) => {
      const wait = () => setTimeout(() => this.settle(id)?.reject(new Refusal(gone("The server did not answer."))), PATIENCE);
      let timer = wait();
      const done = <T>(finish: (value: T) => void) => (value: T): void => { clearTimeout(timer); finish(value); };
      this.waiting.set(id, { resolve: done(resolve), reject: done(reject), told: (event) => { clearTimeout(timer); timer = wait(); told(event); } });
      if (!this.send({ ...body, id } as ClientFrame)) this.settle(id)?.reject(new Refusal(gone("Not connected to the server right now.", "The connection comes back by itself; do it again then.")));
    });
  }

  protected opened(): void {
    this.send({ type: "hello", version: PROTOCOL, token: null });
  }

  /** Only once the connection is accepted, so that a panel that came meanwhile is neither left out nor asked for twice. */
  private accepted(): void {
    this.change({ kind: "live" });
    for (const [panel, set] of this.followers) {
      const revs = [...set].map((follower) => follower.rev());
      this.send({ type: "subscribe", panel, rev: revs.includes(null) ? null : Math.min(...(revs as number[])) });
    }
  }

  protected lost(at: number): void {
    for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(new Refusal(gone("The connection broke before the answer came.", "Look whether it was done before you do it again.")));
    this.change({ kind: "offline", at });
  }

  protected change(state: ConnectionState): void {
    this.current = state;
    for (const set of this.followers.values()) for (const follower of set) follower.state(state);
    for (const watcher of this.watchers) watcher.state(state);
  }

  protected receive(frame: ServerFrame): void {
    if (frame.type === "welcome") {
      this.viewer = frame.viewer;
      this.foreign = frame.foreign;
      this.accepted();
    }
    else if (frame.type === "result") {
      const waiting = this.settle(frame.id);
      if (frame.problem) waiting?.reject(new Refusal(frame.problem));
      else waiting?.resolve(frame);
    } else if (frame.type === "ask.event") this.waiting.get(frame.request)?.told(frame.event);
    else if (frame.type === "history.moved") for (const watcher of this.watchers) watcher.moved();
    else if ("panel" in frame) for (const follower of this.followers.get(frame.panel) ?? []) follower.frame(frame);
    else if (frame.type === "frame" || frame.type === "notice") for (const set of this.followers.values()) for (const follower of set) follower.frame(frame);
  }

  protected receivePage(page: Page): void {
    this.settle(page.header.id)?.resolve(page);
  }

  private settle(id: string): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }
}
