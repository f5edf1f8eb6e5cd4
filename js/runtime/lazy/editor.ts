// The code editor, by CodeMirror. Loaded when the first one is shown.

import { history, historyKeymap } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { python } from "@codemirror/lang-python";
import { sql } from "@codemirror/lang-sql";
import { xml } from "@codemirror/lang-xml";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { basics } from "./codemirror.ts";

const LANGUAGES: Readonly<Record<string, () => Extension>> = { python, javascript, json, sql, markdown, xml };

interface Options {
  readonly doc: string;
  readonly lang: string;
  readonly label: string;
  readonly readOnly: boolean;
  readonly live: (text: string) => void;
  readonly done: (text: string) => void;
}

/** Let Tab go on to what follows the editor; false where it does already, so that another Escape leaves the panel. */
function release(view: EditorView): boolean {
  if (released.has(view)) return false;
  released.add(view);
  view.setTabFocusMode(true);
  return true;
}

const released = new WeakSet<EditorView>();

/** Put an editor into an element. */
export function edit(parent: HTMLElement, { doc, lang, label, readOnly, live, done }: Options): { set(text: string): void; destroy(): void } {
  let known = doc;
  const leave = (view: EditorView): void => {
    const text = view.state.doc.toString();
    if (text === known) return;
    known = text;
    done(text);
  };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc,
      extensions: [
        keymap.of([{ key: "Mod-Enter", run: (it) => { leave(it); return true; } }, { key: "Escape", run: release }, ...historyKeymap]), history(), basics(label),
        LANGUAGES[lang]?.() ?? [], EditorState.readOnly.of(readOnly),
        EditorView.updateListener.of((update) => { if (update.docChanged) live(update.state.doc.toString()); }),
        EditorView.domEventHandlers({ blur: (_event, it) => { it.setTabFocusMode(false); released.delete(it); leave(it); } }),
      ],
    }),
  });
  return {
    set(text) {
      if (text === view.state.doc.toString()) return;
      known = text;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    destroy: () => view.destroy(),
  };
}
