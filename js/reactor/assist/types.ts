// What an editor is given: findings, suggestions, explanations. Offsets are UTF-16 code units of the text.

import type { Diagnostic } from "../../protocol/index.ts";

export type SuggestionKind = "element" | "attribute" | "event" | "value" | "state" | "computed" | "rows" | "link" | "action" | "function" | "column" | "local";

export interface Suggestion {
  readonly label: string;
  readonly kind: SuggestionKind;
  /** Its type or signature, in a word or two. */
  readonly detail: string;
  readonly doc: string;
  /** What is inserted, where that is not the label; and where in it the caret comes to stand. */
  readonly insert?: string;
  readonly caret?: number;
}

export interface Suggestions {
  /** Where the word starts that they replace. */
  readonly from: number;
  readonly items: readonly Suggestion[];
}

export interface Explanation {
  readonly from: number;
  readonly to: number;
  readonly title: string;
  readonly doc: string;
  readonly details: readonly string[];
  readonly example: string;
}

/** The language, with a registry of components. */
export interface Language {
  check(text: string): readonly Diagnostic[];
  suggest(text: string, at: number): Suggestions | null;
  explain(text: string, at: number): Explanation | null;
}
