// Text with holes: `{count} of {total | number}`. Doubled braces stand for themselves.

import { expressionLength } from "./parse.ts";
import { ExpressionError } from "./tokens.ts";

export interface TemplatePart {
  readonly text: string;
  readonly start: number;
  /** Whether the part is an expression (its braces not included). */
  readonly hole: boolean;
}

/** Split a text at its holes. Throws `ExpressionError` when a brace is not closed. */
export function splitTemplate(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let plain = "";
  let start = 0;
  const flush = (next: number): void => {
    if (plain) parts.push({ text: plain, start, hole: false });
    plain = "";
    start = next;
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if ((char === "{" || char === "}") && text[at + 1] === char) {
      plain += char;
      at += 1;
    } else if (char === "{") {
      const end = closing(text, at);
      flush(at + 1);
      parts.push({ text: text.slice(at + 1, end), start: at + 1, hole: true });
      at = end;
      start = end + 1;
    } else plain += char;
  }
  flush(text.length);
  return parts;
}

function closing(text: string, open: number): number {
  let depth = 0;
  let quote = "";
  for (let at = open; at < text.length; at += 1) {
    const char = text[at] as string;
    if (quote) {
      if (char === "\\") at += 1;
      else if (char === quote) quote = "";
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "{") depth += 1;
    else if (char === "}" && --depth === 0) return at;
  }
  const length = expressionLength(text.slice(open + 1));
  throw new ExpressionError("the brace { is not closed", open, length ? { text: "}", at: open + 1 + length } : null);
}
