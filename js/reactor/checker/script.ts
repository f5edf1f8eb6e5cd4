// Whether the code of a handler compiles, as the sandbox would compile it: as the body of one strict async function.

import { type Expression, parseExpressionAt } from "acorn";
import type { Registry } from "../registry.ts";

/** A registry for whoever reports what is wrong with a text: code is parsed, too. */
export function judging(registry: Registry): Registry {
  return { ...registry, script: scriptFault };
}

/** What does not compile, from a place in the code on. */
export interface ScriptFault {
  readonly at: number;
  readonly length: number;
  /** What is wrong, as the end of a sentence. */
  readonly message: string;
}

/** The edition of the language that the engine has. */
const EDITION = 2026;
/** Longer code is left to the engine: parsing it here would hold up whoever waits for the check. */
const LONGEST = 100_000;

/** Return what of a handler's code does not compile, if anything. */
export function scriptFault(code: string, parameters: readonly string[]): ScriptFault | null {
  if (code.length > LONGEST) return null;
  const head = `async (${["state", "event", "nx", ...parameters].join(", ")}) => { "use strict"; `;
  const whole = `${head}${code}\n}`;
  try {
    // What stands behind a function that ends too early is not looked at.
    const found = functionOf(parseExpressionAt(whole, 0, { ecmaVersion: EDITION, sourceType: "script" }));
    return found.end === whole.length ? null : { at: found.end - 1 - head.length, length: 1, message: "this closes the function that the code is the body of" };
  } catch (error) {
    // What is nested too deeply for the parser is not what it does not understand.
    if (!(error instanceof SyntaxError)) return null;
    const { pos = head.length, message } = error as SyntaxError & { readonly pos?: number };
    return pos < head.length ? null : faultAt(code, pos - head.length, message);
  }
}

function faultAt(code: string, at: number, message: string): ScriptFault {
  const last = code.trimEnd().length;
  if (at >= last) return { at: Math.max(0, last - 1), length: 1, message: "it ends too early; something is not closed" };
  const word = /^(?:[\p{L}_$][\p{L}\p{N}_$]*|\d[\w.]*|=>|\.\.\.|[\s\S])/u.exec(code.slice(at))?.[0] ?? "";
  const said = message.replace(/ \(\d+:\d+\)$/, "");
  const what = said === "Unexpected token" ? `'${word}' is not expected here` : `${said.charAt(0).toLowerCase()}${said.slice(1)}`;
  return { at, length: word.length || 1, message: what };
}

/** The function of an expression: what stands first in it. */
function functionOf(expression: Expression): Expression {
  let found = expression;
  while (found.type !== "ArrowFunctionExpression") {
    if (found.type === "SequenceExpression") found = found.expressions[0] as Expression;
    else if ("callee" in found) found = found.callee as Expression;
    else if ("left" in found) found = found.left as Expression;
    else if ("test" in found && found.test) found = found.test;
    else if ("object" in found) found = found.object as Expression;
    else if ("tag" in found) found = found.tag;
    else break;
  }
  return found;
}
