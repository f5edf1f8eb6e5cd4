// What authors know from the browser, as far as it can be had deterministically: a run that is replayed gets the same.

const { fromCodePoint } = String;

/** A deep copy of data, as browsers make it: also of maps, sets, dates, bytes and cycles; not of functions. */
function clone(value: unknown, seen = new Map<unknown, unknown>()): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw new TypeError(`A ${typeof value} cannot be cloned.`);
  if (value === null || typeof value !== "object") return value;
  if (seen.has(value)) return seen.get(value);
  const keep = <T>(copy: T): T => { seen.set(value, copy); return copy; };
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) {
    const kind = value.constructor as new (buffer: unknown, start?: number, length?: number) => unknown;
    return keep(new kind(clone(value.buffer, seen), value.byteOffset, value instanceof DataView ? value.byteLength : (value as Uint8Array).length));
  }
  if (value instanceof Map) {
    const copy = keep(new Map<unknown, unknown>());
    for (const [key, item] of value) copy.set(clone(key, seen), clone(item, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set<unknown>());
    for (const item of value) copy.add(clone(item, seen));
    return copy;
  }
  if (value instanceof Error) return keep(Object.assign(new Error(value.message), { name: value.name }));
  const copy = keep(Array.isArray(value) ? new Array<unknown>(value.length) : {}) as Record<string, unknown>;
  for (const key of Object.keys(value)) copy[key] = clone((value as Record<string, unknown>)[key], seen);
  return copy;
}

/** Texts to UTF-8. */
class TextEncoder {
  readonly encoding = "utf-8";

  encode(input: unknown = ""): Uint8Array {
    const text = String(input).toWellFormed();
    const bytes = new Uint8Array(3 * text.length);
    let at = 0;
    for (const character of text) {
      const code = character.codePointAt(0) as number;
      if (code < 0x80) bytes[at++] = code;
      else {
        const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        bytes[at++] = ([0, 0xc0, 0xe0, 0xf0][more] as number) | (code >> (6 * more));
        for (let rest = more - 1; rest >= 0; rest--) bytes[at++] = 0x80 | ((code >> (6 * rest)) & 0x3f);
      }
    }
    return bytes.slice(0, at);
  }
}

/** UTF-8 to texts; what is not well-formed becomes U+FFFD, by the rules of the Encoding standard. */
class TextDecoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;

  constructor(label = "utf-8", { fatal = false } = {}) {
    if (!["utf-8", "utf8"].includes(String(label).trim().toLowerCase())) throw new RangeError(`The encoding '${label}' is not known here; there is utf-8.`);
    this.fatal = fatal;
  }

  decode(input: ArrayBuffer | ArrayBufferView = new Uint8Array()): string {
    const bytes = ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
    let [code, missing, low, high] = [0, 0, 0x80, 0xbf];
    const parts: string[] = [];
    const broken = (): void => {
      if (this.fatal) throw new TypeError("The bytes are no UTF-8.");
      parts.push("\ufffd");
      missing = 0;
    };
    for (let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (missing > 0 && (byte < low || byte > high)) broken();
      else if (missing > 0) {
        code = (code << 6) | (byte & 0x3f);
        [low, high] = [0x80, 0xbf];
        if (--missing === 0) parts.push(fromCodePoint(code));
        continue;
      }
      if (byte < 0x80) parts.push(fromCodePoint(byte));
      else if (byte < 0xc2 || byte > 0xf4) broken();
      else {
        missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        code = byte & (0x3f >> missing);
        // No form longer than needed, no half of a pair, nothing beyond the last character.
        low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
        high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
      }
    }
    if (missing > 0) broken();
    return parts.join("");
  }
}

interface Host {
  readonly log: (...parts: unknown[]) => void;
  readonly random: () => number;
  /** Calls a function after so many milliseconds; returns what takes that back. */
  readonly later: (milliseconds: number, call: () => void) => () => void;
}

/** Random bytes and names from the run's seed: for names and samples, not for secrets. */
function chance(random: () => number): object {
  const fill = (bytes: Uint8Array): void => { for (let at = 0; at < bytes.length; at++) bytes[at] = random() * 256; };
  return Object.freeze({
    getRandomValues: <T extends ArrayBufferView>(array: T): T => {
      if (array.byteLength > 65536) throw new RangeError("At most 65536 bytes at a time.");
      fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      return array;
    },
    randomUUID: () => {
      const bytes = new Uint8Array(16);
      fill(bytes);
      bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
    },
  });
}

function timers({ later }: Host): object {
  const waiting = new Map<number, () => void>();
  let last = 0;
  return {
    setTimeout: (call: unknown, milliseconds: unknown = 0, ...args: unknown[]) => {
      if (typeof call !== "function") throw new TypeError("setTimeout takes a function.");
      const id = ++last;
      waiting.set(id, later(Math.max(0, Number(milliseconds) || 0), () => { if (waiting.delete(id)) call(...args); }));
      return id;
    },
    clearTimeout: (id: number) => {
      waiting.get(id)?.();
      waiting.delete(id);
    },
  };
}

/** The names that a run finds, beside those of the language. */
export function surroundings(host: Host): Record<string, unknown> {
  const line = (...parts: unknown[]): void => host.log(...parts);
  return {
    structuredClone: (value: unknown) => clone(value),
    TextEncoder,
    TextDecoder,
    console: Object.freeze({ log: line, info: line, debug: line, warn: line, error: line }),
    crypto: chance(host.random),
    queueMicrotask: (call: () => unknown) => { void Promise.resolve().then(call); },
    ...timers(host),
  };
}
