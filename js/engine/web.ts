// What authors know from the browser, as far as it can be had deterministically: a run that is replayed gets the same.

import {
  apply, ArrayBufferOf, ArrayOf, bufferBytes, codePointAt, DataViewOf, DateOf, dateTime, define, ErrorOf, freeze, fromCodePoint, isArray, isIn, isView,
  keys, mapDelete, mapForEach, mapGet, mapHas, MapOf, mapSet, max, NumberOf, numberToText, PromiseOf, prototypes, RangeErrorOf, RegExpOf, setAdd, setForEach,
  SetOf, StringOf, toLowerCase, toWellFormed, trim, typedBuffer, typedBytes, typedClasses, typedKind, typedLength, typedOffset, typedSet, TypeErrorOf,
  Uint8ArrayOf, viewBuffer, viewBytes, viewOffset, whenDone,
} from "./primordials.ts";

/** The bytes of a typed array or a view of data. */
function bytesOf(value: ArrayBufferView): Uint8Array {
  return typedKind(value) === undefined
    ? new Uint8ArrayOf(viewBuffer(value), viewOffset(value), viewBytes(value))
    : new Uint8ArrayOf(typedBuffer(value), typedOffset(value), typedBytes(value));
}

function copyOfBuffer(buffer: ArrayBuffer): ArrayBuffer {
  const copy = new ArrayBufferOf(bufferBytes(buffer));
  typedSet(new Uint8ArrayOf(copy), new Uint8ArrayOf(buffer));
  return copy;
}

/** A deep copy of data, as browsers make it: also of maps, sets, dates, bytes and cycles; not of functions. */
function clone(value: unknown, seen = new MapOf<unknown, unknown>()): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw new TypeErrorOf("A " + (typeof value) + " cannot be cloned.");
  if (value === null || typeof value !== "object") return value;
  if (mapHas(seen, value)) return mapGet(seen, value);
  const keep = <T>(copy: T): T => { mapSet(seen, value, copy); return copy; };
  if (isIn(prototypes.Date, value)) return keep(new DateOf(dateTime(value)));
  if (isIn(prototypes.RegExp, value)) return keep(new RegExpOf(value as RegExp));
  if (isIn(prototypes.ArrayBuffer, value)) return keep(copyOfBuffer(value as ArrayBuffer));
  if (isView(value)) {
    const kind = typedKind(value);
    if (kind === undefined) return keep(new DataViewOf(clone(viewBuffer(value), seen) as ArrayBuffer, viewOffset(value), viewBytes(value)));
    const made = typedClasses[kind];
    if (!made) throw new TypeErrorOf("A " + kind + " cannot be cloned.");
    return keep(new made(clone(typedBuffer(value), seen) as ArrayBuffer, typedOffset(value), typedLength(value)));
  }
  if (isIn(prototypes.Map, value)) {
    const copy = keep(new MapOf<unknown, unknown>());
    mapForEach(value as Map<unknown, unknown>, (item, key) => { mapSet(copy, clone(key, seen), clone(item, seen)); });
    return copy;
  }
  if (isIn(prototypes.Set, value)) {
    const copy = keep(new SetOf<unknown>());
    setForEach(value as Set<unknown>, (item) => { setAdd(copy, clone(item, seen)); });
    return copy;
  }
  if (isIn(prototypes.Error, value)) {
    const copy = keep(new ErrorOf(StringOf((value as Error).message)));
    define(copy, "name", (value as Error).name);
    return copy;
  }
  const copy = keep(isArray(value) ? new ArrayOf<unknown>(value.length) : {});
  const names = keys(value);
  for (let i = 0; i < names.length; i++) define(copy, names[i] as string, clone((value as Record<string, unknown>)[names[i] as string], seen));
  return copy;
}

/** Texts to UTF-8. */
class TextEncoder {
  readonly encoding = "utf-8";

  encode(input: unknown = ""): Uint8Array {
    const text = toWellFormed(StringOf(input));
    const bytes = new Uint8ArrayOf(3 * text.length);
    let at = 0;
    for (let i = 0; i < text.length; i++) {
      const code = codePointAt(text, i);
      if (code < 0x80) bytes[at++] = code;
      else {
        const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        if (more === 3) i++;
        bytes[at++] = (more === 1 ? 0xc0 : more === 2 ? 0xe0 : 0xf0) | (code >> (6 * more));
        for (let rest = more - 1; rest >= 0; rest--) bytes[at++] = 0x80 | ((code >> (6 * rest)) & 0x3f);
      }
    }
    return new Uint8ArrayOf(new Uint8ArrayOf(typedBuffer(bytes), 0, at));
  }
}

/** UTF-8 to texts; what is not well-formed becomes U+FFFD, by the rules of the Encoding standard. */
class TextDecoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;

  constructor(label: unknown = "utf-8", options?: { readonly fatal?: boolean }) {
    const name = toLowerCase(trim(StringOf(label)));
    if (name !== "utf-8" && name !== "utf8") throw new RangeErrorOf("The encoding '" + StringOf(label) + "' is not known here; there is utf-8.");
    this.fatal = options?.fatal ?? false;
  }

  decode(input?: ArrayBuffer | ArrayBufferView): string {
    const bytes = input === undefined ? new Uint8ArrayOf(0) : isView(input) ? bytesOf(input) : new Uint8ArrayOf(input);
    const length = typedLength(bytes);
    let code = 0;
    let missing = 0;
    let low = 0x80;
    let high = 0xbf;
    let text = "";
    const broken = (): void => {
      if (this.fatal) throw new TypeErrorOf("The bytes are no UTF-8.");
      text += "\ufffd";
      missing = 0;
    };
    for (let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0; at < length; at++) {
      const byte = bytes[at] as number;
      if (missing > 0 && (byte < low || byte > high)) broken();
      else if (missing > 0) {
        code = (code << 6) | (byte & 0x3f);
        low = 0x80;
        high = 0xbf;
        if (--missing === 0) text += fromCodePoint(code);
        continue;
      }
      if (byte < 0x80) text += fromCodePoint(byte);
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
    return text;
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
  const fill = (bytes: Uint8Array): void => {
    const length = typedLength(bytes);
    for (let at = 0; at < length; at++) bytes[at] = random() * 256;
  };
  return freeze({
    getRandomValues: <T extends ArrayBufferView>(array: T): T => {
      const bytes = bytesOf(array);
      if (typedLength(bytes) > 65536) throw new RangeErrorOf("At most 65536 bytes at a time.");
      fill(bytes);
      return array;
    },
    randomUUID: () => {
      const bytes = new Uint8ArrayOf(16);
      fill(bytes);
      bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
      let text = "";
      for (let at = 0; at < 16; at++) {
        const byte = bytes[at] as number;
        text += (at === 4 || at === 6 || at === 8 || at === 10 ? "-" : "") + (byte < 16 ? "0" : "") + numberToText(byte, 16);
      }
      return text;
    },
  });
}

function timers({ later }: Host): object {
  const waiting = new MapOf<number, () => void>();
  let last = 0;
  return {
    setTimeout: (call: unknown, milliseconds: unknown = 0, ...args: unknown[]) => {
      if (typeof call !== "function") throw new TypeErrorOf("setTimeout takes a function.");
      const id = ++last;
      mapSet(waiting, id, later(max(0, NumberOf(milliseconds) || 0), () => { if (mapDelete(waiting, id)) apply(call, undefined, args); }));
      return id;
    },
    clearTimeout: (id: number) => {
      mapGet(waiting, id)?.();
      mapDelete(waiting, id);
    },
  };
}

/** The names that a run finds, beside those of the language. */
export function surroundings({ log, random, later }: Host): Record<string, unknown> {
  return {
    structuredClone: (value: unknown) => clone(value),
    TextEncoder,
    TextDecoder,
    console: freeze({ log, info: log, debug: log, warn: log, error: log }),
    crypto: chance(random),
    queueMicrotask: (call: () => unknown) => { whenDone(new PromiseOf<void>((resolve) => { resolve(); }), () => { call(); }); },
    ...timers({ log, random, later }),
  };
}
