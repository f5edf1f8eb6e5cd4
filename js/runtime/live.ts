// The live side of a view: signals for states, optimistic input, actions with their progress and problems.

import { batch, computed, effect, type Signal, signal, untracked } from "@preact/signals-core";
import { components, stylesheet } from "../components/index.ts";
import type { Aggregate, Build, Grant, Json, Ordering, Problem, Result } from "../protocol/index.ts";
import { render } from "../reactor/drawing.ts";
import type { Value } from "../reactor/expression/index.ts";
import type { Cell, Gesture, LazyName, Marks, PartChange, Rows, ViewHost } from "../reactor/host.ts";
import { PanelData } from "./data.ts";
import { islandOf } from "./islands.ts";
import { covers, isElsewhere } from "./origin.ts";
import { shared } from "./shared.ts";
import { traceparent } from "./trace.ts";
import { gone, Refusal, type Transport } from "./transport.ts";
import { upload } from "./upload.ts";

/** Shorter than this, progress would only flicker. */
const SHOW_PROGRESS_AFTER = 150;

/** An action that runs longer than this can be cancelled. */
const OFFER_CANCEL_AFTER = 1000;

/** How the person at the panel is told of what happens. */
export interface People {
  /** The rows of a frame could not be had, and nothing shows them that could say so; null when they can again. */
  failed(frame: string, error: unknown): void;
  /** An action takes long; returns what takes the words away. */
  slow(action: string, cancel: () => void): () => void;
  /** Something was refused for want of a grant. */
  denied(): void;
  /** An action that may copy something begins, by a gesture; returns what is told that it has ended. */
  copying(): () => void;
}

export class LiveHost implements ViewHost {
  readonly live = true;
  readonly data: PanelData;
  /** Milliseconds that the last action or input took to be acknowledged. */
  readonly latency = signal<number | null>(null);
  private readonly grants = signal<readonly Grant[]>([]);
  private readonly panel: string;
  private readonly transport: Transport;
  private build: Build;
  private readonly cells = new Map<string, Signal<unknown>>();
  private readonly states = new Map<string, Signal<Value>>();
  /** What the workspace has, for taking back what it refused. */
  private readonly confirmed = new Map<string, Value>();
  private readonly unconfirmed = new Map<string, number>();
  /** What was sent last: what the workspace has confirmed may be older. */
  private readonly sent = new Map<string, Value>();
  /** States that somebody is typing into, or dragging: what they see is theirs until they are done. */
  private readonly typing = new Set<string>();
  /** Input that could not be sent, for want of a connection: by state, with the control it came from. */
  private readonly unsent = new Map<string, readonly [Json, string, PartChange | undefined]>();
  private readonly running = new Map<string, Signal<number>>();
  private readonly problems = new Map<string, Signal<Problem | null>>();
  private readonly people: People;

  constructor(panel: string, build: Build, transport: Transport, people: People) {
    this.people = people;
    this.panel = panel;
    this.build = build;
    this.transport = transport;
    this.data = new PanelData(panel, build, transport, () => this.viewStates(), people.failed);
  }

  /** Take over a text and the values of its states; those of a view stay if the view keeps them. */
  replace(build: Build, values: Readonly<Record<string, Json>>): void {
    this.build = build;
    this.data.replace(build);
    batch(() => {
      for (const { name, scope, default: initial } of build.state) {
        if (scope === "view") this.stateSignal(name, initial as Value);
        else this.confirm(name, (Object.hasOwn(values, name) ? values[name] : initial) as Value);
      }
    });
  }

  get title(): string {
    return this.build.title;
  }

  /** The panel as it is now, drawn as a picture in HTML that needs nothing; `shown` gives the pictures of files that are in the page. */
  picture(shown: (path: string) => string | null): string {
    const names = [...this.build.state, ...this.build.links].map((found) => found.name);
    const state = Object.fromEntries(names.map((name) => [name, (this.states.get(name)?.peek() ?? null) as Json]));
    const inputs = { state, ...this.data.inputs() };
    const drawn = render(this.build, components, inputs, stylesheet);
    if (!drawn.missing.files.length) return drawn.html;
    return render(this.build, components, { ...inputs, files: Object.fromEntries(drawn.missing.files.map((path) => [path, shown(this.file(path) ?? "")])) }, stylesheet).html;
  }

  /** The values that the panel links to in others. */
  links(values: Readonly<Record<string, Json>>): void {
    batch(() => {
      for (const [name, value] of Object.entries(values)) {
        const found = this.stateSignal(name, null);
        if (JSON.stringify(found.peek()) === JSON.stringify(value)) continue;
        found.value = value as Value;
        this.data.stateChanged(name);
      }
    });
  }

  /** The workspace says what a state is now. */
  confirm(name: string, value: Value): void {
    // It has no value of what is the page's own.
    if (this.build.state.some((state) => state.name === name && state.scope === "view")) return;
    const before = this.confirmed.get(name);
    const now = before === undefined ? value : shared(before, value);
    const changed = now !== before;
    this.confirmed.set(name, now);
    // While the person's own newer input is on its way, an echo of an older one must not undo it on the screen.
    if (!this.unconfirmed.get(name) && !this.typing.has(name)) this.stateSignal(name, now).value = now;
    if (changed) this.data.stateChanged(name);
  }

  /** What the workspace has for a state. */
  known(name: string): Value {
    return this.confirmed.get(name) ?? null;
  }

  cell<T>(initial: T, key?: string): Cell<T> {
    const known = key === undefined ? undefined : (this.cells.get(key) as Signal<T> | undefined);
    const value = known ?? signal(initial);
    if (key !== undefined) this.cells.set(key, value as Signal<unknown>);
    return { get: () => value.value, set: (next) => { value.value = next; } };
  }

  memo<T>(compute: () => T): () => T {
    const value = computed(compute);
    return () => value.value;
  }

  state(name: string): Value {
    // Links come after the text: who reads one before is told of it then.
    return this.stateSignal(name, null).value;
  }

  set(name: string, value: Json, gesture: Gesture, element: string, part?: PartChange): void {
    const declared = this.build.state.find((state) => state.name === name);
    if (!declared) return;
    const own = declared.scope === "view";
    // Taken back is what the person put in; what others have made of a shared value meanwhile stays.
    this.stateSignal(name, null).value = (gesture === "back" && !own ? (this.expected(name) ?? null) : value) as Value;
    if (gesture === "live" && !own) this.typing.add(name);
    else this.typing.delete(name);
    if (own) this.data.stateChanged(name);
    else if (gesture === "done" && JSON.stringify(this.expected(name)) !== JSON.stringify(value)) void this.sendState(name, value, element, part);
  }

  /** What a state will be once all that is on its way has arrived. */
  private expected(name: string): Value | undefined {
    return this.unconfirmed.get(name) ? this.sent.get(name) : this.confirmed.get(name);
  }

  /** Nobody is in a field any more: what was begun and not done is given up. */
  abandonTyping(): void {
    batch(() => {
      for (const name of this.typing) if (!this.unconfirmed.get(name)) this.stateSignal(name, null).value = this.known(name);
      this.typing.clear();
    });
  }

  private async sendState(name: string, value: Json, element: string, part?: PartChange): Promise<void> {
    this.unconfirmed.set(name, (this.unconfirmed.get(name) ?? 0) + 1);
    this.unsent.delete(name);
    this.sent.set(name, value as Value);
    const started = performance.now();
    try {
      await this.transport.request({ type: "set", panel: this.panel, name, value: part ? part.value : value, at: part?.at ?? null, element, traceparent: traceparent() });
      this.latency.value = performance.now() - started;
      this.problemSignal(element).value = null;
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === "unavailable" && this.unconfirmed.get(name) === 1) {
        // It stays on the screen, unconfirmed, until there is a connection again.
        this.unsent.set(name, [value, element, part]);
        return;
      }
      this.problemSignal(element).value = problem;
      this.unconfirmed.set(name, 1);
    }
    const left = (this.unconfirmed.get(name) ?? 1) - 1;
    this.unconfirmed.set(name, left);
    if (!left) this.stateSignal(name, null).value = this.confirmed.get(name) ?? null;
  }

  /** The connection is back: send what people put in meanwhile. */
  reconnected(): void {
    for (const [name, [value, element, part]] of [...this.unsent]) {
      this.unconfirmed.set(name, 0);
      void this.sendState(name, value, element, part);
    }
  }

  trigger(action: string, args: Json[], event: Json, element: string): void {
    void this.run(action, args, event, element);
  }

  private async run(action: string, args: Json[], event: Json, element: string): Promise<void> {
    const busy = this.busy(element);
    let shown = false;
    const timer = setTimeout(() => { shown = true; busy.value += 1; }, SHOW_PROGRESS_AFTER);
    let id = "";
    const copied = this.build.actions.some(({ name, body }) => name === action && /\bclipboard\b/.test(body)) ? this.people.copying() : null;
    let unslow = (): void => {};
    const slow = setTimeout(() => { unslow = this.people.slow(action, () => this.transport.cancel(id)); }, OFFER_CANCEL_AFTER);
    const started = performance.now();
    try {
      const result = (await this.transport.request({ type: "trigger", panel: this.panel, action, args, event, state: this.viewStates(), element, traceparent: traceparent() }, (given) => { id = given; })) as Result;
      this.latency.value = performance.now() - started;
      this.problemSignal(element).value = null;
      batch(() => { for (const [name, value] of Object.entries(result.seen ?? {})) this.set(name, value, "done", element); });
    } catch (error) {
      const problem = problemOf(error);
      this.problemSignal(element).value = problem;
      if (problem.kind === "denied") this.people.denied();
    } finally {
      clearTimeout(timer);
      clearTimeout(slow);
      copied?.();
      unslow();
      if (shown) busy.value -= 1;
    }
  }

  /** Take back, or do again; returns sentences about what was not. */
  async undo(redo: boolean): Promise<string[]> {
    try {
      const { value } = (await this.transport.request({ type: "undo", panel: this.panel, redo, traceparent: traceparent() })) as Result;
      return Array.isArray(value) ? value.map(String) : [];
    } catch (error) {
      const { detail, hint } = problemOf(error);
      return [[detail, hint].filter(Boolean).join(" ")];
    }
  }

  pending(element: string): boolean {
    return this.busy(element).value > 0;
  }

  problem(element: string): Problem | null {
    return this.problemSignal(element).value;
  }

  page(query: string, offset: number, limit: number, order: readonly Ordering[], marks: Marks | null = null): Rows | undefined {
    return this.data.page(query, offset, limit, order, marks);
  }

  every(query: string): Promise<Rows> {
    return this.data.every(query);
  }

  waiting(query: string): boolean {
    return this.data.waiting(query);
  }

  failure(query: string, element: string): string | null {
    return this.data.failure(query, element);
  }

  tellsNoMore(query: string, element: string): void {
    this.data.tellsNoMore(query, element);
  }

  cancelRows(query: string): void {
    this.data.cancel(query);
  }

  follow(run: () => void): () => void {
    return effect(run);
  }

  load(name: LazyName): Promise<unknown> {
    return this.transport.load(name);
  }

  file(path: string): string | undefined {
    return this.transport.file?.(path);
  }

  /** What the workspace says that people have allowed. */
  granted(grants: readonly Grant[]): void {
    this.grants.value = grants;
  }

  reaches(url: string): boolean {
    const asks = (cap: string, target: string | null): boolean => cap === "net.http" && (target === null || covers(target, url));
    return isElsewhere(url) && this.build.uses.some(({ cap, target }) => asks(cap, target)) && this.grants.value.some(({ cap, target }) => asks(cap, target));
  }

  island(name: string): unknown {
    return islandOf(name);
  }

  upload(file: File, element: string, progress: (share: number) => void): Promise<Json> {
    return upload(this.transport, this.panel, file, element, progress);
  }

  aggregate(query: string, fn: Aggregate["fn"], column: string | null): Value {
    return this.data.aggregate(query, fn, column);
  }

  download(name: string, type: string, content: string): void {
    if (name.endsWith(".png")) void savePicture(name, content);
    else save(name, new Blob([content], { type }));
  }

  copy(text: string): void {
    void navigator.clipboard?.writeText(text);
  }

  private stateSignal(name: string, initial: Value): Signal<Value> {
    let found = this.states.get(name);
    if (!found) {
      found = signal<Value>(initial);
      this.states.set(name, found);
    }
    return found;
  }

  private busy(element: string): Signal<number> {
    let found = this.running.get(element);
    if (!found) {
      found = signal(0);
      this.running.set(element, found);
    }
    return found;
  }

  private problemSignal(element: string): Signal<Problem | null> {
    let found = this.problems.get(element);
    if (!found) {
      found = signal<Problem | null>(null);
      this.problems.set(element, found);
    }
    return found;
  }

  private viewStates(): Record<string, Json> {
    const names = this.build.state.filter((state) => state.scope === "view").map((state) => state.name);
    return untracked(() => Object.fromEntries(names.map((name) => [name, this.state(name) as Json])));
  }
}

export function problemOf(error: unknown): Problem {
  return error instanceof Refusal ? error.problem : gone(error instanceof Error ? error.message : String(error));
}

function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Draw an SVG, with the colours that the page gives it, and save it as PNG. */
async function savePicture(name: string, svg: string): Promise<void> {
  const shown = [...document.querySelectorAll<SVGSVGElement>(".nx-panel svg")].find((element) => element.outerHTML === svg);
  if (!shown) return;
  const copy = shown.cloneNode(true) as SVGSVGElement;
  const { width, height } = shown.getBoundingClientRect();
  const [from, to] = [shown.querySelectorAll("*"), copy.querySelectorAll("*")];
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const property of ["fill", "stroke", "stroke-width", "fill-opacity", "font", "text-anchor"]) (to[i] as SVGElement).style.setProperty(property, style.getPropertyValue(property));
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(copy.outerHTML)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * 2, height: height * 2 });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = getComputedStyle(shown.closest(".nx-panel") as Element).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => { if (blob) save(name, blob); });
}
