// What the assistant says of tokens, money, time and names.

import type { Decided, Proposal, ProposedOp, Usage } from "../protocol/index.ts";

/** A token of English text and markup is about as many letters. */
const LETTERS = 4;

export function tokensOf(letters: number): number {
  return Math.ceil(letters / LETTERS);
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** In one line what an answer took. */
export function spent({ model, usage, seconds: took }: { readonly model: string; readonly usage: Usage; readonly seconds: number }): string {
  const about = usage.estimated ? "about " : "";
  const tokens = `${about}${count(usage.prompt_tokens)} tokens in, ${count(usage.completion_tokens)} out`;
  return [model, tokens, usage.cost ? `cost ${money(usage.cost)}` : "", `${took.toFixed(1)} s`].filter(Boolean).join(" \u00b7 ");
}

export function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** In whatever currency the prices are in, with as many digits as tell something. */
export function money(cost: number): string {
  return cost >= 1 ? cost.toFixed(2) : String(Number(cost.toPrecision(2)));
}

/** An op in words, as people read it; the first character and the first arrow are ours, all else is quoted. */
export function opWords(words: string): string {
  const said = words.startsWith("+") ? `add ${words.slice(1)}` : words.startsWith("-") ? `remove ${words.slice(1)}` : words;
  return said.replace(" -> ", " \u2192 ");
}

/** What an op brings in, as markup, a line for each element: indented by what it lies in. */
export function markupOf({ patch }: Proposal, { parts }: ProposedOp): string[] {
  const depths = new Map<string, number>();
  return parts.flatMap((part) => {
    const op = patch?.ops[part];
    if (op?.op !== "insert") return [];
    const { id, parent, attrs } = op.entity;
    const depth = parent !== null && depths.has(parent) ? (depths.get(parent) as number) + 1 : 0;
    depths.set(id, depth);
    const local = id.slice(id.indexOf("/") + 1);
    const given = Object.entries(attrs).filter(([name]) => name.startsWith("attr:")).map(([name, value]) => ` ${name.slice("attr:".length)}="${String(value)}"`).join("");
    const named = local.includes(".") ? "" : ` id="${local}"`;
    return [`${"  ".repeat(depth)}<${String(attrs["tag"] ?? op.entity.type)}${named}${given}>${typeof attrs["text"] === "string" ? attrs["text"] : ""}`];
  });
}

export function changesWord(number: number): string {
  return number === 1 ? "1 change" : `${number} changes`;
}

/** What came of a proposal. */
export function outcome(proposal: Proposal, { rev, accepted }: Decided): string {
  if (rev === null) return accepted.length ? "nothing to change" : "rejected";
  if (proposal.patch === null) return `made in rev ${rev}`;
  const all = proposal.ops.length;
  return accepted.length === all ? `accepted in rev ${rev}` : `${accepted.length} of ${all} accepted in rev ${rev}`;
}

/** Words that say nothing of what a panel is about. */
const EMPTY = new Set(["make", "show", "create", "build", "please", "panel", "with", "that", "this", "from", "into", "have", "like", "want", "need", "would", "could", "which", "there", "some", "each", "every", "their", "them", "your", "new", "the", "and", "for"]);

/** A name for a new panel, made of the wish, that no panel has. */
export function nameFor(wish: string, taken: readonly string[]): string {
  const words = wish.toLowerCase().match(/[a-z][a-z0-9]*/g) ?? [];
  const name = words.filter((word) => word.length > 2 && !EMPTY.has(word)).slice(0, 2).join("-") || "panel";
  let number = 1;
  while (taken.includes(number === 1 ? name : `${name}-${number}`)) number += 1;
  return number === 1 ? name : `${name}-${number}`;
}
