// Cards in columns: moved by mouse, or by Alt and the arrow keys.

import type { Json } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { isList, isRecord, own, same, textOf, type Value } from "../reactor/expression/index.ts";
import { h, list, type VChild } from "../reactor/vnode.ts";
import { type Moved, moveWithFocus } from "./moving.ts";
import { box, problemNote } from "./shared.ts";

interface Board {
  querySelector(selector: string): Moved | null;
}
interface CardEvent {
  readonly key: string;
  readonly altKey: boolean;
  readonly dataTransfer?: { setData(type: string, data: string): void; getData(type: string): string };
  readonly currentTarget: { closest(selector: string): Board | null };
  preventDefault(): void;
}
type Card = { readonly [key: string]: Value };

const TYPE = "text/nexus-card";

export const kanban: Component = {
  name: "kanban", category: "data", doc: "Cards in columns. on:move gets { id, to, before } and writes it where the cards are kept.", content: "none", size: { min: 320, preferred: 960, grow: 1 },
  props: {
    cards: { type: "list", doc: "Records with id, title, and detail if wanted.", required: true }, columns: { type: "list", doc: "Values of the columns, in order.", required: true }, by: { type: "column", doc: "Field of a card that says its column (column)." },
    label: { type: "str", doc: "What it shows, in words.", required: true },
  },
  events: { move: "{ id, to, before }: the card, its new column, and the card that it stands before, or null", select: "the card that was chosen" },
  example: `<kanban id="k" label="Tasks" columns="['todo', 'done']" cards="[{id: 'a', title: 'Measure', column: 'todo'}, {id: 'b', title: 'Plan', column: 'done'}]"/>`,
  draw: (context) => {
    const columns = (): readonly Value[] => { const value = context.prop("columns"); return isList(value) ? value : []; };
    return box(context, "div", "kanban", [
      h("div", { class: "nx-kanban-columns", role: "group", "aria-label": () => context.str("label") }, [list(() => columns().map((value) => ({ key: JSON.stringify(value), make: () => lane(context, value, columns) })))]),
      problemNote(context),
    ]);
  },
};

function cardsOf(context: Context): Card[] {
  const value = context.prop("cards");
  return (isList(value) ? value : []).filter(isRecord);
}

function lane(context: Context, column: Value, columns: () => readonly Value[]): VChild {
  const by = (): string => context.str("by", "column");
  const mine = (): Card[] => cardsOf(context).filter((card) => same(own(card, by()), column));
  const over = context.host.cell(false);
  const move = (id: Value, to: Value, before: Value): void => context.fire("move", { id, to, before } as Json);
  const drop = (before: Value) => (event: CardEvent): void => {
    event.preventDefault();
    over.set(false);
    const id = event.dataTransfer?.getData(TYPE);
    if (id) move(JSON.parse(id) as Value, column, before);
  };
  const keys = (card: Card) => (event: CardEvent): void => {
    if (event.key === "Enter") return context.fire("select", card as Json);
    if (!event.altKey || !event.key.startsWith("Arrow")) return;
    // Also where there is nowhere to go: the browser would go back a page.
    event.preventDefault();
    const id = own(card, "id");
    const own_ = mine();
    const at = own_.findIndex((other) => same(own(other, "id"), id));
    const all = columns();
    const beside = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
    const along = { ArrowDown: 2, ArrowUp: -1 }[event.key] ?? 0;
    const to = all[all.findIndex((other) => same(other, column)) + beside];
    if ((!beside && !along) || to === undefined || (along && (at + along < 0 || at + along > own_.length))) return;
    const board = event.currentTarget.closest(".nx-kanban");
    moveWithFocus(() => board?.querySelector(`[data-card="${key(id)}"]`) ?? null, () => move(id, to, along ? own(own_[at + along] ?? null, "id") : null));
  };
  const card = (item: () => Card, id: Value): VChild => h("div", {
    class: "nx-item", "data-card": key(id), tabindex: context.host.live ? 0 : null, draggable: context.handles("move") && context.host.live ? "true" : null, role: "listitem", title: context.handles("move") ? "Drag, or press Alt and an arrow key" : null,
  }, [h("span", { class: "nx-item-title" }, [() => textOf(own(item(), "title"))]), h("span", { class: "nx-item-detail" }, [() => textOf(own(item(), "detail"))])], {
    on: {
      dragstart: ((event: CardEvent) => event.dataTransfer?.setData(TYPE, JSON.stringify(id))) as never, dragover: ((event: CardEvent) => event.preventDefault()) as never,
      drop: ((event: CardEvent & { stopPropagation(): void }) => { event.stopPropagation(); drop(id)(event); }) as never, keydown: ((event: CardEvent) => keys(item())(event)) as never, click: () => context.fire("select", item() as Json),
    },
  });
  const items = list(() => mine().map((found) => {
    const id = own(found, "id");
    const now = (): Card => mine().find((other) => same(own(other, "id"), id)) ?? found;
    return { key: JSON.stringify(id), make: () => card(now, id) };
  }));
  const head = h("div", { class: "nx-card-title" }, [() => `${textOf(column)} (${mine().length})`]);
  return h("section", { class: "nx-card nx-lane", "data-over": () => over.get(), "aria-label": textOf(column) }, [head, h("div", { class: "nx-card-body", role: "list" }, [items])], {
    on: { dragover: ((event: CardEvent) => { event.preventDefault(); over.set(true); }) as never, dragleave: () => over.set(false), drop: drop(null) as never },
  });
}

/** An id as it may stand in a selector. */
function key(id: Value): string {
  return JSON.stringify(id).replace(/[^A-Za-z0-9_-]/g, (char) => `.${char.charCodeAt(0).toString(36)}.`);
}
