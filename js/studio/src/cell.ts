// A cell that begins with %%panel is shown as NXML, whatever the notebook's language is.

import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import { isPanelCell } from './document.ts';
import { nxml } from './highlighting.ts';

export function cellLanguage(source: string): Extension {
  const language = new Compartment();
  const chosen = (is: boolean): Extension => (is ? Prec.highest(nxml) : []);
  const follow = EditorState.transactionExtender.of(({ docChanged, startState, newDoc }) => {
    if (!docChanged) return null;
    const is = isPanelCell(newDoc);
    return is === isPanelCell(startState.doc) ? null : { effects: language.reconfigure(chosen(is)) };
  });
  return [language.of(chosen(isPanelCell(EditorState.create({ doc: source }).doc))), follow];
}
