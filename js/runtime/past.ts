// A panel as it was: drawn in the place of the live one, which goes on unseen and is there again at once.

import { effect } from "@preact/signals-core";
import { registry } from "../components/index.ts";
import type { Aggregate, Build, Ordering, PastPanel, Result, ServerFrame } from "../protocol/index.ts";
import type { Value } from "../reactor/expression/index.ts";
import type { LazyName, Marks, Rows } from "../reactor/host.ts";
import { check } from "../reactor/index.ts";
import { PanelData } from "./data.ts";
import { element } from "./element.ts";
import { problemOf } from "./live.ts";
import { LocalHost } from "./local.ts";
import { MomentActions } from "./momentactions.ts";
import { Picture } from "./picture.ts";
import { Place } from "./place.ts";
import { TimeBar } from "./timebar.ts";
import type { RequestBody, Transport } from "./transport.ts";
import { deed, type Moment, travelOf, when, whenExactly } from "./travel.ts";

/** The values of a moment; rows are those of now, asked for as then. Nothing can be changed. */
class PastHost extends LocalHost {
  private readonly data: PanelData;
  private readonly transport: Transport;

  constructor(panel: string, build: Build, transport: Transport, past: PastPanel, failed: (error: unknown) => void) {
    super(false);
    this.transport = transport;
    this.replace(build);
    for (const [name, value] of Object.entries({ ...past.state, ...past.links })) this.put(name, value as Value);
    const at = past.rev;
    const asker = { request: (body: RequestBody, sent?: (id: string) => void) => transport.request(body.type === "frame.page" ? { ...body, at } : body, sent), cancel: (id: string) => transport.cancel(id) };
    this.data = new PanelData(panel, build, asker, () => ({}), failed);
  }

  override page(query: string, offset = 0, limit = 100, order: readonly Ordering[] = [], marks: Marks | null = null): Rows | undefined {
    return this.data.page(query, offset, limit, order, marks);
  }

  override aggregate(query: string, fn: Aggregate["fn"], column: string | null = null): Value {
    return this.data.aggregate(query, fn, column);
  }

  load(name: LazyName): Promise<unknown> {
    return this.transport.load(name);
  }
}

/** What the panel around it does when a moment is shown. */
export interface Frame {
  /** The panel shows the past, or now again. */
  past(on: boolean): void;
  title(text: string): void;
  tell(text: string, level: "info" | "error"): void;
}

export class PastView {
  readonly band = element("section", "nx-past");
  readonly bar = element("div", "nx-past-bar");
  /** The text of then, while it is shown. */
  nxml: string | null = null;
  private readonly name: string;
  private readonly transport: Transport;
  private readonly live: Picture;
  private readonly picture = new Picture();
  private readonly frame: Frame;
  private readonly actions: MomentActions;
  private readonly words = element("span", "nx-past-words");
  private readonly since = element("span", "nx-past-since");
  private readonly rows = element("span", "nx-past-rows");
  private readonly stop: () => void;
  private timebar: TimeBar | null = null;
  private shown: Moment | null = null;
  private asking = false;
  private changes = 0;

  constructor(name: string, transport: Transport, live: Picture, frame: Frame) {
    this.name = name;
    this.transport = transport;
    this.live = live;
    this.frame = frame;
    this.actions = new MomentActions(transport, frame.tell);
    this.band.hidden = true;
    this.band.setAttribute("aria-label", "This is the past");
    this.since.setAttribute("role", "status");
    this.bar.hidden = true;
    this.band.append(this.words, this.since, this.rows, this.actions.root);
    const { moment } = travelOf(transport);
    this.stop = effect(() => {
      const wanted = moment.value;
      if (wanted) void this.go();
      else this.leave();
    });
  }

  dispose(): void {
    this.stop();
    this.timebar?.dispose();
    this.picture.dispose();
  }

  /** Show or hide the panel's own time bar. */
  toggle(): void {
    this.bar.hidden = !this.bar.hidden;
    if (this.bar.hidden) {
      this.timebar?.dispose();
      this.timebar = null;
      this.bar.replaceChildren();
      travelOf(this.transport).moment.value = null;
      return;
    }
    this.timebar = new TimeBar(this.name, this.transport);
    this.bar.replaceChildren(this.timebar.root);
    // Notebooks take the focus for the cell that was clicked into.
    requestAnimationFrame(() => this.timebar?.focus());
  }

  /** There is a connection: what could not be asked for before is asked for now. */
  connected(): void {
    if (travelOf(this.transport).moment.peek()) void this.go();
  }

  /** Something has happened to the panel meanwhile: it is counted, not shown. */
  arrived(frame: ServerFrame): void {
    if (!this.shown || !["patch", "reset", "gone"].includes(frame.type)) return;
    this.changes += 1;
    this.since.textContent = this.changes === 1 ? "1 change since" : `${this.changes} changes since`;
  }

  /** Ask for the newest moment that is wanted, one after the other however fast somebody drags. */
  private async go(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const { moment } = travelOf(this.transport);
    try {
      for (let wanted = moment.peek(); wanted && wanted !== this.shown; wanted = moment.peek()) {
        const { value } = (await this.transport.request({ type: "past", panel: this.name, rev: wanted.rev, ts: null })) as Result;
        this.shown ??= wanted;
        if (moment.peek()) this.show(wanted, value as unknown as PastPanel);
      }
    } catch (error) {
      const { code, detail, hint } = problemOf(error);
      if (code !== "unavailable") this.frame.tell([detail, hint].filter(Boolean).join(" "), "error");
    } finally {
      this.asking = false;
    }
    if (!moment.peek()) this.leave();
  }

  private show(moment: Moment, past: PastPanel): void {
    this.shown = moment;
    this.say(moment, past);
    const place = new Place(this.live.body);
    if (this.live.body.isConnected) {
      this.live.body.replaceWith(this.picture.layout, this.picture.body);
      this.live.layout.media = "not all";
    }
    if (this.band.hidden) {
      this.changes = 0;
      this.since.textContent = "";
      this.band.hidden = false;
      this.frame.past(true);
    }
    this.nxml = past.exists ? past.nxml : "";
    if (!past.exists) return this.picture.say(`There was no panel '${this.name}' then.`);
    const build = check(past.nxml, registry);
    const failed = (error: unknown): void => { this.rows.textContent = `Its rows cannot be shown: ${problemOf(error).detail}`; };
    this.picture.show(build, new PastHost(this.name, build, this.transport, past, failed));
    this.frame.title(build.title);
    place.restore();
  }

  private say({ ts }: Moment, { cause, present }: PastPanel): void {
    this.words.replaceChildren(element("strong", "", `As it was on ${when(ts)}`), ...(cause ? [` \u00b7 ${deed(cause)}`] : []));
    this.words.title = whenExactly(ts) + (cause && cause.ts !== ts ? `; its last change was on ${when(cause.ts)}` : "");
    this.rows.textContent = present.length ? `The rows of ${present.join(", ")} are those of now.` : "";
    this.actions.about(cause);
  }

  private leave(): void {
    if (!this.shown || this.asking) return;
    this.shown = null;
    this.nxml = null;
    this.band.hidden = true;
    if (this.picture.body.isConnected) {
      this.picture.body.replaceWith(this.live.body);
      this.picture.layout.remove();
      this.live.layout.media = "";
    }
    this.picture.dispose();
    this.frame.past(false);
  }
}
