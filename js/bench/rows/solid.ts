// What Solid's compiler makes of <For each={rows()}>{(row) => <tr><td>{row.id}</td><td>{row.label()}</td></tr>}</For>.

import { batch, createComponent, createSignal, For, type JSX, type Signal } from "solid-js";
import { insert, render, template } from "solid-js/web";
import { type MakeTable, swapped } from "./table.ts";

interface Live {
  readonly id: number;
  readonly label: Signal<string>;
}

const LINE = template("<tr><td></td><td></td></tr>");

function line(row: Live): JSX.Element {
  const tr = LINE() as HTMLElement;
  const first = tr.firstChild as HTMLElement;
  insert(first, () => row.id);
  insert(first.nextSibling as HTMLElement, row.label[0]);
  return tr;
}

export const solid: MakeTable = (body) => {
  const [rows, setRows] = createSignal<readonly Live[]>([]);
  render(() => createComponent(For, { get each() { return rows(); }, children: line }), body);
  return {
    create: (given) => void setRows(given.map(({ id, label }) => ({ id, label: createSignal(label) }))),
    update: (indices, label) => batch(() => { for (const index of indices) (rows()[index] as Live).label[1](label); }),
    swap: (a, b) => void setRows((now) => swapped(now, a, b)),
    reverse: () => void setRows((now) => now.toReversed()),
    clear: () => void setRows([]),
  };
};
