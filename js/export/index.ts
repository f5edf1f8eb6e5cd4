// An exported page: brings what the server has drawn to life, with nothing but what lies in the page.

import { rowsOf } from "../runtime/arrow.ts";
import { MountedPanel } from "../runtime/panel.ts";
import { addStyles } from "../runtime/styles.ts";
import type { Table } from "./queries.ts";
import { type ExportedPanel, PageTransport } from "./transport.ts";
import type { WorkerMessage } from "./worker.ts";

/** What the page carries: see nexus_jupyter/export.py. Binary data is base64, code is gzip in base64. */
interface Payload {
  readonly panels: Readonly<Record<string, ExportedPanel>>;
  readonly frames: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly code: Readonly<Record<string, string>>;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

async function unpacked(text: string): Promise<ArrayBuffer> {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function main(): void {
  const payload = JSON.parse(document.getElementById("nexus-payload")?.textContent ?? "{}") as Payload;
  const tables = new Map<string, Table>();
  const code = async (name: string): Promise<ArrayBuffer> => {
    const packed = payload.code[name];
    if (packed === undefined) throw new Error(`The page has no ${name}.`);
    return unpacked(packed);
  };
  const blob = async (name: string): Promise<string> => URL.createObjectURL(new Blob([await code(name)], { type: "text/javascript" }));
  const transport = new PageTransport({
    panels: payload.panels,
    files: payload.files,
    frame: (source) => {
      let table = tables.get(source);
      if (!table) {
        const arrow = payload.frames[source];
        table = arrow === undefined ? { rows: [], columns: [] } : rowsOf(bytes(arrow));
        tables.set(source, table);
      }
      return table;
    },
    load: async (name) => import(/* webpackIgnore: true */ await blob(`${name}.js`)),
    worker: async () => {
      const [url, wasm, sandbox] = await Promise.all([blob("worker.js"), code("engine.wasm"), code("sandbox.js")]);
      const worker = new Worker(url);
      worker.postMessage({ start: { wasm, sandbox: new TextDecoder().decode(sandbox) } } satisfies WorkerMessage, [wasm]);
      return worker;
    },
  });
  addStyles(document.body);
  for (const root of document.querySelectorAll<HTMLElement>(".nx-panel[data-nx]")) new MountedPanel(root, root.dataset["nx"] as string, transport);
}

main();
