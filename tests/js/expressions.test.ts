import { expect, test } from "vitest";
import { evaluate, ExpressionError, parseExpression, type Value } from "../../js/reactor/expression/index.ts";

const VALUES: Readonly<Record<string, unknown>> = {
  n: 7, zero: 0, half: 0.5, word: "héllo", empty: "", yes: true, none: null,
  list: [3, 1, 2], mixed: [2, null, "b", 1, true, "a"], record: { a: 1, length: 9 },
  rows: [{ id: "x", v: 2, tags: ["t"] }, { id: "y", v: 5, tags: [] }, { id: "z", v: 1, tags: ["t", "u"] }],
  strange: JSON.parse('{"toString": 1, "valueOf": 2, "__proto__": {"a": 1}}'),
};
const scope = { get: (name: string) => VALUES[name], aggregate: () => null };
const value = (text: string): Value => evaluate(parseExpression(text).expression, scope);

const TABLE: readonly [string, unknown][] = [
  // Arithmetic: numbers only; what is no number, or not finite, is nothing.
  ["1 + 2 * 3", 7], ["(1 + 2) * 3", 9], ["7 / 2", 3.5], ["n % 4", 3], ["-n", -7], ["+n", 7], ["1 / 0", null], ["zero / zero", null],
  ["'a' * 2", null], ["none + 1", null], ["-'a'", null], ["2 - 1 - 1", 0], ["1e3", 1000], [".5 + .5", 1], ["- - 2", 2],
  // Texts join.
  ["'a' + 1", "a1"], ["1 + 'a'", "1a"], ["'x' + none", "x"], ["word + '!'", "héllo!"], ["0.1 + 0.2 + ''", "0.3"], ["'it\\'s'", "it's"], ['"a\\nb"', "a\nb"],
  // Comparison without conversion.
  ["1 == 1", true], ["1 == '1'", false], ["1 === 1", true], ["none == 0", false], ["none == missing", true], ["[1, {a: 2}] == [1, {a: 2}]", true], ["{a: 1} == {a: 1, b: 2}", false],
  ["1 != 2", true], ["2 < 10", true], ["'2' < '10'", false], ["1 < '2'", false], ["none < 1", false], ["true > false", true], ["2 >= 2", true],
  // Logic gives the deciding value; empty lists are false.
  ["0 or 'x'", "x"], ["1 and 'x'", "x"], ["n && word", "héllo"], ["0 || none", null], ["not 0", true], ["!n", false], ["not n == 7", false], ["!none == true", true],
  ["none ?? 5", 5], ["0 ?? 5", 0], ["[] ? 1 : 2", 2], ["list ? 1 : 2", 1], ["n > 5 ? 'many' : n > 2 ? 'some' : 'few'", "many"], ["none ? 1 : zero ? 2 : 3", 3],
  // Membership.
  ["2 in list", true], ["'a' in record", true], ["'ell' in word", false], ["'llo' in word", true], ["'toString' in record", false], ["1 in none", false],
  // Members: own ones only.
  ["record.a", 1], ["record['a']", 1], ["record.b", null], ["record.toString", null], ["record['con' + 'structor']", null], ["none.a.b", null], ["none?.a", null],
  ["list[0]", 3], ["list[-1]", 2], ["list[9]", null], ["list.length", 3], ["list['0']", null], ["word.length", 5], ["word[1]", "é"], ["record.length", 9], ["rows[1].id", "y"], ["strange.a", null],
  // Literals.
  ["[1, 'a', [none]]", [1, "a", [null]]], ["{a: 1, 'b c': n}", { a: 1, "b c": 7 }], ["{n}", { n: 7 }], ["[]", []], ["[1, 2,]", [1, 2]],
  // Pipes and calls are the same.
  ["list | len", 3], ["len(list)", 3], ["rows | where('v', '>', 1) | pluck('id')", ["x", "y"]], ["rows | sum('v')", 8], ["rows | mean('v')", 8 / 3], ["none | mean", null], ["list | min", 1], ["list | max", 3], ["[] | max", null],
  ["list | sort", [1, 2, 3]], ["mixed | sort", [true, 1, 2, "a", "b", null]], ["mixed | sort(none, true)", ["b", "a", 2, 1, true, null]], ["['～', '😀', 'a'] | sort", ["a", "～", "😀"]], ["['b', 'a'] | max", "b"], ["[true, 2] | sum", 3], ["rows | where('v', '=>', 1)", null], ["rows | sort('v', true) | pluck('v')", [5, 2, 1]], ["list | first", 3], ["list | first(2)", [3, 1]], ["list | last", 2], ["list | last(0)", []],
  ["list | slice(1)", [1, 2]], ["list | slice(strange, 1)", [3]], ["list | reverse", [2, 1, 3]], ["[1, 1, 2] | distinct", [1, 2]], ["rows | find('id', 'z') | get('v')", 1], ["record | get('q', 'else')", "else"], ["list | concat([4])", [3, 1, 2, 4]],
  ["rows | edges('id', 'tags')", [{ from: "t", to: "x" }, { from: "t", to: "z" }, { from: "u", to: "z" }]], ["record | keys", ["a", "length"]], ["record | values", [1, 9]],
  ["word | upper", "HÉLLO"], ["'AbC' | lower", "abc"], ["'abc' | capitalize", "Abc"], ["' a ' | trim", "a"], ["'a-b-c' | replace('-', '+')", "a+b+c"], ["'a,b' | split(',')", ["a", "b"]], ["list | join", "3, 1, 2"], ["list | join('')", "312"],
  ["'abc' | contains('B')", true], ["list | contains(2)", true], ["none | upper", null],
  // Numbers and dates as people read them.
  ["1234567.891 | number", "1,234,567.891"], ["1234567.891 | number(1)", "1,234,567.9"], ["-0.001 | number(1)", "0.0"], ["1e21 | number", "1e+21"], ["1234.5 | money", "1,234.50"], ["-3 | money('€')", "−€3.00"],
  ["0.256 | percent", "26\u00a0%"], ["0.256 | percent(1)", "25.6\u00a0%"], ["1234567 | compact", "1.2M"], ["999950 | compact", "1M"], ["950 | compact", "950"], ["2.5 | round", 3], ["2.345 | round(2)", 2.35], ["-2.5 | floor", -3], ["2.1 | ceil", 3], ["-2 | abs", 2],
  ["'2015-03-09' | year", 2015], ["'2015-03-09T10:00' | month", "2015-03"], ["'2015-03-09' | day", "2015-03-09"], ["'2015-03-09' | date", "9 Mar 2015"], ["'2015-03-09' | week", "2015-03-09"], ["'2015-03-15T23:00Z' | week", "2015-03-09"], ["'2015-02-31' | week", null], ["'2015-03-09T14:30Z' | hour", "2015-03-09T14:00Z"], ["'2015-03-09' | hour", "2015-03-09T00:00Z"], ["'soon' | hour", null], ["'soon' | date", null], ["[1, none] | text", "[1,null]"],
];

test.each(TABLE)("%s", (text, expected) => {
  expect(value(text)).toEqual(expected);
});

const REFUSED: readonly [string, number][] = [
  ["", 0], ["1 +", 3], ["(1", 2], ["[1 2]", 3], ["a b", 2], ["a = 1", 2], ["a += 1", 3], ["x => x", 2], ["f(1)(2)", 4], ["word.trim()", 5], ["record.constructor", 7], ["{__proto__: 1}", 1], ["{'constructor': 1}", 1],
  ["prototype", 0], ["`a`", 0], ["a; b", 1], ["'open", 0], ["'\\x41'", 1], ["1a", 1], ["new Date", 4], ["n toString 2", 2], ["n constructor 2", 2], ["x | 3", 4], ["? 1 : 2", 0], ["1 ? 2", 5], ["a..b", 2], ["@", 0],
  ["(".repeat(500), 64], [`1${" + 1".repeat(300)}`, 1026], [`a${".b".repeat(300)}`, 513], [`a${"[0]".repeat(300)}`, 769],
];

test.each(REFUSED.map(([text, at]) => [text.slice(0, 30), at, text] as const))("%s is refused where it goes wrong, at %i", (_, at, text) => {
  let found: unknown = null;
  try {
    parseExpression(text);
  } catch (error) {
    found = error;
  }
  expect(found).toBeInstanceOf(ExpressionError);
  expect((found as ExpressionError).at).toBe(at);
});

test("every function takes every kind of value without throwing", async () => {
  const { FUNCTIONS } = await import("../../js/reactor/expression/index.ts");
  const kinds = Object.keys(VALUES).map((name) => VALUES[name] as Value);
  for (const [name, { arity, call }] of Object.entries(FUNCTIONS)) {
    for (const first of kinds) for (const second of kinds) {
      const args = [first, ...Array.from({ length: arity[1] - 1 }, () => second)];
      const result = call(...args);
      expect(result === undefined || Number.isNaN(result), `${name}(${JSON.stringify(args)})`).toBe(false);
    }
  }
});

test("a list of a million numbers has a largest one", () => {
  const numbers = Array.from({ length: 1_000_000 }, (_, i) => i);
  expect(evaluate(parseExpression("many | max").expression, { get: () => numbers, aggregate: () => null })).toBe(999_999);
});
