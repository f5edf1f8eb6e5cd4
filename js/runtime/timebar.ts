// The time bar: changes as marks on a line, and a handle that takes all panels of the page to one of them.

import { effect } from "@preact/signals-core";
import type { Result, Tick, Ticks } from "../protocol/index.ts";
import { element } from "./element.ts";
import { keepKeys } from "./keys.ts";
import { problemOf } from "./live.ts";
import { MomentActions } from "./momentactions.ts";
import { Player, type Playing } from "./playing.ts";
import type { Transport } from "./transport.ts";
import { deed, travelOf, when, whenExactly } from "./travel.ts";

/** Changes that are asked for at once; of more, each mark stands for several. */
const MOST = 400;
/** Where the last change lies on the line, in percent: what is right of it is now. */
const LAST = 94;
/** Changes that come in quick succession are asked for together. */
const REST = 150;
const FAR = 10;

/** What kinds of changes are told apart by colour and height, in the order of the charts' colours. */
const GROUPS: readonly [string, readonly string[]][] = [
  ["input", ["set"]],
  ["action", ["run"]],
  ["panel", ["create", "edit", "delete", "grant"]],
  ["taken back", ["undo", "redo", "revert"]],
  ["version", ["checkout", "commit", "merge", "resolve"]],
  ["rows", ["bind"]],
  ["assistant", ["prompt"]],
];

export class TimeBar {
  readonly root = element("section", "nx-timebar");
  private readonly panel: string | null;
  private readonly transport: Transport;
  private readonly track = element("div", "nx-timebar-track");
  private readonly thumb = element("div", "nx-timebar-thumb");
  private readonly detail = element("div", "nx-timebar-detail");
  private readonly ends = element("div", "nx-timebar-ends");
  private readonly legend = element("div", "nx-timebar-legend");
  private readonly chosen: (tick: Tick | null) => void;
  private readonly stops: (() => void)[] = [];
  private ticks: Tick[] = [];
  private places: number[] = [];
  private newest = 0;
  private begins: Pick<Ticks, "begins" | "begins_ts"> = { begins: 0, begins_ts: 0 };
  private loading: Promise<void> | null = null;
  private again = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Of a panel, or of the whole workspace; `chosen` is told of the change that the panels show. */
  constructor(panel: string | null, transport: Transport, chosen: (tick: Tick | null) => void = () => {}) {
    this.panel = panel;
    this.transport = transport;
    this.chosen = chosen;
    this.root.setAttribute("aria-label", panel === null ? "History of the workspace" : "History of the panel");
    this.thumb.tabIndex = 0;
    for (const [name, value] of Object.entries({ role: "slider", "aria-label": "Moment that the panels show", "aria-orientation": "horizontal", "aria-valuemin": "0" })) this.thumb.setAttribute(name, value);
    this.track.append(element("div", "nx-timebar-line"), this.thumb);
    this.root.append(this.track, this.ends, this.detail, this.legend);
    this.track.addEventListener("pointerdown", (event) => this.drag(event));
    this.thumb.addEventListener("keydown", (event) => this.key(event));
    this.detail.textContent = "Asking for what has happened\u2026";
    this.stops.push(
      effect(() => { travelOf(transport).moment.value; this.mark(); }),
      transport.watch({
        state: ({ kind }) => { if (kind === "live") void this.load(); },
        moved: () => { clearTimeout(this.timer); this.timer = setTimeout(() => void this.load(), REST); },
      }),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  /** The changes that there are marks for, in order. */
  get changes(): readonly Tick[] {
    return this.ticks;
  }

  focus(): void {
    this.thumb.focus({ preventScroll: true });
  }

  /** Take in what has come since. */
  private load(): Promise<void> {
    this.again = true;
    this.loading ??= (async () => {
      try {
        while (this.again) {
          this.again = false;
          const found = await this.ask(this.newest, null);
          this.ticks.push(...found.ticks.filter(({ rev }) => rev > this.newest));
          this.newest = Math.max(this.newest, found.newest);
          this.begins = found;
          this.draw();
        }
      } catch (error) {
        this.detail.textContent = `What has happened cannot be shown: ${problemOf(error).detail}`;
      } finally {
        this.loading = null;
      }
    })();
    return this.loading;
  }

  private async ask(after: number, upto: number | null): Promise<Ticks> {
    const { value } = (await this.transport.request({ type: "history", panel: this.panel, after, upto, most: MOST })) as Result;
    return value as unknown as Ticks;
  }

  /** Where the panels are: the number of a change, or one more for now. */
  private at(): number {
    const moment = travelOf(this.transport).moment.peek();
    if (!moment) return this.ticks.length;
    const later = this.ticks.findIndex(({ rev }) => rev > moment.rev);
    return Math.max(0, (later < 0 ? this.ticks.length : later) - 1);
  }

  private go(index: number): void {
    const { moment } = travelOf(this.transport);
    const tick = this.ticks[Math.max(0, index)];
    if (!tick) moment.value = null;
    else if (moment.peek()?.rev !== tick.rev) moment.value = { rev: tick.rev, ts: tick.ts };
  }

  /** Go some changes on or back, looking into marks that stand for several. */
  private async step(by: number): Promise<void> {
    const from = this.at();
    const left = from + by < 0 ? 0 : from + by;
    // The step leads over what lies inside of a mark: that of the place for a step back, that after it for one on.
    const crossed = Math.abs(by) > 1 ? -1 : by < 0 ? from : from + 1;
    const tick = this.ticks[crossed];
    if (!tick || tick.count === 1) return this.go(left);
    const before = this.ticks[crossed - 1]?.rev ?? this.begins.begins;
    const { ticks } = await this.ask(before, tick.rev);
    this.ticks.splice(crossed, 1, ...ticks);
    this.draw();
    this.go(by < 0 ? crossed + ticks.length - 2 : crossed);
  }

  private key(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -FAR, PageUp: FAR };
    const by = steps[event.key];
    if (by !== undefined) void this.step(by);
    else if (event.key === "Home") this.go(0);
    else if (event.key === "End" || event.key === "Escape") this.go(this.ticks.length);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private drag(event: PointerEvent): void {
    if (event.button !== 0 || !this.ticks.length) return;
    event.preventDefault();
    this.focus();
    this.track.setPointerCapture(event.pointerId);
    const follow = ({ clientX }: PointerEvent): void => this.go(this.nearest(clientX));
    const end = (): void => {
      this.track.removeEventListener("pointermove", follow);
      for (const name of ["pointerup", "pointercancel"]) this.track.removeEventListener(name, end);
    };
    this.track.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) this.track.addEventListener(name, end);
    follow(event);
  }

  /** The change whose mark is nearest to a place in the page. */
  private nearest(clientX: number): number {
    const { left, width } = this.track.getBoundingClientRect();
    const place = ((clientX - left) / width) * 100;
    let best = this.ticks.length;
    let distance = Math.abs(100 - place);
    this.places.forEach((one, index) => {
      if (Math.abs(one - place) < distance) [best, distance] = [index, Math.abs(one - place)];
    });
    return best;
  }

  private draw(): void {
    this.places = placesOf(this.ticks);
    for (const old of this.track.querySelectorAll(".nx-timebar-tick")) old.remove();
    const marks = this.ticks.map((tick, index) => {
      const mark = element("i", "nx-timebar-tick");
      const group = groupOf(tick.kind);
      mark.classList.add(`nx-series-${group}`);
      mark.dataset["rev"] = String(tick.rev);
      mark.style.left = `${this.places[index]}%`;
      mark.style.height = `${24 - 2 * group}px`;
      mark.title = `${when(tick.ts)}\n${deed(tick)}${more(tick)}`;
      return mark;
    });
    this.thumb.before(...marks);
    this.thumb.setAttribute("aria-valuemax", String(this.ticks.length));
    const first = this.ticks[0];
    const start = element("span", "", this.begins.begins ? `History begins on ${when(this.begins.begins_ts)}: what was before has been dropped` : first ? when(first.ts) : "");
    const middle = element("span", "nx-timebar-note", this.ticks.length > 2 ? "pauses are drawn shorter than they were" : "");
    this.ends.replaceChildren(start, middle, element("span", "", "now"));
    const groups = [...new Set(this.ticks.map(({ kind }) => groupOf(kind)))].sort();
    this.legend.replaceChildren(...(groups.length > 1 ? groups.map((group) => {
      const key = element("span", "");
      key.append(element("span", `nx-key nx-series-${group}`), GROUPS[group]?.[0] ?? "");
      return key;
    }) : []));
    this.mark();
  }

  /** Show where the panels are. */
  private mark(): void {
    const moment = travelOf(this.transport).moment.peek();
    const index = this.at();
    const tick = moment ? (this.ticks[index] ?? null) : null;
    this.root.toggleAttribute("data-past", moment !== null);
    this.thumb.style.left = `${tick ? this.places[index] : 100}%`;
    this.thumb.setAttribute("aria-valuenow", String(tick ? index : this.ticks.length));
    const since = tick ? this.ticks.slice(index + 1).reduce((sum, { count }) => sum + count, 0) : 0;
    const told = tick ? `${when(tick.ts)} \u00b7 ${deed(tick)}${more(tick)}${since ? ` \u00b7 ${since === 1 ? "1 change" : `${since} changes`} since` : ""}` : this.ticks.length ? "Now. Drag the handle, or use the arrow keys, to see the panels as they were." : "Nothing has happened yet. Changes of panels appear here, and can be gone back to.";
    this.thumb.setAttribute("aria-valuetext", told);
    this.detail.textContent = told;
    this.detail.title = tick ? whenExactly(tick.ts) : "";
    for (const mark of this.track.querySelectorAll<HTMLElement>(".nx-timebar-tick")) mark.toggleAttribute("data-chosen", tick !== null && mark.dataset["rev"] === String(tick.rev));
    this.chosen(tick);
  }
}

/** The time bar of the workspace, with what can be done from where it stands. */
export function mountTimeBar(root: HTMLElement, transport: Transport, playing: Playing = {}): { dispose(): void } {
  root.classList.add("nx-panel", "nx-live");
  const letKeysGo = keepKeys(root);
  const messages = element("div", "nx-messages");
  const actions = new MomentActions(transport, (text, level) => {
    const note = element("div", "nx-banner", text);
    note.dataset["kind"] = level;
    note.setAttribute("role", level === "error" ? "alert" : "status");
    messages.replaceChildren(note);
  });
  const foot = element("div", "nx-timebar-foot");
  foot.append(actions.root);
  const bar = new TimeBar(null, transport, (tick) => {
    foot.hidden = tick === null;
    actions.about(tick);
    if (tick) messages.replaceChildren();
  });
  const title = element("div", "nx-bar");
  const player = new Player(transport, () => bar.changes, playing);
  title.append(element("span", "nx-title", "History"), player.root);
  root.replaceChildren(title, bar.root, foot, messages);
  return { dispose: () => { letKeysGo(); player.dispose(); bar.dispose(); } };
}

/** Places of changes on the line, in percent: in order of time, with long pauses drawn shorter than they were. */
function placesOf(ticks: readonly Tick[]): number[] {
  const pauses = ticks.slice(1).map((tick, index) => Math.max(0, tick.ts - (ticks[index] as Tick).ts));
  const usual = [...pauses].sort((a, b) => a - b)[Math.floor(pauses.length / 2)] || 1;
  const widths = pauses.map((pause) => 1 + Math.log1p(pause / usual));
  const whole = widths.reduce((sum, width) => sum + width, 0) || 1;
  let at = 0;
  const room = ticks.length > 1 ? LAST - 2 : 0;
  return [2, ...widths.map((width) => { at += width; return 2 + (at / whole) * room; })].slice(0, ticks.length);
}

function groupOf(kind: string): number {
  return Math.max(0, GROUPS.findIndex(([, kinds]) => kinds.includes(kind)));
}

function more({ count }: Tick): string {
  return count > 1 ? ` \u00b7 and ${count - 1} before it` : "";
}
