// What a handler finds around it: its states behind a guard, `nx`, and nothing that reaches further.
//
// An image of a panel is this program plus one `__define` per action. A run is a machine that starts from the image,
// takes a first message and then the host's answers, and lives for one run only; what a handler breaks here, it breaks
// for itself. The host believes nothing of what is reported and checks each request by its own books.

import type { Json } from "../protocol/index.ts";
import { guard, merge, type Values } from "./states.ts";
import { plain } from "./plain.ts";
import { surroundings } from "./web.ts";

/** The first message. */
interface Job {
  readonly action: string;
  readonly state: Record<string, Json>;
  readonly args: readonly Json[];
  readonly event: Json;
  readonly seed: number;
}

/** An answer of the host to a request. */
interface Answer {
  readonly id: number;
  readonly value?: Json;
  readonly error?: { readonly name: string; readonly message: string };
}

/** Any later message: answers, and states that others have changed while the run was parked. */
interface Resumption {
  readonly answers: readonly Answer[];
  readonly state: Record<string, Json>;
}

/** What the handler asks of the host. */
interface Request {
  readonly id: number;
  readonly op: string;
  readonly args: unknown;
}

interface Done {
  readonly value: Json;
  readonly changes: Record<string, Json>;
  readonly logs: readonly string[];
}

interface Report {
  readonly requests: readonly Request[];
  readonly done: Done | null;
}

type Handler = (state: object, event: Json, nx: object, ...args: Json[]) => unknown;
/** What an action's text is compiled to: given its arguments by name, its handler. */
interface Action {
  readonly parameters: readonly string[];
  readonly bind: (args: object) => Handler;
}
type Settle = { readonly op: string; readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

const LOG_LINES = 200;
const LOG_LENGTH = 2000;
/** Requests that may be under way at the same time; the host counts too. */
const IN_FLIGHT = 64;
/** Characters or bytes that one request may have, and all that are sent at once; the host counts bytes. */
const REQUEST = 5 << 20;
const REQUESTS = 5 << 20;
const { stringify } = JSON;
const now = Date.now;

/** An error of the handler's own making, meant for the person at the panel. */
class PanelError extends Error {
  override name = "PanelError";
}

/** A request that needs a grant which the panel has not. */
class PermissionError extends Error {
  override name = "PermissionError";
}

/** A request that the host could not do. */
class HostError extends Error {
  override name = "HostError";
}

const ERRORS: Readonly<Record<string, new (message: string) => Error>> = { PermissionError, RangeError, TypeError, HostError };

const actions = new Map<string, Action>();
const pending = new Map<number, Settle>();
let requests: Request[] = [];
let asked = 0;
/** Length of the requests that are not sent yet. */
let requested = 0;
/** What the handler returned, once it has. */
let returned: { readonly value: Json; readonly logs: readonly string[] } | null = null;
let failure: { readonly error: unknown } | null = null;
let values: Values | null = null;
const logs: string[] = [];
/** Random numbers of `crypto`; the run sets their seed. */
let dice = Math.random;

/** Ask the host for something; the promise settles with a later message. */
function ask(op: string, args: Record<string, unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const size = Object.values(args).reduce<number>((sum, value) => sum + ((value as { length?: number } | null)?.length ?? 0), 0);
    if (size > REQUEST || requested + size > REQUESTS) throw new RangeError(`The request has ${size} characters or bytes; ${REQUEST} are allowed, and ${REQUESTS} in all until the next await.`);
    requested += size;
    if (pending.size >= IN_FLIGHT) throw new RangeError(`More than ${IN_FLIGHT} host calls at once; await some before the next.`);
    asked += 1;
    pending.set(asked, { op, resolve, reject });
    requests.push({ id: asked, op, args });
  });
}

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

/** A text that names something: what is left undefined by mistake must not become the name "undefined". */
function text(value: unknown, what: string): string {
  if (value === undefined || value === null) throw new TypeError(`${what} must be a text, not ${String(value)}.`);
  return String(value);
}

/** Bytes go as they are, everything else as JSON would have it. */
function content(value: unknown, where: string): unknown {
  return value instanceof Uint8Array ? value : plain(value, where);
}

interface Fetched {
  readonly status: number;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

/** A response with the methods that people know from the browser. */
function response({ status, url, headers, text, bytes }: Fetched): object {
  const needText = (): string => {
    if (text === undefined) throw new TypeError("The body was asked for as bytes: use bytes().");
    return text;
  };
  return Object.freeze({
    status, url, ok: status >= 200 && status < 300,
    headers: Object.freeze({ ...headers, get: (name: string) => headers[String(name).toLowerCase()] ?? null }),
    text: async () => needText(),
    json: async () => JSON.parse(needText()) as unknown,
    bytes: async () => {
      if (bytes === undefined) throw new TypeError("Ask for bytes: nx.fetch(url, { as: 'bytes' }).");
      return bytes;
    },
  });
}

interface FetchOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly as?: "text" | "bytes";
}

async function fetch(url: unknown, options: FetchOptions = {}): Promise<object> {
  const { method = "GET", headers = {}, body = null, as = "text" } = options;
  const sent = body === null || typeof body === "string" || body instanceof Uint8Array ? body : stringify(plain(body, "The body"));
  const names = plain(headers, "The headers");
  return response((await ask("net.fetch", { url: text(url, "The address"), method: String(method), headers: names, body: sent, as: String(as) })) as Fetched);
}

async function socket(url: unknown): Promise<object> {
  const id = await ask("net.open", { url: text(url, "The address") });
  return Object.freeze({
    send: (message: unknown) => ask("net.send", { socket: id, message: content(message, "The message") }),
    receive: () => ask("net.receive", { socket: id }),
    close: () => ask("net.close", { socket: id }),
  });
}

function log(...parts: unknown[]): void {
  const line = parts.map((part) => (typeof part === "string" ? part : (stringify(part) ?? String(part)))).join(" ").slice(0, LOG_LENGTH);
  if (logs.length < LOG_LINES) logs.push(line);
}

/** Call a function after so many milliseconds; returns what takes that back. */
function later(milliseconds: number, call: () => void): () => void {
  void ask("time.wait", { milliseconds }).then(call);
  const id = asked;
  return () => { pending.delete(id); };
}

function hostApi(random: () => number): object {
  let ids = 0;
  const json = (value: unknown, where: string): Json => plain(value ?? null, where);
  return Object.freeze({
    log,
    error: (message: unknown) => { throw new PanelError(String(message)); },
    now: () => now(),
    random,
    id: () => `${now().toString(36)}${Math.floor(random() * 0x7fffffff).toString(36)}${(ids++).toString(36)}`,
    fetch,
    socket,
    kernel: Object.freeze({ call: (name: unknown, args: unknown = {}) => ask("kernel.call", { name: text(name, "The function's name"), args: json(args, "The arguments") }) }),
    send: (panel: unknown, action: unknown, args: unknown = {}) => ask("panel.send", { panel: text(panel, "The panel's name"), action: text(action, "The action's name"), args: json(args, "The arguments") }),
    panel: (name: unknown) => ask("panel.read", { panel: text(name, "The panel's name") }),
    frame: (name: unknown, options: unknown = {}) => ask("frame.read", { name: text(name, "The frame's name"), options: json(options, "The options") }),
    files: Object.freeze({
      read: (path: unknown) => ask("fs.read", { path: text(path, "The path"), as: "text" }),
      readBytes: (path: unknown) => ask("fs.read", { path: text(path, "The path"), as: "bytes" }),
      list: (path: unknown = "") => ask("fs.list", { path: text(path, "The path") }),
      write: (path: unknown, data: unknown) => ask("fs.write", { path: text(path, "The path"), data: content(data, "The content") }),
      remove: (path: unknown) => ask("fs.remove", { path: text(path, "The path") }),
    }),
    db: Object.freeze({
      query: (connection: unknown, sql: unknown, params: unknown = {}) => ask("db.query", { connection: text(connection, "The connection's name"), sql: text(sql, "The statement"), params: json(params, "The parameters") }),
    }),
    ai: (prompt: unknown) => ask("ai.complete", { prompt: text(prompt, "The prompt") }),
    emit: (event: unknown, data: unknown = null) => ask("agent.emit", { event: text(event, "The event's name"), data: json(data, "The data") }),
    notify: (message: unknown, level: unknown = "info") => ask("notify", { message: String(message), level: String(level) }),
    clipboard: (text: unknown) => ask("clipboard", { text: String(text) }),
  });
}

async function run(job: Job): Promise<void> {
  const action = actions.get(job.action);
  if (!action) throw new ReferenceError(`There is no action '${job.action}'.`);
  const handler = action.bind(Object.freeze(Object.fromEntries(action.parameters.map((name, index) => [name, job.args[index]]))));
  // Two streams of numbers, so that calls of the one do not change the other.
  Math.random = generator(job.seed + 1);
  dice = generator(job.seed + 2);
  values = guard(job.state);
  returned = { value: plain(await handler(values.guarded, job.event, hostApi(generator(job.seed)), ...job.args), "The result"), logs };
}

function settle(answer: Answer): void {
  const waiting = pending.get(answer.id);
  if (!waiting) return;
  pending.delete(answer.id);
  if (answer.error) waiting.reject(new (ERRORS[answer.error.name] ?? HostError)(answer.error.message));
  else waiting.resolve(answer.value);
}

function receive(message: { readonly run: Job } | Resumption): void {
  if ("run" in message) {
    delete (globalThis as { __define?: unknown }).__define;
    run(message.run).catch((error: unknown) => { failure = { error }; });
    return;
  }
  if (values) merge(values, message.state);
  for (const answer of message.answers) settle(answer);
}

function report(): Report {
  if (failure) throw failure.error;
  const sent = requests;
  requests = [];
  requested = 0;
  // What was asked for and not awaited is done all the same; only messages that may never come are not waited for.
  const busy = [...pending.values()].some(({ op }) => op !== "net.receive");
  const done = returned && values && !busy ? { ...returned, changes: values.changes() } : null;
  return { requests: sent, done };
}

/** Take away what could make code out of text, here and by way of any function's constructor. */
function close(): void {
  const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const kind of kinds) Object.defineProperty(Object.getPrototypeOf(kind), "constructor", { value: undefined });
  const scope = globalThis as unknown as Record<string, unknown>;
  // A clock of high resolution measures what others do; shared memory makes one out of nothing.
  for (const name of ["eval", "Function", "WebAssembly", "performance", "SharedArrayBuffer", "Atomics", "queueMicrotask", "console", "print"]) delete scope[name];
}

const scope = globalThis as unknown as { engine?: object; __define?: (name: string, parameters: readonly string[], bind: Action["bind"]) => void };
scope.__define = (name, parameters, bind) => { actions.set(name, { parameters, bind }); };
scope.engine = { receive, report };
close();
// Once, in the image: a run starts with them.
for (const [name, value] of Object.entries(surroundings({ log, random: () => dice(), later }))) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
