import { h, render } from "preact";
import { flushSync, memo } from "preact/compat";
import { useState } from "preact/hooks";
import { type MakeTable, relabelled, type Row, swapped } from "./table.ts";

const Line = memo(({ row }: { readonly row: Row }) => h("tr", null, h("td", null, row.id), h("td", null, row.label)));

export const preact: MakeTable = (body) => {
  let change: (next: (rows: readonly Row[]) => readonly Row[]) => void = () => {};
  const Lines = () => {
    const [rows, setRows] = useState<readonly Row[]>([]);
    change = (next) => void flushSync(() => setRows(next));
    return rows.map((row) => h(Line, { key: row.id, row }));
  };
  render(h(Lines, null), body);
  return {
    create: (rows) => change(() => rows),
    update: (indices, label) => change((rows) => relabelled(rows, indices, label)),
    swap: (a, b) => change((rows) => swapped(rows, a, b)),
    reverse: () => change((rows) => rows.toReversed()),
    clear: () => change(() => []),
  };
};
