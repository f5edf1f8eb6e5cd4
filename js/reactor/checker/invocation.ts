// What runs an action: `name(arguments)`, on an event or in a panel's lifecycle.

import type { Expression, Invocation } from "../../protocol/index.ts";
import type { RawAttribute } from "../parser.ts";
import { replaceFix } from "../source.ts";
import { unknownAction } from "./logic.ts";
import type { Names } from "./names.ts";

/** Read an invocation; null when it is malformed or its action is unknown, which is reported. */
export function readInvocation(names: Names, given: RawAttribute, node: string, locals: readonly string[]): { readonly invocation: Invocation; readonly names: readonly string[] } | null {
  const value = given.value ?? "";
  const match = /^([A-Za-z_]\w*)\s*(?:\(([\s\S]*)\))?$/.exec(value.trim().replace(/;$/, ""));
  if (!match) {
    names.source.report("NX3013", `Write the action that '${given.name}' runs as "name(arguments)".`, given.valueStart, given.valueEnd, { node, fix: /^\w+\s*\([^()]*$/.test(value.trim()) ? replaceFix("add )", given.valueEnd, given.valueEnd, ")", true) : null });
    return null;
  }
  const name = match[1] as string;
  const start = names.source.place(given.valueStart, value, value.indexOf(name));
  const action = names.actions.get(name);
  if (!action) {
    unknownAction(names, name, start, start + name.length, node);
    return null;
  }
  const inner = match[2] ?? "";
  const list = inner.trim() ? names.expression({ text: `[${inner}]`, offset: names.source.place(given.valueStart, value, value.indexOf("(")), node, locals }) : null;
  const args: Expression[] = list?.expression.kind === "list" ? list.expression.items : [];
  const needed = action.params.filter((parameter) => parameter.required).length;
  if (args.length < needed || args.length > action.params.length) {
    const takes = action.params.map((parameter) => parameter.name).join(", ") || "nothing";
    names.source.report("NX3013", `The action '${name}' takes ${takes}; here it is given ${args.length} arguments.`, start, start + name.length, { node });
  }
  return { invocation: { action: name, args }, names: list?.names ?? [] };
}
