// The kind of value that an expression has, as far as the text tells.

import type { Expression } from "../../protocol/index.ts";
import { FUNCTIONS } from "../expression/index.ts";
import type { PropType } from "../registry.ts";
import type { Names } from "./names.ts";

/** `any` is not known, or null. */
export type Kind = "str" | "int" | "float" | "bool" | "date" | "list" | "record" | "any";

const COMPARISONS = new Set(["==", "!=", "<", "<=", ">", ">=", "in"]);
/** Computed values that are looked through. */
const DEPTH = 16;

export function kindOf(names: Names, expression: Expression, depth = 0): Kind {
  switch (expression.kind) {
    case "literal":
      return kindOfLiteral(expression.value);
    case "name":
      return kindOfName(names, expression.name, depth);
    case "template":
      return "str";
    case "list":
      return "list";
    case "record":
      return "record";
    case "aggregate":
      return expression.fn === "len" ? "int" : "any";
    case "unary":
      return expression.op === "not" ? "bool" : "float";
    case "call": {
      const returns = Object.hasOwn(FUNCTIONS, expression.fn) ? FUNCTIONS[expression.fn]?.returns : undefined;
      return returns ?? "any";
    }
    case "conditional": {
      const [then, otherwise] = [kindOf(names, expression.then, depth), kindOf(names, expression.otherwise, depth)];
      return then === otherwise ? then : "any";
    }
    case "binary":
      if (COMPARISONS.has(expression.op)) return "bool";
      if (["-", "*", "/", "%"].includes(expression.op)) return "float";
      return "any";
    default:
      return "any";
  }
}

function kindOfLiteral(value: unknown): Kind {
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  return typeof value === "number" ? (Number.isInteger(value) ? "int" : "float") : "any";
}

function kindOfName(names: Names, name: string, depth: number): Kind {
  if (names.isRows(name)) return "list";
  const state = names.states.get(name);
  if (state) return state.type.kind === "optional" ? "any" : state.type.kind === "dict" ? "record" : state.type.kind;
  const computed = depth < DEPTH ? names.computed.get(name) : undefined;
  return computed ? kindOf(names, computed.expr, depth + 1) : "any";
}

const NUMBERS: readonly Kind[] = ["int", "float"];

/** Whether a value of a kind can be what a property takes. Everything can be a text or a yes or no. */
export function suits(prop: PropType, kind: Kind): boolean {
  if (kind === "any") return true;
  switch (prop) {
    case "int":
    case "float":
      return NUMBERS.includes(kind);
    case "list":
    case "frame":
      return kind === "list";
    case "record":
      return kind === "record";
    case "date":
      return kind === "date" || kind === "str";
    case "url":
      return kind === "str";
    default:
      return true;
  }
}
