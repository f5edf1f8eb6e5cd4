// What may be written at the caret.

import { autocompletion, type Completion, type CompletionContext, type CompletionResult, pickedCompletion, startCompletion } from '@codemirror/autocomplete';
import type { Extension } from '@codemirror/state';
import { runtime } from '../../widget/load.ts';
import type { Suggestion, SuggestionKind } from '../../reactor/assist/types.ts';
import type { FindPart } from './document.ts';

/** CodeMirror has icons for these. */
const TYPES: Readonly<Record<SuggestionKind, string>> = {
  element: 'class', attribute: 'property', event: 'interface', value: 'enum', state: 'variable', computed: 'constant',
  rows: 'namespace', link: 'variable', action: 'method', function: 'function', column: 'property', local: 'variable'
};

export function completion(part: FindPart): Extension {
  const source = async ({ state, pos }: CompletionContext): Promise<CompletionResult | null> => {
    const written = part(state);
    if (!written || pos < written.from) return null;
    const { language } = await runtime();
    const found = language.suggest(written.text, pos - written.from);
    return found && { from: written.from + found.from, options: found.items.map(option), validFor: /^[\w:$-]*$/ };
  };
  return autocompletion({ override: [source], icons: true });
}

function option({ label, kind, detail, doc, insert, caret = insert?.length ?? 0 }: Suggestion, index: number): Completion {
  const shown: Completion = { label, type: TYPES[kind], detail, info: doc, boost: -index / 100 };
  if (insert === undefined) return shown;
  return {
    ...shown,
    apply(view, completed, from, to) {
      view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + caret }, annotations: pickedCompletion.of(completed), userEvent: 'input.complete', scrollIntoView: true });
      if (caret < insert.length) startCompletion(view);
    }
  };
}
