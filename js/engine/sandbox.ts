// What a handler finds around it: its states behind a guard, `nx`, and nothing that reaches further.
//
// An image of a panel is this program plus one `__define` per action. A run is a machine that starts from the image,
// takes a first message and then the host's answers, and lives for one run only; what a handler breaks here, it breaks
// for itself. The host believes nothing of what is reported and checks each request by its own books.

import type { Json } from "../protocol/index.ts";
import { guard, merge, type Values } from "./states.ts";
import { json as jsonText, plain } from "./plain.ts";
import {
  bare, cut, floor, freeze, hasOwn, imul, isArray, keys, mapDelete, mapForEach, mapGet, MapOf, mapSet, mapSize, now, numberToText, objectPrototype, parse, PromiseOf,
  RangeErrorOf, ReferenceErrorOf, setPrototypeOf, StringOf, stringify, toLowerCase, typedBytes, typedKind, TypeErrorOf, whenDone,
} from "./primordials.ts";
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

type Handler = (state: object, event: Json, nx: object, ...args: Json[]) => Promise<unknown>;
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

/** What `nx.fail` ends a handler with: an error of its own making, meant for the person at the panel. */
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

const ERRORS: Readonly<Record<string, new (message: string) => Error>> = bare({ PermissionError, RangeError, TypeError, HostError });
for (const kind of [PanelError, PermissionError, HostError]) {
  // A handler that catches one has its class, which is made again for the next.
  freeze(kind);
  freeze(kind.prototype);
}

const actions = new MapOf<string, Action>();
const pending = new MapOf<number, Settle>();
let requests = bare<Request[]>([]);
let asked = 0;
/** Length of the requests that are not sent yet. */
let requested = 0;
/** What the handler returned, once it has. */
let returned: { readonly value: Json; readonly logs: readonly string[] } | null = null;
let failure: { readonly error: unknown } | null = null;
let values: Values | null = null;
const logs = bare<string[]>([]);
/** Random numbers of `crypto`; the run sets their seed. */
let dice = Math.random;

/** Characters or bytes of a value in a request, or its items. */
function sizeOf(value: unknown): number {
  return typeof value === "string" || isArray(value) ? value.length : typedKind(value) === undefined ? 0 : typedBytes(value);
}

/** Ask the host for something; the promise settles with a later message. */
function ask(op: string, args: Record<string, unknown>, made: (value: unknown) => unknown = (value) => value): Promise<unknown> {
  return new PromiseOf((resolve, reject) => {
    const names = keys(args);
    let size = 0;
    for (let i = 0; i < names.length; i++) size += sizeOf(args[names[i] as string]);
    if (size > REQUEST || requested + size > REQUESTS) throw new RangeErrorOf("The request has " + size + " characters or bytes; " + REQUEST + " are allowed, and " + REQUESTS + " in all until the next await.");
    requested += size;
    if (mapSize(pending) >= IN_FLIGHT) throw new RangeErrorOf("More than " + IN_FLIGHT + " host calls at once; await some before the next.");
    asked += 1;
    mapSet(pending, asked, { op, resolve: (value) => { resolve(made(value)); }, reject });
    requests[requests.length] = { id: asked, op, args };
  });
}

function generator(seed: number): () => number {
  // mulberry32 (Tommy Ettinger): small, and the same for the same seed.
  let a = (seed ^ (seed / 4294967296)) >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = imul(t ^ (t >>> 15), t | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A text that names something: what is left undefined by mistake must not become the name "undefined". */
function text(value: unknown, what: string): string {
  if (value === undefined || value === null) throw new TypeErrorOf(what + " must be a text, not " + StringOf(value) + ".");
  return StringOf(value);
}

/** Bytes go as they are, everything else as JSON would have it. */
function content(value: unknown, where: string): unknown {
  return typedKind(value) === "Uint8Array" ? value : plain(value, where);
}

interface Fetched {
  readonly status: number;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

/** A member of a record that the host sent, null where it has none. */
function field(record: Record<string, string>, name: string): string | null {
  return hasOwn(record, name) ? (record[name] ?? null) : null;
}

/** A response with the methods that people know from the browser. */
function response({ status, url, headers, text, bytes }: Fetched): object {
  const needText = (): string => {
    if (text === undefined) throw new TypeErrorOf("The body was asked for as bytes: use bytes().");
    return text;
  };
  return freeze({
    status, url, ok: status >= 200 && status < 300,
    headers: freeze({ ...headers, get: (name: unknown) => field(headers, toLowerCase(StringOf(name))) }),
    text: async () => needText(),
    json: async () => parse(needText()) as unknown,
    bytes: async () => {
      if (bytes === undefined) throw new TypeErrorOf("Ask for bytes: nx.fetch(url, { as: 'bytes' }).");
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

/** What a call gives that fails before anything is asked. */
function refused(error: unknown): Promise<never> {
  return new PromiseOf((_resolve, reject) => { reject(error); });
}

function fetch(url: unknown, options: FetchOptions = bare({})): Promise<unknown> {
  try {
    const { method = "GET", headers = {}, body = null, as = "text" } = options;
    const sent = body === null || typeof body === "string" || typedKind(body) === "Uint8Array" ? body : jsonText(plain(body, "The body"));
    const names = plain(headers, "The headers");
    return ask("net.fetch", { url: text(url, "The address"), method: StringOf(method), headers: names, body: sent, as: StringOf(as) }, (found) => response(found as Fetched));
  } catch (error) {
    return refused(error);
  }
}

function socket(url: unknown): Promise<unknown> {
  try {
    return ask("net.open", { url: text(url, "The address") }, (id) => freeze({
      send: (message: unknown) => ask("net.send", { socket: id, message: content(message, "The message") }),
      receive: () => ask("net.receive", { socket: id }),
      close: () => ask("net.close", { socket: id }),
    }));
  } catch (error) {
    return refused(error);
  }
}

function log(...parts: unknown[]): void {
  let line = "";
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    line += (i > 0 ? " " : "") + (typeof part === "string" ? part : (stringify(part) ?? StringOf(part)));
  }
  if (logs.length < LOG_LINES) logs[logs.length] = cut(line, 0, LOG_LENGTH);
}

/** Show the people at the panel a message. That nobody can be shown it is no failure of the handler. */
function tell(message: string): void {
  log("error: " + message);
  const settled = (): void => {};
  whenDone(ask("error", { message }), settled, settled);
}

/** Call a function after so many milliseconds; returns what takes that back. */
function later(milliseconds: number, call: () => void): () => void {
  whenDone(ask("time.wait", { milliseconds }), call);
  const id = asked;
  return () => { mapDelete(pending, id); };
}

function hostApi(random: () => number): object {
  let ids = 0;
  const json = (value: unknown, where: string): Json => plain(value ?? null, where);
  return freeze({
    log,
    error: (message: unknown) => { tell(StringOf(message)); },
    fail: (message: unknown) => { throw new PanelError(StringOf(message)); },
    now: () => now(),
    random,
    id: () => numberToText(now(), 36) + numberToText(floor(random() * 0x7fffffff), 36) + numberToText(ids++, 36),
    fetch,
    socket,
    kernel: freeze({ call: (name: unknown, args: unknown = {}) => ask("kernel.call", { name: text(name, "The function's name"), args: json(args, "The arguments") }) }),
    send: (panel: unknown, action: unknown, args: unknown = {}) => ask("panel.send", { panel: text(panel, "The panel's name"), action: text(action, "The action's name"), args: json(args, "The arguments") }),
    panel: (name: unknown) => ask("panel.read", { panel: text(name, "The panel's name") }),
    frame: (name: unknown, options: unknown = {}) => ask("frame.read", { name: text(name, "The frame's name"), options: json(options, "The options") }),
    files: freeze({
      read: (path: unknown) => ask("fs.read", { path: text(path, "The path"), as: "text" }),
      readBytes: (path: unknown) => ask("fs.read", { path: text(path, "The path"), as: "bytes" }),
      list: (path: unknown = "") => ask("fs.list", { path: text(path, "The path") }),
      write: (path: unknown, data: unknown) => ask("fs.write", { path: text(path, "The path"), data: content(data, "The content") }),
      remove: (path: unknown) => ask("fs.remove", { path: text(path, "The path") }),
    }),
    db: freeze({
      query: (connection: unknown, sql: unknown, params: unknown = {}) => ask("db.query", { connection: text(connection, "The connection's name"), sql: text(sql, "The statement"), params: json(params, "The parameters") }),
    }),
    ai: (prompt: unknown) => ask("ai.complete", { prompt: text(prompt, "The prompt") }),
    emit: (event: unknown, data: unknown = null) => ask("agent.emit", { event: text(event, "The event's name"), data: json(data, "The data") }),
    notify: (message: unknown, level: unknown = "info") => ask("notify", { message: StringOf(message), level: StringOf(level) }),
    clipboard: (text: unknown) => ask("clipboard", { text: StringOf(text) }),
  });
}

function run(job: Job): void {
  const action = mapGet(actions, job.action);
  if (!action) throw new ReferenceErrorOf("There is no action '" + job.action + "'.");
  const args = bare<Record<string, Json>>({});
  for (let i = 0; i < action.parameters.length; i++) args[action.parameters[i] as string] = job.args[i] as Json;
  const handler = action.bind(freeze(setPrototypeOf(args, objectPrototype) as object));
  // Two streams of numbers, so that calls of the one do not change the other.
  Math.random = generator(job.seed + 1);
  dice = generator(job.seed + 2);
  const given = guard(job.state);
  values = given;
  // From here on, nothing is as it was: all that follows does without what a handler can replace.
  const result = handler(given.guarded, job.event, hostApi(generator(job.seed)), ...job.args);
  whenDone(result, (value) => {
    try {
      returned = { value: plain(value, "The result"), logs };
    } catch (error) {
      failure = { error };
    }
  }, (error) => { failure = { error }; });
}

function settle(answer: Answer): void {
  const waiting = mapGet(pending, answer.id);
  if (!waiting) return;
  mapDelete(pending, answer.id);
  if (hasOwn(answer, "error") && answer.error) waiting.reject(new (ERRORS[answer.error.name] ?? HostError)(answer.error.message));
  else waiting.resolve(answer.value);
}

function receive(message: { readonly run: Job } | Resumption): void {
  if (hasOwn(message, "run")) {
    delete (globalThis as { __define?: unknown }).__define;
    try {
      run((message as { readonly run: Job }).run);
    } catch (error) {
      failure = { error };
    }
    return;
  }
  const { answers, state } = message as Resumption;
  if (values) merge(values, state);
  for (let i = 0; i < answers.length; i++) settle(answers[i] as Answer);
}

function report(): Report {
  if (failure) throw failure.error;
  const sent = requests;
  requests = bare([]);
  requested = 0;
  // What was asked for and not awaited is done all the same; only messages that may never come are not waited for.
  let busy = false;
  mapForEach(pending, ({ op }) => { if (op !== "net.receive") busy = true; });
  const done = returned && values && !busy ? { value: returned.value, logs: returned.logs, changes: values.changes() } : null;
  return { requests: sent, done };
}

/** Take away what could make code out of text, here and by way of any function's constructor. */
function close(): void {
  const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const kind of kinds) Object.defineProperty(Object.getPrototypeOf(kind), "constructor", { value: undefined });
  // It is given the functions of everything that is under way, those of this program among them.
  delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  const scope = globalThis as unknown as Record<string, unknown>;
  // A clock of high resolution measures what others do; shared memory makes one out of nothing.
  for (const name of ["eval", "Function", "WebAssembly", "performance", "SharedArrayBuffer", "Atomics", "queueMicrotask", "console", "print"]) delete scope[name];
}

const scope = globalThis as unknown as { engine?: object; __define?: (name: string, parameters: readonly string[], bind: Action["bind"]) => void };
scope.__define = (name, parameters, bind) => { mapSet(actions, name, { parameters, bind }); };
scope.engine = { receive, report };
close();
// Once, in the image: a run starts with them.
for (const [name, value] of Object.entries(surroundings({ log, random: () => dice(), later }))) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
