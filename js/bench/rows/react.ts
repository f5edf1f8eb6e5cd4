import { createElement as h, memo, useState } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { type MakeTable, relabelled, type Row, swapped } from "./table.ts";

const Line = memo(({ row }: { readonly row: Row }) => h("tr", null, h("td", null, row.id), h("td", null, row.label)));

export const react: MakeTable = (body) => {
  let change: (next: (rows: readonly Row[]) => readonly Row[]) => void = () => {};
  const Lines = () => {
    const [rows, setRows] = useState<readonly Row[]>([]);
    change = (next) => flushSync(() => setRows(next));
    return rows.map((row) => h(Line, { key: row.id, row }));
  };
  const root = createRoot(body);
  flushSync(() => root.render(h(Lines)));
  return {
    create: (rows) => change(() => rows),
    update: (indices, label) => change((rows) => relabelled(rows, indices, label)),
    swap: (a, b) => change((rows) => swapped(rows, a, b)),
    reverse: () => change((rows) => rows.toReversed()),
    clear: () => change(() => []),
  };
};
