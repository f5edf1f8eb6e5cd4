// What a handler finds around it: its states behind a guard, `nx`, and nothing that reaches further.
// It runs in an instance that lives for one run only; what it breaks here, it breaks for itself.

import { nearest } from "../reactor/source.ts";
import type { Json } from "../protocol/index.ts";

interface Job {
  readonly state: Record<string, Json>;
  readonly args: Record<string, Json>;
  readonly event: Json;
  readonly now: number;
  readonly seed: number;
}

interface Done {
  readonly value: Json;
  readonly changes: Record<string, Json>;
  readonly logs: readonly string[];
}

type Handler = (state: object, event: Json, nx: object, ...args: Json[]) => unknown;

/** The engine evaluates the panel's handler, which sets this. */
declare global {
  var __handler: Handler | undefined;
}

const LOG_LINES = 200;
const LOG_LENGTH = 2000;
const { stringify } = JSON;
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** An error of the handler's own making, meant for the person at the panel. */
class PanelError extends Error {
  override name = "PanelError";
}

class PermissionError extends Error {
  override name = "PermissionError";
}

/** Host calls that need a capability; none can be granted yet, and each says so. */
const GUARDED: Readonly<Record<string, string>> = {
  fetch: "net.http", socket: "net.ws", kernel: "kernel.call", send: "panel.send", panel: "panel.read", frame: "frame.read",
  files: "fs.read", db: "db.query", ai: "ai.complete", emit: "agent.emit", notify: "notify", clipboard: "clipboard",
};

function generator(seed: number): () => number {
  // mulberry32 (Tommy Ettinger): small, and the same for the same seed.
  let a = (seed ^ (seed / 4294967296)) >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A value as JSON, or an error that says where it is not. */
function plain(value: unknown, where: string, seen: readonly unknown[] = []): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new TypeError(`${where} is ${value}, which cannot be kept; use null.`);
  }
  if (typeof value !== "object") throw new TypeError(`${where} is a ${typeof value}, which cannot be kept.`);
  if (seen.includes(value)) throw new TypeError(`${where} contains itself.`);
  if (seen.length > 100) throw new RangeError(`${where} is nested too deeply.`);
  const inside = [...seen, value];
  if (Array.isArray(value)) return value.map((item, i) => plain(item, `${where}[${i}]`, inside));
  if (value instanceof Date) return value.toISOString();
  const kind = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== null) throw new TypeError(`${where} is a ${kind?.constructor?.name ?? "strange object"}, which cannot be kept.`);
  const result: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    if (FORBIDDEN.has(key)) throw new TypeError(`${where} has the key '${key}', which is not allowed.`);
    result[key] = plain((value as Record<string, unknown>)[key], `${where}.${key}`, inside);
  }
  return result;
}

function guard(values: Record<string, Json>): object {
  const known = Object.keys(values);
  const check = (key: string | symbol): string => {
    if (typeof key === "string" && Object.hasOwn(values, key)) return key;
    const near = typeof key === "string" ? nearest(key, known) : null;
    throw new ReferenceError(`The panel has no state '${String(key)}'${near ? `; did you mean '${near}'?` : "."}`);
  };
  return new Proxy(values, {
    get: (target, key) => (typeof key === "symbol" || key === "toJSON" ? undefined : target[check(key)]),
    set: (target, key, value) => { target[check(key)] = value as Json; return true; },
    deleteProperty: (_target, key) => { throw new TypeError(`The state '${String(key)}' cannot be deleted.`); },
    defineProperty: () => { throw new TypeError("States are declared in the panel's text."); },
    setPrototypeOf: () => false,
  });
}

function hostApi(job: Job, logs: string[]): object {
  const random = generator(job.seed);
  let ids = 0;
  const nx: Record<string, unknown> = {
    log: (...parts: unknown[]) => {
      const line = parts.map((part) => (typeof part === "string" ? part : (stringify(part) ?? String(part)))).join(" ").slice(0, LOG_LENGTH);
      if (logs.length < LOG_LINES) logs.push(line);
    },
    error: (message: unknown) => { throw new PanelError(String(message)); },
    now: () => job.now,
    random,
    id: () => `${Math.floor(job.now).toString(36)}${Math.floor(random() * 0x7fffffff).toString(36)}${(ids++).toString(36)}`,
  };
  for (const [name, capability] of Object.entries(GUARDED)) {
    const refuse = (): never => { throw new PermissionError(`nx.${name} needs the capability ${capability}, which cannot be granted in this version.`); };
    nx[name] = new Proxy(refuse, { get: (_target, key) => (key === "then" ? undefined : refuse) });
  }
  return Object.freeze(nx);
}

async function run(job: Job): Promise<Done> {
  const handler = globalThis.__handler as Handler;
  globalThis.__handler = undefined;
  Math.random = generator(job.seed + 1);
  const logs: string[] = [];
  const before = new Map(Object.entries(job.state).map(([name, value]) => [name, stringify(value)]));
  const values = Object.assign(Object.create(null) as Record<string, Json>, job.state);
  const value = plain(await handler(guard(values), job.event, hostApi(job, logs), ...Object.values(job.args)), "The result");
  const changes: Record<string, Json> = {};
  for (const name of Object.keys(values)) {
    const now = plain(values[name], `state.${name}`);
    if (stringify(now) !== before.get(name)) changes[name] = now;
  }
  return { value, changes, logs };
}

/** Take away what could make code out of text, here and by way of any function's constructor. */
function close(): void {
  const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const kind of kinds) Object.defineProperty(Object.getPrototypeOf(kind), "constructor", { value: undefined });
  const scope = globalThis as unknown as Record<string, unknown>;
  for (const name of ["eval", "Function", "WebAssembly", "std", "os", "bjson", "scriptArgs", "print", "console", "performance", "queueMicrotask"]) delete scope[name];
}

(globalThis as unknown as { sandbox: { run: typeof run } }).sandbox = { run };
close();
