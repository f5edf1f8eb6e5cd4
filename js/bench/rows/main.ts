// A table of a thousand rows in each library, timed in the page. `measureRows()` gives milliseconds by library and task.

import { nexus } from "./nexus.ts";
import { panel } from "./panel.ts";
import { preact } from "./preact.ts";
import { react } from "./react.ts";
import { solid } from "./solid.ts";
import type { MakeTable, Row, Table } from "./table.ts";

const ROWS = 1000;
const ROUNDS = 25;
const WARM_UP = 5;
const LIBRARIES: Readonly<Record<string, MakeTable>> = { react, preact, solid, nexus, panel };
const hundred = Array.from({ length: 100 }, (_, i) => (i * 37) % ROWS);
const tenth = Array.from({ length: ROWS / 10 }, (_, i) => i * 10);

function rows(round: number): Row[] {
  return Array.from({ length: ROWS }, (_, i) => ({ id: round * ROWS + i, label: `Row ${i} of ${round}` }));
}

/** In order: each finds the table as the one before left it. */
const TASKS: Readonly<Record<string, (table: Table, round: number) => void>> = {
  "create 1000 rows": (table, round) => table.create(rows(round)),
  "100 single updates": (table, round) => { for (const index of hundred) table.update([index], `One ${round}`); },
  "update every tenth": (table, round) => table.update(tenth, `Tenth ${round}`),
  "swap two": (table) => table.swap(1, ROWS - 2),
  reverse: (table) => table.reverse(),
  clear: (table) => table.clear(),
};

/** What the table must look like after each task, or the times are of something else. */
function expected(name: string, body: HTMLElement, round: number): boolean {
  const lines = [...body.querySelectorAll("tr")].map((line) => line.textContent);
  const id = (index: number): string => String(round * ROWS + index);
  switch (name) {
    case "clear":
      return lines.length === 0;
    case "100 single updates":
      return hundred.every((index) => lines[index] === `${id(index)}One ${round}`) && lines[1] === `${id(1)}Row 1 of ${round}`;
    case "update every tenth":
      return tenth.every((index) => lines[index] === `${id(index)}Tenth ${round}`);
    case "swap two":
      return lines[1]?.startsWith(id(ROWS - 2)) === true && lines[ROWS - 2]?.startsWith(id(1)) === true;
    case "reverse":
      return lines.length === ROWS && lines[0]?.startsWith(id(ROWS - 1)) === true;
    default:
      return lines.length === ROWS && lines[5] === `${id(5)}Row 5 of ${round}`;
  }
}

/** Script until the document has changed; layout and paint are the browser's, and the same for all. */
async function measureRows(): Promise<Record<string, Record<string, number[]>>> {
  const found: Record<string, Record<string, number[]>> = {};
  const stages = Object.entries(LIBRARIES).map(([library, make]) => {
    const table = document.body.appendChild(document.createElement("table"));
    const body = table.appendChild(document.createElement("tbody"));
    found[library] = Object.fromEntries(Object.keys(TASKS).map((task) => [task, []]));
    return { library, body, table: make(body) };
  });
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    for (const { library, body, table } of stages) {
      for (const [task, run] of Object.entries(TASKS)) {
        // Layout and garbage of what was before do not count.
        body.getBoundingClientRect();
        await new Promise((go) => setTimeout(go));
        const started = performance.now();
        run(table, round);
        const taken = performance.now() - started;
        if (!expected(task, body, round)) throw new Error(`${library} does not ${task}`);
        if (round >= WARM_UP) found[library]?.[task]?.push(taken);
      }
    }
  }
  return found;
}

Object.assign(globalThis, { measureRows });
