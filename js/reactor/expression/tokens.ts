// The words of an expression. Plain character codes: regular expressions are slow in QuickJS.

import { table } from "../table.ts";

export type TokenKind = "name" | "number" | "text" | "operator" | "end";

export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** A text that is no expression. `at` is the offset in it. */
export class ExpressionError extends Error {
  readonly at: number;
  /** What is to be written where, if that can be told. */
  readonly missing: { readonly text: string; readonly at: number } | null;
  constructor(message: string, at: number, missing: ExpressionError["missing"] = null) {
    super(message);
    this.at = at;
    this.missing = missing;
  }
}

const OPERATORS = ["===", "!==", "&&", "||", "??", "==", "!=", "<=", ">=", "?.", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", "|", ".", ",", "(", ")", "[", "]", "{", "}"];

export function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 36 || code > 127;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code <= 32) {
      at += 1;
      continue;
    }
    const token = isNameStart(code)
      ? nameAt(text, at)
      : isDigit(code) || (code === 46 && isDigit(text.charCodeAt(at + 1)))
        ? numberAt(text, at)
        : code === 34 || code === 39
          ? textAt(text, at)
          : operatorAt(text, at);
    found.push(token);
    at = token.end;
  }
  found.push({ kind: "end", value: "", start: text.length, end: text.length });
  return found;
}

function nameAt(text: string, start: number): Token {
  let end = start + 1;
  while (end < text.length && (isNameStart(text.charCodeAt(end)) || isDigit(text.charCodeAt(end)))) end += 1;
  return { kind: "name", value: text.slice(start, end), start, end };
}

function numberAt(text: string, start: number): Token {
  let end = start;
  const digits = (): void => {
    while (isDigit(text.charCodeAt(end))) end += 1;
  };
  digits();
  if (text.charCodeAt(end) === 46 && isDigit(text.charCodeAt(end + 1))) {
    end += 1;
    digits();
  }
  if (text[end] === "e" || text[end] === "E") {
    const exponent = text[end + 1] === "-" || text[end + 1] === "+" ? end + 2 : end + 1;
    if (isDigit(text.charCodeAt(exponent))) {
      end = exponent;
      digits();
    }
  }
  if (isNameStart(text.charCodeAt(end))) throw new ExpressionError("a number is followed by a letter", end);
  return { kind: "number", value: text.slice(start, end), start, end };
}

const ESCAPES = table<string>({ n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' });

function textAt(text: string, start: number): Token {
  const quote = text[start];
  let value = "";
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char === quote) return { kind: "text", value, start, end: at + 1 };
    if (char === "\\") {
      at += 1;
      const escaped = ESCAPES[text[at] ?? ""];
      if (escaped === undefined) throw new ExpressionError(`unknown escape \\${text[at] ?? ""}`, at - 1);
      value += escaped;
    } else value += char;
  }
  throw new ExpressionError("the text is not closed", start);
}

function operatorAt(text: string, start: number): Token {
  for (const operator of OPERATORS) {
    if (text.startsWith(operator, start)) return { kind: "operator", value: operator, start, end: start + operator.length };
  }
  if (text.startsWith("=>", start)) throw new ExpressionError("functions cannot be written in an expression (=>), and 'at least' is >=; of a list, pluck('field'), where('field', '>', 1), sort('field') and find('field', 1) are there", start);
  if (text[start] === "=") throw new ExpressionError("an expression cannot assign; compare with ==", start);
  throw new ExpressionError(`'${text[start]}' does not belong into an expression`, start);
}
