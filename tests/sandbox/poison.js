// Replaces what the language has by what records who gets what, then calls everything that the sandbox offers.
//
// `which` is the number of the first of `size` properties, or -1 for all. With `junk`, what is replaced returns nothing of use; otherwise it
// does what it did. The result is what the calls gave, and what was handed to the replacements that is no handler's.
const { apply, construct, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, setPrototypeOf } = Reflect;
const { isArray } = Array;
const plainFunction = getPrototypeOf(() => {});
const uncurry = plainFunction.bind.bind(plainFunction.call);
const [has, add, set, get] = [Set.prototype.has, Set.prototype.add, Map.prototype.set, Map.prototype.get].map((method) => uncurry(method));
const then = uncurry(Promise.prototype.then);
const [PromiseOf, StringOf, SetOf] = [Promise, String, Set];
const nameOf = (value) => {
  let text = typeof value;
  const names = ownKeys(value);
  for (let i = 0; i < names.length && i < 20; i++) text += " " + StringOf(names[i]);
  return text;
};
const bare = (object) => { setPrototypeOf(object, null); return object; };
const isThing = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

const known = new Set();
const places = [];
function walk(root, path, replaced) {
  const waiting = [[root, path]];
  while (waiting.length > 0) {
    const [object, at] = waiting.pop();
    if (!isThing(object) || known.has(object)) continue;
    known.add(object);
    waiting.push([getPrototypeOf(object), at + ".__proto__"]);
    for (const key of ownKeys(object)) {
      const found = getOwnPropertyDescriptor(object, key);
      const name = at + "." + String(key);
      if (replaced && found.configurable) places.push([object, key, name]);
      for (const value of [found.value, found.get, found.set]) waiting.push([value, name]);
    }
  }
}
walk(globalThis, "globalThis", true);
const hidden = [function* () {}, async function () {}, async function* () {}, [][Symbol.iterator](), new Map()[Symbol.iterator](), new Set()[Symbol.iterator](), ""[Symbol.iterator](), "".matchAll(/x/g), (function* () {})(), (async function* () {})()];
for (const [index, value] of hidden.entries()) walk(getPrototypeOf(value), "hidden" + index, true);
// Names that nothing has, and that are looked for in an object whose own they may be.
for (const name of ["get", "set", "value", "writable", "enumerable", "configurable", "has", "ownKeys", "apply", "construct", "getPrototypeOf", "getOwnPropertyDescriptor", "defineProperty", "deleteProperty", "isExtensible", "preventExtensions", "run", "answers", "error", "name", "message", "fatal", "method", "headers", "body", "as", "toJSON", "then", "cause", "resolve", "reject", "op", "id", "length"]) places.push([Object.prototype, name, "Object.prototype." + name]);
for (let i = 0; i < 4; i++) for (const owner of [Array.prototype, Object.prototype]) places.push([owner, i, "prototype[" + i + "]"]);
walk(nx, "nx", false);
known.add(state);

// What the handler passes on is its own.
const own = { text: "a\ud800", list: [1, [2]], map: new Map([[1, { a: 1 }]]), set: new Set([1]), date: new Date(0), bytes: new Uint8Array([1, 2]), view: new DataView(new ArrayBuffer(2)), pattern: /x/g, error: Object.assign(new TypeError("own"), { name: "Own" }), wide: new Float64Array([1.5]), array: new Uint8Array(4), options: { method: "POST", headers: { a: "b" }, body: { x: [1] } }, timer: () => {}, fine: { a: [1, null, "b"], d: new Date(0) } };
walk(own, "own", false);
// What is called below, under names that nothing replaces.
const [Encoder, Decoder, copyOf, startTimer, stopTimer, later, said, { getRandomValues, randomUUID }, { random }] = [TextEncoder, TextDecoder, structuredClone, setTimeout, clearTimeout, queueMicrotask, console.warn, crypto, Math];
const encoder = new Encoder(), decoder = new Decoder();
const [encode, decode] = [uncurry(encoder.encode), uncurry(decoder.decode)];
walk([encoder, decoder, args, event], "more", false);
const calls = [
  () => nx.log("a", true, 1), () => said("b", null), () => typeof nx.now(), () => nx.random(), () => nx.id().length > 8, () => randomUUID(),
  () => getRandomValues(own.array), () => random(), () => copyOf(own.list), () => copyOf(own.map), () => copyOf(own.set),
  () => copyOf(own.date), () => copyOf(own.bytes), () => copyOf(own.wide), () => copyOf(own.view), () => copyOf(own.pattern), () => copyOf(own.error), () => copyOf(own.fine),
  () => copyOf(own.timer), () => encode(encoder, "aé€😀\ud800"), () => decode(decoder, own.bytes), () => new Decoder("latin1"), () => new Encoder(),
  () => nx.error("x"), () => nx.fail("x"), () => nx.fetch("https://a.test", own.options), () => nx.fetch("https://a.test"), () => nx.fetch(), () => nx.socket("wss://a.test"),
  () => nx.kernel.call("f", own.fine), () => nx.send("p", "a", own.fine), () => nx.send("p"), () => nx.panel("p"), () => nx.frame("f", own.fine), () => nx.files.read("a"), () => nx.files.readBytes("a"),
  () => nx.files.list(), () => nx.files.write("a", own.bytes), () => nx.files.write("a", own.text), () => nx.files.remove("a"), () => nx.db.query("c", "select 1", own.fine), () => nx.ai("x"),
  () => nx.emit("e", own.fine), () => nx.notify("n"), () => nx.clipboard("c"), () => startTimer(own.timer, 1, own.list), () => stopTimer(3), () => later(own.timer),
  () => { state.n = own.fine; return state.n === own.fine; }, () => { state.m = 1; }, () => state.lisst, () => delete state.n, () => { state.list[0] = 3; }, () => nx.emit("e", own.timer),
];
const outcomes = bare([]), promises = bare([]), got = bare([]);
add(known, outcomes);
let live = false, ended = false;
const record = (place, value) => {
  if (!live || !isThing(value) || has(known, value)) return;
  live = !ended;
  if (ended) throw "leaked at the end by " + place + ": " + nameOf(value);
  got[got.length] = bare([place, value]);
};
const nothing = () => undefined;
const wrap = (place, original) => {
  if (typeof original !== "function") return original;
  const wrapped = function (...given) {
    // What is being made is nobody's yet.
    if (new.target === undefined) record(place, this);
    for (let i = 0; i < given.length; i++) record(place, given[i]);
    if (junk && live) return undefined;
    return new.target === undefined ? apply(original, this, given) : construct(original, given, new.target === wrapped ? original : new.target);
  };
  add(known, wrapped);
  return wrapped;
};
const poison = ([object, key, place]) => {
  const found = getOwnPropertyDescriptor(object, key);
  const value = wrap(place, found?.value);
  const read = found?.get ? wrap(place, found.get) : function () { record(place, this); return junk && live ? undefined : value; };
  const write = function (given) {
    record(place, this);
    record(place, given);
    if (live && !found) defineProperty(this, key, bare({ value: given, writable: true, enumerable: true, configurable: true }));
  };
  add(known, read);
  add(known, write);
  defineProperty(object, key, bare({ get: read, set: write, enumerable: false, configurable: true }));
};
const seen = new SetOf();
const learn = (value) => {
  if (!isThing(value) || has(seen, value)) return;
  add(seen, value);
  add(known, value);
  const names = ownKeys(value);
  for (let i = 0; i < names.length; i++) learn(getOwnPropertyDescriptor(value, names[i]).value);
};
const show = (value) => {
  if (typeof value === "function") return "function";
  if (!isThing(value)) return StringOf(value);
  const names = ownKeys(value);
  let text = isArray(value) ? "[" : "{";
  for (let i = 0; i < names.length && i < 20; i++) if (typeof names[i] === "string" && names[i] !== "stack") text += names[i] + ":" + show(getOwnPropertyDescriptor(value, names[i]).value) + ",";
  return text + "}";
};
let left = 1;
let finish;
const finished = new PromiseOf((resolve) => { finish = resolve; });
defineProperty(finished, "constructor", bare({ value: PromiseOf }));
const settled = (index, value) => {
  learn(value);
  outcomes[index] = show(value);
  if (--left === 0) finish();
};
if (which === -2) return places.length;
for (let i = 0; i < places.length; i++) if ((i >= which && i < which + size && which >= 0) || which === -1) poison(places[i]);
live = true;
for (let i = 0; i < calls.length; i++) {
  let value;
  const call = calls[i];
  try {
    value = call();
  } catch (error) {
    value = error;
  }
  live = false;
  learn(value);
  let waits = false;
  try {
    if (isThing(value) && !isArray(value) && getPrototypeOf(value) === PromiseOf.prototype) {
      defineProperty(value, "constructor", bare({ value: undefined, configurable: true }));
      left++;
      waits = true;
      then(value, (result) => settled(i, result), (error) => settled(i, error));
    }
  } catch (error) {
    outcomes[i] = "broken: " + error;
  }
  if (!waits) outcomes[i] = show(value);
  live = true;
}
if (--left > 0) await finished;
live = false;
const leaks = bare([]);
for (let i = 0; i < got.length; i++) if (!has(known, got[i][1])) leaks[leaks.length] = got[i][0] + " got " + nameOf(got[i][1]);
const result = bare({ outcomes, leaks });
add(known, result);
add(known, leaks);
ended = live = true;
return result;
