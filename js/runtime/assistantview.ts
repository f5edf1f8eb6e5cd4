// The assistant as a place: a field to ask in, and what was asked, the newest first, each with what came of it.

import type { AskBody, AssistantChoices, ModelInfo, Proposal, Result } from "../protocol/index.ts";
import type { Kit } from "./assistant.ts";
import { WishField } from "./assistantfield.ts";
import { ProposalView } from "./assistantproposal.ts";
import { Wish } from "./assistantwish.ts";
import { changesWord } from "./assistantwords.ts";
import { element } from "./element.ts";
import type { Transport } from "./transport.ts";

/** What was typed and not asked yet, over a new drawing of the output. */
const typed = new WeakMap<Transport, string>();

export class AssistantView {
  private readonly root: HTMLElement;
  private readonly transport: Transport;
  private readonly kit: Kit;
  private readonly field: WishField;
  private readonly list = element("ol", "nx-asked");
  private readonly empty = element("div", "nx-empty", "Say in your own words what a panel should show or do, such as \u201ca slider for the tax rate\u201d. You see each change before anything is made.");
  private readonly model = element("span", "nx-mark");
  private readonly hint = element("div", "nx-note");
  private readonly proposals: ProposalView[] = [];
  private readonly stops: (() => void)[] = [];
  private models: readonly ModelInfo[] = [];
  private wish: Wish | null = null;

  constructor(root: HTMLElement, transport: Transport, kit: Kit) {
    this.root = root;
    this.transport = transport;
    this.kit = kit;
    this.field = new WishField((body) => void this.ask(body), () => void this.look());
    this.field.restore(typed.get(transport) ?? "");
    const bar = element("div", "nx-bar");
    bar.append(element("span", "nx-title", "Assistant"), this.model);
    this.hint.hidden = true;
    this.hint.setAttribute("role", "status");
    this.list.setAttribute("aria-label", "What was asked, the newest first");
    this.list.hidden = true;
    const body = element("div", "nx-assistant-body");
    body.append(this.hint, this.field.root, this.empty, this.list);
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Assistant");
    root.replaceChildren(bar, body);
    this.stops.push(keysOf(root, (event) => this.key(event)), transport.watch({ state: ({ kind }) => { if (kind === "live") void this.look(); }, moved: () => {} }));
  }

  dispose(): void {
    typed.set(this.transport, this.field.value);
    this.wish?.cancel();
    for (const stop of this.stops) stop();
    for (const proposal of this.proposals) proposal.dispose();
  }

  /** Learn which models and panels there are. */
  private async look(): Promise<void> {
    try {
      const { info, panels } = await choicesOf(this.transport, null);
      this.models = info.models;
      this.model.textContent = info.models[0]?.model ?? "no model";
      this.model.title = info.models.map(({ model, endpoint }) => `${model} (${endpoint})`).join("\n");
      this.say(info.configured ? "" : info.hint);
      this.field.offer(panels);
    } catch (error) {
      this.say(this.kit.problem(error).text);
    }
  }

  private say(text: string): void {
    this.hint.textContent = text;
    this.hint.hidden = !text;
    this.hint.dataset["kind"] = "warning";
  }

  private key(event: KeyboardEvent): boolean {
    if (event.key === "Escape" && this.wish) {
      this.wish.cancel();
      return true;
    }
    return this.field.key(event) || this.proposals.some((proposal) => proposal.root.contains(event.target as Node) && proposal.key(event));
  }

  private async ask(body: AskBody): Promise<void> {
    const wish = new Wish(this.transport, this.kit, this.models);
    const outcome = element("span", "nx-badge nx-asked-outcome", "on its way");
    outcome.setAttribute("role", "status");
    const place = element("div", "nx-asked-place");
    const head = element("div", "nx-asked-head");
    const meant = body.panel ?? (body.create !== null ? `new: ${body.create}` : "");
    head.append(element("span", "nx-asked-text", body.text), meant ? element("span", "nx-op-note", meant) : "", outcome);
    const item = element("li", "nx-asked-item");
    item.append(head, place);
    place.append(wish.root);
    this.empty.hidden = true;
    this.list.hidden = false;
    this.list.prepend(item);
    this.wish = wish;
    this.field.working(true);
    const held = this.root.contains(document.activeElement);
    const result = await wish.ask(body);
    this.wish = null;
    this.field.working(false);
    place.replaceChildren();
    if (result.kind === "proposal") this.propose(result.proposal, place, outcome, held);
    else {
      outcome.textContent = result.kind === "failed" ? "failed" : "given up";
      outcome.dataset["kind"] = result.kind === "failed" ? "error" : "";
      place.append(this.failed(body.text, result.kind === "failed" ? result.text : "Given up. Nothing was changed."));
      // Nothing of what was typed is lost.
      this.field.restore(body.text);
      if (held) this.field.focus();
    }
  }

  private propose(proposal: Proposal, place: HTMLElement, outcome: HTMLElement, held: boolean): void {
    outcome.textContent = proposal.patch === null ? "a panel proposed" : `${changesWord(proposal.ops.length)} proposed`;
    const view = new ProposalView(proposal, this.transport, this.kit, (words) => { outcome.textContent = words; void this.look(); });
    for (const other of this.proposals) other.close(true);
    this.proposals.push(view);
    place.append(view.root);
    // Whoever is typing the next wish goes on typing.
    if (held && !this.field.value) view.focus();
  }

  private failed(text: string, words: string): HTMLElement {
    const note = element("div", "nx-asked-failed");
    const said = element("span", "", words);
    said.setAttribute("role", "alert");
    const again = element("button", "nx-button", "Ask again") as HTMLButtonElement;
    again.type = "button";
    again.addEventListener("click", () => { this.field.restore(text); this.field.focus(); });
    note.append(said, again);
    return note;
  }
}

const GONE = "This proposal does not wait for you any more: it was decided already, or has waited too long. Ask again for a new one.";

/** A proposal that was asked for elsewhere, such as in a cell: the workspace is asked for what it would change. */
export class GivenProposal {
  private readonly transport: Transport;
  private readonly kit: Kit;
  private readonly id: string;
  private readonly stops: (() => void)[];
  private readonly mark = element("span", "nx-mark");
  private readonly body = element("div", "nx-assistant-body");
  private view: ProposalView | null = null;
  private looking = false;

  constructor(root: HTMLElement, transport: Transport, kit: Kit, id: string) {
    [this.transport, this.kit, this.id] = [transport, kit, id];
    const bar = element("div", "nx-bar");
    bar.append(element("span", "nx-title", "Assistant"), this.mark);
    this.say("Waiting for the proposal\u2026");
    root.replaceChildren(bar, this.body);
    const look = (): void => void this.look();
    // It may have been decided by code, or by somebody else, while it was looked at.
    for (const name of ["focusin", "pointerenter"]) root.addEventListener(name, look);
    this.stops = [
      () => { for (const name of ["focusin", "pointerenter"]) root.removeEventListener(name, look); },
      keysOf(root, (event) => this.view !== null && this.view.root.contains(event.target as Node) && this.view.key(event)),
      transport.watch({ state: ({ kind }) => { if (kind === "live") look(); }, moved: () => {} }),
    ];
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    this.view?.dispose();
  }

  private async look(): Promise<void> {
    if (this.looking || (this.view && !this.view.waits)) return;
    this.looking = true;
    try {
      const { waiting } = await choicesOf(this.transport, this.id);
      if (!waiting) this.over(GONE);
      else if (!this.view) this.show(waiting);
    } catch (error) {
      const { code, text } = this.kit.problem(error);
      if (code !== "unavailable") this.over(text);
    } finally {
      this.looking = false;
    }
  }

  private show(proposal: Proposal): void {
    this.view = new ProposalView(proposal, this.transport, this.kit);
    this.mark.textContent = proposal.model;
    this.body.replaceChildren(this.view.root);
  }

  private over(words: string): void {
    if (!this.view) this.say(words);
    else if (this.view.waits) this.view.gone(words);
  }

  private say(words: string): void {
    const said = element("div", "nx-empty", words);
    said.setAttribute("role", "status");
    this.body.replaceChildren(said);
  }
}

async function choicesOf(transport: Transport, proposal: string | null): Promise<AssistantChoices> {
  const { value } = (await transport.request({ type: "assistant", proposal })) as Result;
  return value as unknown as AssistantChoices;
}

/** Take keys before what they were pressed in; returns what ends it. */
function keysOf(root: HTMLElement, take: (event: KeyboardEvent) => boolean): () => void {
  const key = (event: KeyboardEvent): void => {
    // A panel that is shown in a proposal has its own keys, and its letters are no commands.
    if ((event.target as Element).closest(".nx-proposal-look") || !take(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  root.addEventListener("keydown", key, true);
  return () => root.removeEventListener("keydown", key, true);
}
