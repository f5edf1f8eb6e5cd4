// Expressions to closures. Evaluation throws for no value, what does not fit is null; it throws for too much work alone.

import type { Aggregate, Binary, Expression } from "../../protocol/index.ts";
import { letters, size, spend } from "./effort.ts";
import { FUNCTIONS, type FunctionSpec, isIn } from "./functions.ts";
import { isNumber, order, own, same, textOf, truthy, type Value } from "./values.ts";

export interface Scope {
  /** The value of a declared name, a loop variable, `$event` or `args`. */
  get(name: string): unknown;
  /** A number over all rows of a query, or null while it is not known. */
  aggregate(query: string, fn: Aggregate["fn"], column: string | null): unknown;
  /** The rows that a name stands for, of which parts can be read; null where it is a value. */
  rows?(name: string): RowSource | null;
}

/** Rows of a frame or query, as many as there are. Reading a name reads all of them, or throws `TooManyRows`. */
export interface RowSource {
  /** How many there are; null while that is not known. */
  total(): number | null;
  /** Those from a place to before another; throws `TooManyRows` for too many at a time. */
  part(from: number, to: number): readonly Value[];
}

export type Evaluator = (scope: Scope) => Value;

/** Compile an expression; the result may be called any number of times. */
export function compile(expression: Expression): Evaluator {
  switch (expression.kind) {
    case "literal": {
      const value = expression.value as Value;
      return () => value;
    }
    case "name": {
      const { name } = expression;
      return (scope) => (scope.get(name) ?? null) as Value;
    }
    case "column": {
      const { name } = expression;
      return (scope) => own(scope.get("row"), name);
    }
    case "member": {
      const object = compile(expression.object);
      const { key } = expression;
      return key === "length" ? overRows(expression.object, (rows) => rows.total(), (scope) => own(object(scope), key)) : (scope) => own(object(scope), key);
    }
    case "index": {
      const object = compile(expression.object);
      const index = compile(expression.index);
      const at = (rows: RowSource, scope: Scope): Value => { const wanted = index(scope); return isNumber(wanted) ? itemAt(rows, wanted) : null; };
      return overRows(expression.object, at, (scope) => own(object(scope), index(scope)));
    }
    case "unary":
      return expression.op === "not" ? negation(expression.operand) : signed(expression.op, compile(expression.operand));
    case "binary":
      if (expression.op === "and" || expression.op === "or") return junction(expression.op, expression.left, compile(expression.right));
      return binary(expression.op, compile(expression.left), compile(expression.right));
    case "conditional": {
      const test = compileTest(expression.test);
      const then = compile(expression.then);
      const otherwise = compile(expression.otherwise);
      return (scope) => (test(scope) ? then(scope) : otherwise(scope));
    }
    case "call": {
      const args = expression.args.map(compile);
      const spec = Object.hasOwn(FUNCTIONS, expression.fn) ? FUNCTIONS[expression.fn] : undefined;
      if (!spec) return () => null;
      const whole: Evaluator = (scope) => called(spec, args.map((arg) => arg(scope)));
      const window = WINDOWS[expression.fn];
      const [rows, ...rest] = args;
      return window && rows ? overRows(expression.args[0] as Expression, (source, scope) => window(source, ...rest.map((arg) => arg(scope))), whole) : whole;
    }
    case "list": {
      const items = expression.items.map(compile);
      return (scope) => { spend(items.length); return items.map((item) => item(scope)); };
    }
    case "record": {
      const entries = expression.entries.map((entry) => [entry.key, compile(entry.value)] as const);
      return (scope) => Object.fromEntries(entries.map(([key, value]) => [key, value(scope)]));
    }
    case "template": {
      const parts = expression.parts.map(compile);
      return (scope) => joined(parts.map((part) => textOf(part(scope))));
    }
    case "aggregate": {
      const { query, fn, column } = expression;
      return (scope) => (scope.aggregate(query, fn, column) ?? null) as Value;
    }
  }
}

/** Compile a condition. Whether there are rows is known without reading them. */
export function compileTest(expression: Expression): (scope: Scope) => boolean {
  const value = compile(expression);
  const test = overRows(expression, (rows) => (rows.total() ?? 0) > 0, value);
  return (scope) => truthy(test(scope));
}

/** An evaluator that reads a part of rows, or asks something of them, where an expression is the name of rows. */
function overRows(expression: Expression, ask: (rows: RowSource, scope: Scope) => Value, otherwise: Evaluator): Evaluator {
  if (expression.kind !== "name") return otherwise;
  const { name } = expression;
  return (scope) => {
    const rows = scope.rows?.(name) ?? null;
    return rows ? ask(rows, scope) : otherwise(scope);
  };
}

/** Functions that need a part of rows only, and mean what `slice` of JavaScript does. */
const WINDOWS: Readonly<Record<string, (rows: RowSource, ...args: readonly Value[]) => Value>> = Object.freeze({
  __proto__: null as never,
  first: (rows: RowSource, count: Value = null) => (isNumber(count) ? window(rows, 0, count) : itemAt(rows, 0)),
  last: (rows: RowSource, count: Value = null) => (isNumber(count) ? (count > 0 ? window(rows, -count, null) : []) : itemAt(rows, -1)),
  slice: (rows: RowSource, start: Value = null, end: Value = null) => window(rows, isNumber(start) ? start : 0, isNumber(end) ? end : null),
});

function window(rows: RowSource, start: number, end: number | null): readonly Value[] {
  const [from, to] = [Math.trunc(start), end === null ? null : Math.trunc(end)];
  if (from >= 0 && to !== null && to >= 0) return to > from ? rows.part(from, to) : [];
  const total = rows.total();
  if (total === null) return [];
  const place = (at: number): number => Math.max(0, Math.min(total, at < 0 ? total + at : at));
  const [first, last] = [place(from), to === null ? total : place(to)];
  return last > first ? rows.part(first, last) : [];
}

function itemAt(rows: RowSource, index: number): Value {
  if (!Number.isInteger(index)) return null;
  const at = index < 0 ? (rows.total() ?? 0) + index : index;
  return at < 0 ? null : (rows.part(at, at + 1)[0] ?? null);
}

/** Evaluate once. */
export function evaluate(expression: Expression, scope: Scope): Value {
  return compile(expression)(scope);
}

function called(spec: FunctionSpec, args: readonly Value[]): Value {
  spend(args.reduce<number>((steps, arg) => steps + size(arg), 1));
  const result = spec.call(...args) ?? null;
  spend(size(result));
  return result;
}

function joined(parts: readonly string[]): string {
  letters(parts.reduce((sum, part) => sum + part.length, 8));
  return parts.join("");
}

function negation(operand: Expression): Evaluator {
  const test = compileTest(operand);
  return (scope) => !test(scope);
}

/** The operand that decides, the right one worked out when it is needed only. */
function junction(op: "and" | "or", left: Expression, right: Evaluator): Evaluator {
  const value = compile(left);
  const decided = (a: Value, scope: Scope): Value => (truthy(a) === (op === "and") ? right(scope) : a);
  const byRows = (rows: RowSource, scope: Scope): Value => {
    const some = (rows.total() ?? 0) > 0;
    return some === (op === "and") ? right(scope) : value(scope);
  };
  return overRows(left, byRows, (scope) => decided(value(scope), scope));
}

function signed(op: "-" | "+", operand: Evaluator): Evaluator {
  const sign = op === "-" ? -1 : 1;
  return (scope) => {
    const value = operand(scope);
    return isNumber(value) ? sign * value : null;
  };
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};
const ORDER: Readonly<Record<string, (difference: number) => boolean>> = {
  "<": (d) => d < 0,
  "<=": (d) => d <= 0,
  ">": (d) => d > 0,
  ">=": (d) => d >= 0,
};

function binary(op: Binary["op"], left: Evaluator, right: Evaluator): Evaluator {
  switch (op) {
    case "??":
      return (scope) => left(scope) ?? right(scope);
    case "==":
      return (scope) => same(left(scope), right(scope));
    case "!=":
      return (scope) => !same(left(scope), right(scope));
    case "in":
      return (scope) => isIn(left(scope), right(scope));
    case "+":
      return (scope) => plus(left(scope), right(scope));
    default: {
      const compare = ORDER[op];
      if (compare) return (scope) => { const d = order(left(scope), right(scope)); return d !== null && compare(d); };
      const combine = ARITHMETIC[op] as (a: number, b: number) => number;
      return (scope) => {
        const [a, b] = [left(scope), right(scope)];
        const result = isNumber(a) && isNumber(b) ? combine(a, b) : Number.NaN;
        return Number.isFinite(result) ? result : null;
      };
    }
  }
}

/** Numbers add; with a text on either side, texts join. */
function plus(left: Value, right: Value): Value {
  if (isNumber(left) && isNumber(right)) return left + right;
  return typeof left === "string" || typeof right === "string" ? joined([textOf(left), textOf(right)]) : null;
}
