// Expressions to closures. Evaluation throws for no value, what does not fit is null; it throws for too much work alone.

import type { Aggregate, Binary, Expression } from "../../protocol/index.ts";
import { letters, search, size, spend } from "./effort.ts";
import { FUNCTIONS, type FunctionSpec } from "./functions.ts";
import { isList, isNumber, isRecord, order, own, same, textOf, truthy, type Value } from "./values.ts";

export interface Scope {
  /** The value of a declared name, a loop variable, `$event` or `args`. */
  get(name: string): unknown;
  /** A number over all rows of a query, or null while it is not known. */
  aggregate(query: string, fn: Aggregate["fn"], column: string | null): unknown;
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
      return (scope) => own(object(scope), key);
    }
    case "index": {
      const object = compile(expression.object);
      const index = compile(expression.index);
      return (scope) => own(object(scope), index(scope));
    }
    case "unary":
      return unary(expression.op, compile(expression.operand));
    case "binary":
      return binary(expression.op, compile(expression.left), compile(expression.right));
    case "conditional": {
      const test = compile(expression.test);
      const then = compile(expression.then);
      const otherwise = compile(expression.otherwise);
      return (scope) => (truthy(test(scope)) ? then(scope) : otherwise(scope));
    }
    case "call": {
      const args = expression.args.map(compile);
      const spec = Object.hasOwn(FUNCTIONS, expression.fn) ? FUNCTIONS[expression.fn] : undefined;
      return spec ? (scope) => called(spec, args.map((arg) => arg(scope))) : () => null;
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

function unary(op: "not" | "-" | "+", operand: Evaluator): Evaluator {
  if (op === "not") return (scope) => !truthy(operand(scope));
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
    case "and":
      return (scope) => { const a = left(scope); return truthy(a) ? right(scope) : a; };
    case "or":
      return (scope) => { const a = left(scope); return truthy(a) ? a : right(scope); };
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

function isIn(value: Value, container: Value): boolean {
  spend(1 + size(container));
  if (isList(container)) return container.some((item) => same(item, value));
  if (typeof container === "string") {
    const part = textOf(value);
    search(container, part);
    return container.includes(part);
  }
  return isRecord(container) && typeof value === "string" && Object.hasOwn(container, value);
}

/** Numbers add; with a text on either side, texts join. */
function plus(left: Value, right: Value): Value {
  if (isNumber(left) && isNumber(right)) return left + right;
  return typeof left === "string" || typeof right === "string" ? joined([textOf(left), textOf(right)]) : null;
}
