// node run.mjs fuzz/main.ts INPUTS [SEED]: many damaged panels. Input number i is made from the seed and i alone.

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { corpus } from "./corpus.ts";
import { trial } from "./judge.ts";
import { mutated } from "./mutate.ts";
import { Random } from "./random.ts";

/** Milliseconds for checking, fixing, printing, checking again and drawing one text. */
const LIMIT = 100;
/** Seconds after which a text that is still being worked on counts as an endless loop. */
const STUCK = 20;
/** Findings after which there is no point in going on. */
const ENOUGH = 50;

interface Task {
  readonly root: string;
  readonly inputs: number;
  readonly seed: number;
  /** The number of the text that is being worked on. */
  readonly now: Int32Array;
}

interface Found {
  readonly number: number;
  readonly wrong: string;
}

interface Slowest {
  readonly number: number;
  readonly milliseconds: number;
}

type Report = { readonly found: Found } | { readonly slowest: Slowest } | { readonly end: true };

if (!isMainThread) work(workerData as Task);

function work({ root, inputs, seed, now }: Task): void {
  const panels = corpus(new URL(root));
  const tell = (report: Report): void => parentPort?.postMessage(report);
  let slowest = 0;
  for (let number = 0; number < inputs; number += 1) {
    Atomics.store(now, 0, number);
    const { wrong, milliseconds } = trial(mutated(panels, new Random(seed + number)), LIMIT);
    if (wrong !== null) tell({ found: { number, wrong } });
    // The first ones are slow because nothing is compiled yet.
    if (number > 100 && milliseconds > slowest) tell({ slowest: { number, milliseconds: (slowest = milliseconds) } });
  }
  tell({ end: true });
}

export async function main(root: URL, [inputs = "10000", seed = String(Date.now() % 2 ** 31)]: string[]): Promise<number> {
  const task: Task = { root: root.href, inputs: Number(inputs), seed: Number(seed), now: new Int32Array(new SharedArrayBuffer(4)) };
  const panels = corpus(root);
  const started = performance.now();
  const text = (number: number): string => mutated(panels, new Random(task.seed + number));
  const found: Found[] = [];
  let slowest: Slowest = { number: 0, milliseconds: 0 };
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  const stuck = await new Promise<boolean>((settle, fail) => {
    let last = -1;
    let since = performance.now();
    const watchdog = setInterval(() => {
      const now = Atomics.load(task.now, 0);
      if (now !== last) [last, since] = [now, performance.now()];
      else if (performance.now() - since > STUCK * 1000) end(true);
    }, 1000);
    const end = (result: boolean): void => {
      clearInterval(watchdog);
      settle(result);
    };
    worker.on("error", fail);
    worker.on("message", (report: Report) => {
      if ("found" in report) found.push(report.found);
      else if ("slowest" in report) slowest = report.slowest;
      if ("end" in report || found.length >= ENOUGH) end(false);
    });
  });
  await worker.terminate();
  const done = Atomics.load(task.now, 0) + 1;
  if (stuck) found.push({ number: done - 1, wrong: `is not done after ${STUCK} s` });
  for (const { number, wrong } of found) console.error(`${keep(root, text(number))}: input ${number} ${wrong}`);
  const seconds = (performance.now() - started) / 1000;
  console.log(`${done} inputs of seed ${seed} in ${seconds.toFixed(0)} s, ${found.length} findings; the slowest took ${slowest.milliseconds.toFixed(1)} ms (input ${slowest.number})`);
  return found.length ? 1 : 0;
}

/** Store a text that something is wrong with, for the tests to try again. */
function keep(root: URL, text: string): string {
  const folder = new URL("tests/vectors-fuzz/", root);
  const name = `${createHash("sha256").update(text).digest("hex").slice(0, 12)}.nxml`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(name, folder), text);
  return `tests/vectors-fuzz/${name}`;
}
