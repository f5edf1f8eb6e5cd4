// Visiting and rebuilding expression trees.

import type { Expression } from "../protocol/index.ts";

/** The direct parts of an expression. */
export function parts(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "member":
      return [expression.object];
    case "index":
      return [expression.object, expression.index];
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "conditional":
      return [expression.test, expression.then, expression.otherwise];
    case "call":
      return expression.args;
    case "list":
      return expression.items;
    case "record":
      return expression.entries.map((entry) => entry.value);
    case "template":
      return expression.parts;
    default:
      return [];
  }
}

export function* everyPart(expression: Expression): Generator<Expression> {
  yield expression;
  for (const part of parts(expression)) yield* everyPart(part);
}

/** Rebuild an expression with its direct parts changed. */
export function mapParts(expression: Expression, change: (part: Expression) => Expression): Expression {
  switch (expression.kind) {
    case "member":
      return { ...expression, object: change(expression.object) };
    case "index":
      return { ...expression, object: change(expression.object), index: change(expression.index) };
    case "unary":
      return { ...expression, operand: change(expression.operand) };
    case "binary":
      return { ...expression, left: change(expression.left), right: change(expression.right) };
    case "conditional":
      return { ...expression, test: change(expression.test), then: change(expression.then), otherwise: change(expression.otherwise) };
    case "call":
      return { ...expression, args: expression.args.map(change) };
    case "list":
      return { ...expression, items: expression.items.map(change) };
    case "record":
      return { ...expression, entries: expression.entries.map((entry) => ({ key: entry.key, value: change(entry.value) })) };
    case "template":
      return { ...expression, parts: expression.parts.map(change) };
    default:
      return expression;
  }
}
