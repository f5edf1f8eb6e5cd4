// What the language offers to the editors that it is written in.

import { check } from "../check.ts";
import { judging } from "../checker/script.ts";
import type { Registry } from "../registry.ts";
import { explain } from "./explain.ts";
import { suggest } from "./suggest.ts";
import type { Language } from "./types.ts";

export type { Explanation, Language, Suggestion, SuggestionKind, Suggestions } from "./types.ts";

export function languageOf(registry: Registry): Language {
  const whole = judging(registry);
  return {
    check: (text) => check(text, whole).diagnostics,
    suggest: (text, at) => suggest(text, at, registry),
    explain: (text, at) => explain(text, at, registry),
  };
}
