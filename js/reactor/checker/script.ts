// Whether the code of a handler compiles, as the sandbox would compile it: as the body of one strict async function.

import { type Expression, parse, type Program } from "acorn";

/** What does not compile, from a place in the code on. */
export interface ScriptFault {
  readonly at: number;
  readonly length: number;
  /** What is wrong, as the end of a sentence. */
  readonly message: string;
}

/** The edition of the language that the engine has. */
const EDITION = 2025;
/** Longer code is left to the engine: parsing it here would hold up whoever waits for the check. */
const LONGEST = 100_000;

/** Return what of a handler's code does not compile, if anything. */
export function scriptFault(code: string, parameters: readonly string[]): ScriptFault | null {
  if (code.length > LONGEST) return null;
  const head = `(async (${["state", "event", "nx", ...parameters].join(", ")}) => { "use strict"; `;
  let program: Program;
  try {
    program = parse(`${head}${code}\n})`, { ecmaVersion: EDITION, sourceType: "script" });
  } catch (error) {
    // What is nested too deeply for the parser is not what it does not understand.
    if (!(error instanceof SyntaxError)) return null;
    const { pos = head.length, message } = error as SyntaxError & { readonly pos?: number };
    return pos < head.length ? null : faultAt(code, pos - head.length, message);
  }
  const end = closedAt(program, head.length + code.length);
  return end === null ? null : { at: end - head.length, length: 1, message: "this closes the function that the code is the body of" };
}

function faultAt(code: string, at: number, message: string): ScriptFault {
  const last = code.trimEnd().length;
  if (at >= last) return { at: Math.max(0, last - 1), length: 1, message: "it ends too early; something is not closed" };
  const word = /^(?:[\p{L}_$][\p{L}\p{N}_$]*|\d[\w.]*|=>|\.\.\.|[\s\S])/u.exec(code.slice(at))?.[0] ?? "";
  const said = message.replace(/ \(\d+:\d+\)$/, "");
  const what = said === "Unexpected token" ? `'${word}' is not expected here` : `${said.charAt(0).toLowerCase()}${said.slice(1)}`;
  return { at, length: word.length || 1, message: what };
}

/** Where the text closed its function, if the program is more than one. */
function closedAt({ body }: Program, wanted: number): number | null {
  const [first] = body;
  let found: Expression | null = first?.type === "ExpressionStatement" ? first.expression : null;
  if (body.length === 1 && found?.type === "ArrowFunctionExpression" && found.end > wanted) return null;
  // The function is what stands first in whatever was made of it.
  while (found && found.type !== "ArrowFunctionExpression") {
    const inner: unknown = "expressions" in found ? found.expressions[0] : "callee" in found ? found.callee : "left" in found ? found.left : "test" in found ? found.test : "object" in found ? found.object : "tag" in found ? found.tag : null;
    found = inner as Expression | null;
  }
  return found ? found.end - 1 : 0;
}
