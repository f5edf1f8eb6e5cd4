// What the sandbox's own program uses of the language, taken before any handler runs.
//
// A handler may replace every method, and define setters and getters on every prototype. The program must neither be
// led astray by that nor hand over what is its own. So it calls no method by its name, and it keeps its own lists and
// records without a prototype: reading, writing and growing them finds nothing but what is in them. It uses no
// iteration, spreading, destructuring of lists, template literals (which the engine makes by `concat`) or `await` once a
// handler runs, since each of them looks methods up.

const { apply, getOwnPropertyDescriptor, getPrototypeOf: prototypeOf } = Reflect;
const { bind, call } = Function.prototype;

/** A method as a function whose first argument is its `this`. */
const uncurry = bind.bind(call) as unknown as <F>(method: unknown) => F;

function getter<F>(owner: object, key: PropertyKey): F {
  return uncurry<F>(getOwnPropertyDescriptor(owner, key)?.get);
}

export const { create, defineProperty, freeze, getPrototypeOf, hasOwn, keys, setPrototypeOf } = Object;
export const { isArray } = Array;
export const { isFinite } = Number;
export const { parse, stringify } = JSON;
export const { floor, imul, max, min } = Math;
export const { now } = Date;
export const { fromCodePoint } = String;
export const { isView } = ArrayBuffer;
export { apply };

// Under names of their own: a global name is looked up each time.
export const ArrayBufferOf = ArrayBuffer;
export const DataViewOf = DataView;
export const DateOf = Date;
export const ErrorOf = Error;
export const MapOf = Map;
export const NumberOf = Number;
export const PromiseOf = Promise;
export const RangeErrorOf = RangeError;
export const ReferenceErrorOf = ReferenceError;
export const RegExpOf = RegExp;
export const SetOf = Set;
export const StringOf = String;
export const TypeErrorOf = TypeError;
export const Uint8ArrayOf = Uint8Array;
export const ArrayOf = Array;
export const ProxyOf = Proxy;
export const objectPrototype = Object.prototype;
export const prototypes = bare({
  ArrayBuffer: ArrayBuffer.prototype, Date: Date.prototype, Error: Error.prototype, Map: Map.prototype, RegExp: RegExp.prototype, Set: Set.prototype,
});

/** Whether a prototype is in an object's chain: `instanceof`, without asking the class. */
export const isIn = uncurry<(prototype: object, value: object) => boolean>(Object.prototype.isPrototypeOf);

export const mapGet = uncurry<<K, V>(map: Map<K, V>, key: K) => V | undefined>(Map.prototype.get);
export const mapSet = uncurry<<K, V>(map: Map<K, V>, key: K, value: V) => unknown>(Map.prototype.set);
export const mapHas = uncurry<<K>(map: Map<K, unknown>, key: K) => boolean>(Map.prototype.has);
export const mapDelete = uncurry<<K>(map: Map<K, unknown>, key: K) => boolean>(Map.prototype.delete);
export const mapForEach = uncurry<<K, V>(map: Map<K, V>, each: (value: V, key: K) => void) => void>(Map.prototype.forEach);
export const mapSize = getter<(map: Map<unknown, unknown>) => number>(Map.prototype, "size");
export const setAdd = uncurry<<V>(set: Set<V>, value: V) => unknown>(Set.prototype.add);
export const setForEach = uncurry<<V>(set: Set<V>, each: (value: V) => void) => void>(Set.prototype.forEach);

export const toWellFormed = uncurry<(text: string) => string>(String.prototype.toWellFormed);
export const isWellFormed = uncurry<(text: string) => boolean>(String.prototype.isWellFormed);
export const toLowerCase = uncurry<(text: string) => string>(String.prototype.toLowerCase);
export const trim = uncurry<(text: string) => string>(String.prototype.trim);
export const cut = uncurry<(text: string, start: number, end: number) => string>(String.prototype.slice);
export const codePointAt = uncurry<(text: string, at: number) => number>(String.prototype.codePointAt);
export const numberToText = uncurry<(value: number, radix: number) => string>(Number.prototype.toString);

export const dateTime = uncurry<(date: object) => number>(Date.prototype.getTime);
export const dateToISO = uncurry<(date: object) => string>(Date.prototype.toISOString);

const typed = prototypeOf(Uint8Array.prototype) as object;
/** The name of a typed array's class, undefined for everything else. */
export const typedKind = getter<(value: unknown) => string | undefined>(typed, Symbol.toStringTag);
export const typedBuffer = getter<(value: unknown) => ArrayBuffer>(typed, "buffer");
export const typedOffset = getter<(value: unknown) => number>(typed, "byteOffset");
export const typedBytes = getter<(value: unknown) => number>(typed, "byteLength");
export const typedLength = getter<(value: unknown) => number>(typed, "length");
export const typedSet = uncurry<(array: Uint8Array, from: Uint8Array) => void>(Uint8Array.prototype.set);
export const viewBuffer = getter<(value: unknown) => ArrayBuffer>(DataView.prototype, "buffer");
export const viewOffset = getter<(value: unknown) => number>(DataView.prototype, "byteOffset");
export const viewBytes = getter<(value: unknown) => number>(DataView.prototype, "byteLength");
export const bufferBytes = getter<(value: unknown) => number>(ArrayBuffer.prototype, "byteLength");
/** Classes of typed arrays by their names. */
export const typedClasses = bare<Record<string, new (buffer: ArrayBuffer, start: number, length: number) => object>>({
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array,
});

const promiseThen = uncurry<<T>(promise: Promise<T>, done: (value: T) => unknown, failed?: (error: unknown) => unknown) => unknown>(Promise.prototype.then);

/** Take away an object's prototype. */
export function bare<T extends object>(object: T): T {
  return setPrototypeOf(object, null) as T;
}

/** Define a member that is like any other, whatever the prototype says of its name. */
export function define(object: object, key: PropertyKey, value: unknown): void {
  defineProperty(object, key, bare({ value, writable: true, enumerable: true, configurable: true }));
}

/** Listen to a promise that no handler has: it gets a `constructor` of its own, which is asked for otherwise. */
export function whenDone<T>(promise: Promise<T>, done: (value: T) => unknown, failed?: (error: unknown) => unknown): void {
  defineProperty(promise, "constructor", bare({ value: undefined }));
  promiseThen(promise, done, failed);
}
