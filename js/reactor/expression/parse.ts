// Expressions: a subset of JavaScript without assignment, parsed by precedence (after Vaughan Pratt) to the protocol's tree.

import type { Binary, Expression } from "../../protocol/index.ts";
import { table } from "../table.ts";
import { FUNCTIONS } from "./functions.ts";
import { ExpressionError, tokens, type Token } from "./tokens.ts";

export interface Occurrence {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface Parsed {
  readonly expression: Expression;
  /** Free names, in order of appearance, functions not included. */
  readonly names: readonly Occurrence[];
  /** Called functions with their number of arguments. */
  readonly calls: readonly (Occurrence & { readonly count: number })[];
}

const DEPTH = 64;
/** Operators, members and pipes of one expression: each makes its tree deeper, and trees are walked by recursion. */
const OPERATORS = 256;
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);
const PRECEDENCE = table<number>({
  "|": 1, "?": 2, "??": 3, "||": 4, or: 4, "&&": 5, and: 5,
  "==": 6, "!=": 6, "===": 6, "!==": 6, "<": 7, "<=": 7, ">": 7, ">=": 7, in: 7, "+": 8, "-": 8, "*": 9, "/": 9, "%": 9,
});
const SPELLING = table<Binary["op"]>({ "||": "or", "&&": "and", "===": "==", "!==": "!=" });
const UNARY = 10;
const CONSTANTS: Readonly<Record<string, null | boolean>> = { null: null, true: true, false: false };

/** A number as written; an id whose last digits would be lost is the text of its digits, as it is in rows. */
function numberOf(written: string): number | string {
  const value = Number(written);
  return /^[1-9]\d{15,18}$/.test(written) && !Number.isSafeInteger(value) && String(value) !== written ? written : value;
}

/** How far a text is an expression: to its end, or to before the first word that does not belong to it. */
export function expressionLength(text: string): number {
  try {
    parseExpression(text);
    return text.length;
  } catch (error) {
    return error instanceof ExpressionError ? text.slice(0, error.at).trimEnd().length : 0;
  }
}

/** Parse an expression. Throws `ExpressionError` with the offset of what is wrong. */
export function parseExpression(text: string): Parsed {
  return new Parser(text).whole();
}

/** What stands here for the methods that values have in JavaScript. */
const INSTEAD = table<string>({
  map: "pluck('field'), or a <computed>", filter: "where('field', '==', value)", find: "find('field', value)", some: "find('field', value)", includes: "contains(value)", indexOf: "contains(value)",
  toUpperCase: "upper", toLowerCase: "lower", toFixed: "number(2)", toString: "text", toLocaleString: "number", at: "slice(0, 1)", flat: "concat(other)", reduce: "sum('field')", push: "concat(other)", startsWith: "contains(value)",
});

function methodless(name: string): string {
  const instead = INSTEAD[name] ?? (Object.hasOwn(FUNCTIONS, name) ? `${name}(...)` : null);
  return `values have no methods here; ${instead === null ? "functions are called as x | f(...)" : `write x | ${instead}`}`;
}

class Parser {
  private readonly list: Token[];
  private index = 0;
  private depth = 0;
  private operators = 0;
  private readonly names: Occurrence[] = [];
  private readonly calls: (Occurrence & { count: number })[] = [];

  constructor(text: string) {
    this.list = tokens(text);
  }

  whole(): Parsed {
    if (this.peek().kind === "end") throw new ExpressionError("an expression is missing", 0);
    const expression = this.binary(0);
    const rest = this.peek();
    if (rest.kind !== "end") throw new ExpressionError(`'${rest.value}' is not expected here`, rest.start);
    return { expression, names: this.names, calls: this.calls };
  }

  private peek(): Token {
    return this.list[this.index] as Token;
  }

  private next(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.index += 1;
    return token;
  }

  private accept(value: string): boolean {
    const token = this.peek();
    if ((token.kind !== "operator" && token.kind !== "name") || token.value !== value) return false;
    this.index += 1;
    return true;
  }

  private expect(value: string): void {
    const token = this.peek();
    if (!this.accept(value)) throw new ExpressionError(`'${value}' is expected here`, token.start, token.kind === "end" ? { text: value, at: token.start } : null);
  }

  private binary(minimum: number): Expression {
    if (++this.depth > DEPTH) throw new ExpressionError(`the expression is nested deeper than ${DEPTH}`, this.peek().start);
    let left = this.unary();
    for (;;) {
      const token = this.peek();
      const precedence = token.kind === "operator" || token.kind === "name" ? PRECEDENCE[token.value] : undefined;
      if (precedence === undefined || precedence <= minimum) break;
      this.index += 1;
      left = this.infix(left, token, precedence);
    }
    this.depth -= 1;
    return left;
  }

  private count(token: Token): void {
    if (++this.operators > OPERATORS) throw new ExpressionError(`the expression has more than ${OPERATORS} operators`, token.start);
  }

  private infix(left: Expression, token: Token, precedence: number): Expression {
    this.count(token);
    if (token.value === "|") return this.pipe(left);
    if (token.value === "?") {
      const then = this.binary(0);
      this.expect(":");
      return { kind: "conditional", test: left, then, otherwise: this.binary(precedence - 1) };
    }
    const op = SPELLING[token.value] ?? (token.value as Binary["op"]);
    return { kind: "binary", op, left, right: this.binary(precedence) };
  }

  private pipe(left: Expression): Expression {
    const token = this.next();
    if (token.kind !== "name") throw new ExpressionError("the name of a function is expected after |", token.start);
    const args = [left, ...(this.accept("(") ? this.items(")") : [])];
    return this.call(token, args);
  }

  private call(token: Token, args: Expression[]): Expression {
    this.calls.push({ name: token.value, start: token.start, end: token.end, count: args.length });
    return { kind: "call", fn: token.value, args };
  }

  private unary(): Expression {
    const token = this.peek();
    if (this.accept("!") || this.accept("not")) return { kind: "unary", op: "not", operand: this.binary(token.value === "not" ? 5 : UNARY) };
    if (this.accept("-")) return { kind: "unary", op: "-", operand: this.binary(UNARY) };
    if (this.accept("+")) return { kind: "unary", op: "+", operand: this.binary(UNARY) };
    return this.postfix(this.primary());
  }

  private primary(): Expression {
    const token = this.next();
    if (token.kind === "number") return { kind: "literal", value: numberOf(token.value) };
    if (token.kind === "text") return { kind: "literal", value: token.value };
    if (token.kind === "name") return this.name(token);
    if (token.value === "(") {
      const inner = this.binary(0);
      this.expect(")");
      return inner;
    }
    if (token.value === "[") return { kind: "list", items: this.items("]") };
    if (token.value === "{") return { kind: "record", entries: this.entries() };
    if (token.kind === "end") throw new ExpressionError("the expression ends too early", token.start);
    throw new ExpressionError(`'${token.value}' is not expected here`, token.start);
  }

  private name(token: Token): Expression {
    if (Object.hasOwn(CONSTANTS, token.value)) return { kind: "literal", value: CONSTANTS[token.value] as null | boolean };
    if (this.accept("(")) return this.call(token, this.items(")"));
    if (FORBIDDEN.has(token.value)) throw new ExpressionError(`'${token.value}' is not allowed`, token.start);
    this.names.push({ name: token.value, start: token.start, end: token.end });
    return { kind: "name", name: token.value };
  }

  private postfix(start: Expression): Expression {
    let object = start;
    for (;;) {
      const token = this.peek();
      if (this.accept(".") || this.accept("?.")) {
        const key = this.next();
        if (key.kind !== "name") throw new ExpressionError("a property name is expected after the dot", key.start);
        if (FORBIDDEN.has(key.value)) throw new ExpressionError(`the property '${key.value}' is not allowed`, key.start);
        if (this.peek().value === "(" && this.peek().kind === "operator") {
          throw new ExpressionError(methodless(key.value), key.start);
        }
        this.count(token);
        object = { kind: "member", object, key: key.value };
      } else if (this.accept("[")) {
        const index = this.binary(0);
        this.expect("]");
        this.count(token);
        object = { kind: "index", object, index };
      } else if (this.peek().kind === "operator" && this.peek().value === "(") {
        throw new ExpressionError("only registered functions can be called", this.peek().start);
      } else return object;
    }
  }

  private items(close: string): Expression[] {
    const found: Expression[] = [];
    while (!this.accept(close)) {
      found.push(this.binary(0));
      if (!this.accept(",")) {
        this.expect(close);
        break;
      }
    }
    return found;
  }

  private entries(): { key: string; value: Expression }[] {
    const found: { key: string; value: Expression }[] = [];
    while (!this.accept("}")) {
      const key = this.next();
      if (key.kind !== "name" && key.kind !== "text") throw new ExpressionError("a key is expected here", key.start);
      if (FORBIDDEN.has(key.value)) throw new ExpressionError(`the key '${key.value}' is not allowed`, key.start);
      if (this.accept(":")) found.push({ key: key.value, value: this.binary(0) });
      else {
        this.names.push({ name: key.value, start: key.start, end: key.end });
        found.push({ key: key.value, value: { kind: "name", name: key.value } });
      }
      if (!this.accept(",")) {
        this.expect("}");
        break;
      }
    }
    return found;
  }
}
