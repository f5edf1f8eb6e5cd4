import { batch, type Signal, signal } from "@preact/signals-core";
import { h, list } from "../../reactor/vnode.ts";
import { bindChildren, Owner } from "../../runtime/binder.ts";
import { type MakeTable, swapped } from "./table.ts";

interface Live {
  readonly id: number;
  readonly label: Signal<string>;
}

export const nexus: MakeTable = (body) => {
  const rows = signal<readonly Live[]>([]);
  const line = (row: Live) => h("tr", {}, [h("td", {}, [String(row.id)]), h("td", {}, [() => row.label.value])]);
  bindChildren(body, [list(() => rows.value.map((row) => ({ key: String(row.id), make: () => line(row) })))], new Owner());
  return {
    create: (given) => void (rows.value = given.map(({ id, label }) => ({ id, label: signal(label) }))),
    update: (indices, label) => batch(() => { for (const index of indices) (rows.peek()[index] as Live).label.value = label; }),
    swap: (a, b) => void (rows.value = swapped(rows.peek(), a, b)),
    reverse: () => void (rows.value = rows.peek().toReversed()),
    clear: () => void (rows.value = []),
  };
};
