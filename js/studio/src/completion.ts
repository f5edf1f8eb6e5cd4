// What may be written at the caret.

import { acceptCompletion, autocompletion, type Completion, type CompletionContext, type CompletionResult, pickedCompletion, startCompletion } from '@codemirror/autocomplete';
import { type Extension, Prec } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { runtime } from '../../widget/load.ts';
import type { Suggestion } from '../../reactor/assist/types.ts';
import type { FindPart } from './document.ts';
import { prose } from './prose.ts';

export function completion(part: FindPart): Extension {
  const source = async ({ state, pos }: CompletionContext): Promise<CompletionResult | null> => {
    const written = part(state);
    if (!written || pos < written.from) return null;
    const { language } = await runtime();
    const found = language.suggest(written.text, pos - written.from);
    return found && { from: written.from + found.from, options: found.items.map(option), validFor: /^[\w:$-]*$/ };
  };
  return [autocompletion({ override: [source], icons: false }), Prec.highest(keymap.of([{ key: 'Tab', run: acceptCompletion }]))];
}

function info(doc: string): HTMLElement {
  const dom = document.createElement('div');
  dom.append(...prose(doc));
  return dom;
}

function option({ label, detail, doc, insert, caret = insert?.length ?? 0 }: Suggestion, index: number): Completion {
  const shown: Completion = { label, detail, boost: -index / 100, ...(doc && { info: () => info(doc) }) };
  if (insert === undefined) return shown;
  return {
    ...shown,
    apply(view, completed, from, to) {
      view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + caret }, annotations: pickedCompletion.of(completed), userEvent: 'input.complete', scrollIntoView: true });
      if (caret < insert.length) startCompletion(view);
    }
  };
}
