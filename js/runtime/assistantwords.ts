// What the assistant says of tokens, money, time and names.

import type { Decided, Proposal, Usage } from "../protocol/index.ts";

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

export function changesWord(number: number): string {
  return number === 1 ? "1 change" : `${number} changes`;
}

/** What came of a proposal. */
export function outcome(proposal: Proposal, { rev, accepted }: Decided): string {
  if (rev === null) return "rejected";
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
