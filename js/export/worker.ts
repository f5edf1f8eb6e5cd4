// Runs handlers of an exported panel, each in a machine of its own. What they ask of the host is denied: a page that
// somebody was sent has nobody who could have allowed it.

import type { Json } from "../protocol/index.ts";
import { Machine, MachineError } from "./machine.ts";

export interface RunMessage {
  readonly id: number;
  readonly panel: string;
  readonly files: readonly (readonly [string, string])[];
  readonly job: { readonly action: string; readonly state: Record<string, Json>; readonly args: readonly Json[]; readonly event: Json; readonly seed: number };
}

export type WorkerMessage = { readonly start: { readonly wasm: ArrayBuffer; readonly sandbox: string } } | { readonly run: RunMessage };

/** A message of a run that goes on, for the person at the page. */
export interface RunNotice {
  readonly id: number;
  readonly notice: string;
}

export interface RunAnswer {
  readonly id: number;
  readonly value?: Json;
  readonly changes?: Record<string, Json>;
  readonly error?: { readonly name: string; readonly message: string; readonly stack: string };
}

interface Report {
  readonly requests: readonly { readonly id: number; readonly op: string; readonly args: Readonly<Record<string, unknown>> }[];
  readonly done: { readonly value: Json; readonly changes: Record<string, Json> } | null;
}

/** Steps of one run: each answers what the one before asked, which is always no. */
const STEPS = 1000;

let ready: Promise<{ readonly module: WebAssembly.Module; readonly sandbox: string }> | null = null;

async function run({ id, panel, files, job }: RunMessage): Promise<Pick<RunAnswer, "value" | "changes">> {
  if (!ready) throw new Error("The worker has not been started.");
  const { module, sandbox } = await ready;
  const machine = await Machine.start(module);
  machine.evaluate(sandbox, "sandbox");
  for (const [file, source] of files) {
    try {
      machine.evaluate(source, file);
    } catch (error) {
      if (file === `${panel}/${job.action}`) throw error; // what is wrong with the others is their own
    }
  }
  machine.bind();
  let report = machine.send({ run: job }) as Report;
  for (let step = 0; !report.done; step += 1) {
    if (!report.requests.length || step === STEPS) throw new MachineError("NeverError", "The action waits for something that never comes.", "");
    const answers = await Promise.all(report.requests.map((request) => answer(id, panel, request)));
    report = machine.send({ answers, state: {} }) as Report;
  }
  return { value: report.done.value, changes: report.done.changes };
}

/** The host's answer to a request: time passes here too, messages are shown, the rest is not there. */
async function answer(run: number, panel: string, { id, op, args }: Report["requests"][number]): Promise<object> {
  if (op === "time.wait") {
    await new Promise((resolve) => { setTimeout(resolve, Number(args["milliseconds"])); });
    return { id, value: null };
  }
  if (op === "error") {
    postMessage({ id: run, notice: String(args["message"]) } satisfies RunNotice);
    return { id, value: null };
  }
  return { id, error: { name: "PermissionError", message: `'${panel}' is shown from a file: ${op} is not there. Open the notebook to use it.` } };
}

self.onmessage = (event: MessageEvent<WorkerMessage>): void => {
  if ("start" in event.data) {
    const { wasm, sandbox } = event.data.start;
    ready = WebAssembly.compile(wasm).then((module) => ({ module, sandbox }));
    return;
  }
  const message = event.data.run;
  run(message).then(
    (answer) => postMessage({ id: message.id, ...answer } satisfies RunAnswer),
    (error: unknown) => postMessage({ id: message.id, error: { name: error instanceof Error ? error.name : "", message: error instanceof Error ? error.message : String(error), stack: error instanceof MachineError ? error.stackText : "" } } satisfies RunAnswer),
  );
};
