// A mounted panel: its frame, and the view inside, following the workspace.

import { batch, effect, signal } from "@preact/signals-core";
import { registry } from "../components/index.ts";
import type { Adoption, Build, Grant, Json, Result, ServerFrame } from "../protocol/index.ts";
import type { Value } from "../reactor/expression/index.ts";
import type { ViewHost } from "../reactor/host.ts";
import { check } from "../reactor/index.ts";
import { AdoptionBand } from "./adoption.ts";
import { Owner } from "./binder.ts";
import { Chrome } from "./chrome.ts";
import { Clipboard } from "./clipboard.ts";
import { CodePane } from "./codepane.ts";
import { Conflicts } from "./conflicts.ts";
import { keepKeys } from "./keys.ts";
import { LiveHost, problemOf } from "./live.ts";
import { LocalHost } from "./local.ts";
import { PastView } from "./past.ts";
import { Permissions } from "./permissions.ts";
import { Picture } from "./picture.ts";
import { isTyping } from "./place.ts";
import { Presence } from "./presence.ts";
import type { ConnectionState, Follower, RequestBody, Transport } from "./transport.ts";

/** Loading shorter than this needs no words. */
const SAY_LOADING_AFTER = 400;

export class MountedPanel implements Follower {
  private readonly name: string;
  private readonly transport: Transport;
  private readonly chrome: Chrome;
  private readonly permissions: Permissions;
  private readonly code: CodePane;
  private readonly conflicts: Conflicts;
  private readonly presence: Presence;
  private readonly picture: Picture;
  private readonly past: PastView;
  private readonly adoption: AdoptionBand;
  private readonly owner = new Owner();
  private readonly clipboard = new Clipboard();
  private live: LiveHost | null = null;
  private nxml = "";
  private known: number | null = null;
  private grants: readonly Grant[] = [];
  private links: Readonly<Record<string, Json>> = {};
  /** What a text that is still arriving is drawn with. */
  private arriving: LocalHost | null = null;
  private readonly loading = signal<string | null>(null);

  constructor(root: HTMLElement, name: string, transport: Transport) {
    // What the server has drawn stays until it comes to life.
    const drawn = root.querySelector<HTMLElement>(":scope > .nx-body");
    this.picture = new Picture(drawn);
    this.name = name;
    this.transport = transport;
    root.classList.add("nx-panel", "nx-live");
    root.dataset["nx"] = name;
    this.chrome = new Chrome(name, { undo: (redo) => void this.undo(redo), history: () => this.past.toggle(), source: () => this.past.nxml ?? this.nxml, permissions: () => this.permissions.toggle(), sourceShown: (shown) => this.code.show(shown && transport.host !== "page") });
    this.code = new CodePane(name, transport, () => this.writeBack());
    const tell = (body: RequestBody): void => { transport.request(body).catch((error: unknown) => this.chrome.notice(problemText(error), "error")); };
    this.permissions = new Permissions({
      grant: ({ cap, target }, seconds, code) => tell({ type: "grant", panel: name, cap, target, seconds, code }),
      revoke: ({ cap, target }) => tell({ type: "revoke", panel: name, cap, target }),
      domains: () => transport.load("origins") as Promise<typeof import("./lazy/origins.ts")>,
      asking: (on) => this.chrome.asking(on),
    });
    this.conflicts = new Conflicts(name, (conflict, pick) => tell({ type: "resolve", panel: name, conflict, pick }));
    this.presence = new Presence(this.picture.body, () => transport.viewer, (at) => transport.focus(name, at));
    this.chrome.others(this.presence.faces);
    this.past = new PastView(name, transport, this.picture, {
      past: (on) => { root.toggleAttribute("data-past", on); this.chrome.past(on); this.chrome.title(this.live?.title ?? name); this.chrome.refreshSource(); },
      title: (text) => { this.chrome.title(text); this.chrome.refreshSource(); },
      tell: (text, level) => this.chrome.notice(text, level),
    });
    this.adoption = new AdoptionBand((number) => {
      transport.request({ type: "adoption.allow", number }).then((answer) => this.adoption.show((answer as Result).value as Adoption | null), (error: unknown) => this.chrome.notice(problemText(error), "error"));
    });
    if (transport.host === "page") this.chrome.withoutHistory();
    root.replaceChildren(this.picture.layout, this.adoption.root, this.chrome.bar, this.past.bar, this.past.band, this.chrome.messages, this.conflicts.card, this.picture.body, this.permissions.card, this.code.root, this.chrome.source);
    if (!drawn) this.showLoading();
    root.addEventListener("click", (event) => {
      const line = (event.target as Element).closest?.("[data-source-line]")?.getAttribute("data-source-line");
      if (line) this.chrome.showSource(Number(line));
    });
    // Once what follows from leaving a field is done.
    this.picture.body.addEventListener("focusout", () => setTimeout(() => { if (!isTyping(this.picture.body)) this.live?.abandonTyping(); }));
    this.owner.add(keepKeys(root, (redo) => { if (this.past.nxml === null) void this.undo(redo); }));
    this.owner.add(transport.follow(name, this));
  }

  dispose(): void {
    this.past.dispose();
    this.permissions.dispose();
    this.adoption.dispose();
    this.picture.dispose();
    this.presence.dispose();
    this.code.dispose();
    this.owner.dispose();
    this.chrome.dispose();
  }

  /** The panel as it is now, as HTML that needs nothing; null before it is there, and while the past is shown. */
  drawn(): string | null {
    return this.past.nxml === null ? (this.live?.picture((address) => takenAlong(this.picture.body, address)) ?? null) : null;
  }

  rev(): number | null {
    return this.known;
  }

  state(state: ConnectionState): void {
    this.chrome.connection(state, this.transport.host);
    if (state.kind === "live") {
      this.live?.reconnected();
      this.past.connected();
      this.code.reconnected();
      // Who may not allow anything is not told.
      this.transport.adopted?.().then((adoption) => { if (adoption) this.adoption.show(adoption); }, () => {});
    } else this.presence.forgotten();
  }

  frame(frame: ServerFrame): void {
    this.past.arrived(frame);
    switch (frame.type) {
      case "snapshot":
      case "reset":
        this.take(frame.nxml, frame.state, frame.rev);
        break;
      case "patch":
        this.patch(frame);
        break;
      case "gone":
        this.known = frame.rev;
        this.picture.say(`There is no panel '${this.name}' in this workspace. Run the cell that makes it, or check out a version that has it.`);
        break;
      case "diagnostics":
        this.chrome.diagnostics(frame.diagnostics);
        break;
      case "frame":
        this.live?.data.frameChanged(frame.name);
        break;
      case "links":
        this.links = frame.values;
        this.live?.links(frame.values);
        break;
      case "draft":
        this.draft(frame.done ? null : frame.nxml);
        break;
      case "grants":
        this.permissions.granted(frame.grants, frame.changed, frame.code);
        this.grants = frame.grants;
        this.live?.granted(frame.grants);
        if (frame.grants.some((grant) => grant.cap === "kernel.call")) this.live?.data.calledAgain();
        break;
      case "code":
        this.code.receive(frame);
        break;
      case "presence":
        this.presence.show(frame.viewers, frame.count);
        break;
      case "conflicts":
        this.conflicts.show(frame.conflicts);
        break;
      case "effect":
        this.effect(frame);
        break;
      case "notice":
        this.chrome.notice(frame.message, frame.level);
    }
  }

  private take(nxml: string, values: Readonly<Record<string, Json>>, rev: number): void {
    const first = this.live === null;
    this.known = rev;
    if (!first && nxml === this.nxml) {
      batch(() => { for (const [name, value] of Object.entries(values)) this.live?.confirm(name, value as Value); });
      this.live?.data.allStale();
      return;
    }
    this.nxml = nxml;
    this.arriving = null;
    const build = check(nxml, registry);
    this.live ??= new LiveHost(this.name, build, this.transport, {
      failed: (frame, error) => {
        if (error !== null && problemOf(error).code === "denied") this.permissions.denied();
        else this.chrome.fault(frame, error === null ? null : problemText(error));
      },
      slow: (action, cancel) => this.chrome.slow(action, cancel),
      denied: () => this.permissions.denied(),
      copying: () => this.clipboard.expect(),
    });
    this.live.replace(build, values);
    this.live.links(this.links);
    this.live.granted(this.grants);
    this.draw(build, this.live);
  }

  private patch(frame: Extract<ServerFrame, { type: "patch" }>): void {
    if (this.known === null || frame.rev <= this.known) return;
    const { live } = this;
    if (!live) {
      // There was no such panel before.
      if (frame.nxml !== null) this.take(frame.nxml, Object.fromEntries(frame.ops.flatMap(stateOf(this.name))), frame.rev);
      return;
    }
    if (frame.nxml !== null) {
      const values = { ...Object.fromEntries(frame.ops.flatMap(stateOf(this.name))) };
      // What the workspace has, not what is on the screen: an input that is still being typed is not known to it.
      const kept = Object.fromEntries(check(this.nxml, registry).state.map((state) => [state.name, live.known(state.name) as Json]));
      this.take(frame.nxml, { ...kept, ...values }, frame.rev);
      return;
    }
    this.known = frame.rev;
    batch(() => { for (const [name, value] of frame.ops.flatMap(stateOf(this.name))) live.confirm(name, value as Value); });
  }

  /** Show a text as far as it has arrived; null when that is over, and what was there before is shown again. */
  private draft(nxml: string | null): void {
    if (nxml === null) {
      this.chrome.arriving(false);
      if (this.arriving && this.live) this.draw(check(this.nxml, registry), this.live);
      this.arriving = null;
      return;
    }
    this.arriving ??= new LocalHost(false);
    const build = check(nxml, registry, { partial: true });
    this.arriving.replace(build);
    this.chrome.arriving(true);
    this.show(build, this.arriving);
  }

  private draw(build: Build, live: LiveHost): void {
    this.show(build, live);
    if (!isTyping(this.picture.body)) live.abandonTyping();
    this.permissions.asked(build);
    this.code.offer(build);
    this.chrome.refreshSource();
    this.chrome.diagnostics([]);
    this.chrome.follow(live.latency);
    this.loading.value = null;
  }

  private show(build: Build, host: ViewHost): void {
    this.picture.show(build, host);
    this.presence.mark();
    if (this.past.nxml === null) this.chrome.title(build.title);
  }

  private effect({ kind, name, data }: Extract<ServerFrame, { type: "effect" }>): void {
    if (kind === "notify") this.chrome.notice(String(data), name === "warning" || name === "error" ? name : "info");
    else if (kind === "clipboard") this.copy(String(data));
    else this.picture.body.dispatchEvent(new CustomEvent("nexus:event", { bubbles: true, detail: { panel: this.name, event: name, data } }));
  }

  private copy(text: string): void {
    const copied = (): void => this.chrome.notice("Copied to the clipboard.", "info");
    this.clipboard.copy(text).then(copied, () => this.chrome.offer("The browser copies only what is asked for by a click.", "Copy", () => {
      navigator.clipboard?.writeText(text).then(copied, () => this.chrome.notice("The browser does not let this page write to the clipboard.", "warning"));
    }));
  }

  private async undo(redo: boolean): Promise<void> {
    for (const text of (await this.live?.undo(redo)) ?? []) this.chrome.notice(text, "info");
  }

  /** Ask whoever knows the page's cells to put the text into the one that made the panel. */
  private writeBack(): void {
    const say = (problem: string): void => this.chrome.notice(problem, "warning");
    const asked = new CustomEvent("nexus:writeback", { bubbles: true, cancelable: true, detail: { panel: this.name, nxml: this.nxml, say } });
    if (this.picture.body.dispatchEvent(asked)) say("There is no notebook around this panel that could be written to. Copy the source instead.");
  }

  private showLoading(): void {
    const skeleton = document.createElement("div");
    skeleton.className = "nx-skeleton-lines";
    skeleton.setAttribute("aria-busy", "true");
    for (let i = 0; i < 3; i += 1) skeleton.append(Object.assign(document.createElement("div"), { className: "nx-skeleton" }));
    const words = document.createElement("div");
    words.className = "nx-empty";
    const stop = effect(() => { words.textContent = this.loading.value ?? ""; });
    this.picture.body.replaceChildren(skeleton, words);
    const timer = setTimeout(() => { this.loading.value = `Waiting for the panel '${this.name}' from the ${this.transport.host}\u2026`; }, SAY_LOADING_AFTER);
    this.owner.add(() => { clearTimeout(timer); stop(); });
  }
}

/** Characters of a picture that goes along into a notebook. */
const LONGEST_PICTURE = 4_000_000;

/** A picture of the page as a data: address; null where it is not there yet, or too large. */
function takenAlong(body: HTMLElement, address: string): string | null {
  const image = [...body.querySelectorAll("img")].find((one) => one.getAttribute("src") === address);
  if (!image?.complete || !image.naturalWidth) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  const found = canvas.toDataURL();
  return found.length > LONGEST_PICTURE || !found.startsWith("data:image/png") ? null : found;
}

function stateOf(panel: string) {
  const prefix = `${panel}/state.`;
  return (op: Extract<ServerFrame, { type: "patch" }>["ops"][number]): [string, Json][] => {
    if (op.op === "set" && op.id.startsWith(prefix) && Object.hasOwn(op.attrs, "value")) return [[op.id.slice(prefix.length), op.attrs["value"] as Json]];
    if (op.op === "insert" && op.entity.id.startsWith(prefix)) return [[op.entity.id.slice(prefix.length), (op.entity.attrs["value"] ?? null) as Json]];
    return [];
  };
}

function problemText(error: unknown): string {
  const { detail, hint } = problemOf(error);
  return [detail, hint].filter(Boolean).join(" ");
}

