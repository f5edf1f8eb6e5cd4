// The code editor, by CodeMirror. Loaded when the first one is shown.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { python } from "@codemirror/lang-python";
import { sql } from "@codemirror/lang-sql";
import { xml } from "@codemirror/lang-xml";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

const LANGUAGES: Readonly<Record<string, () => Extension>> = { python, javascript, json, sql, markdown, xml };

const THEME = EditorView.theme({
  "&": { color: "var(--nx-fg)", backgroundColor: "var(--jp-cell-editor-background, var(--nx-bg))", fontSize: "var(--jp-code-font-size, 13px)" },
  ".cm-scroller": { fontFamily: "var(--nx-mono)", lineHeight: "1.5" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--nx-fg2)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--nx-fg) 5%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--nx-fg)" },
  "&.cm-focused": { outline: "2px solid var(--nx-accent)", outlineOffset: "-2px" },
  ".tok-keyword": { color: "var(--jp-mirror-editor-keyword-color, #00611b)", fontWeight: "600" }, ".tok-string": { color: "var(--jp-mirror-editor-string-color, #a31515)" },
  ".tok-number": { color: "var(--jp-mirror-editor-number-color, #05744a)" }, ".tok-comment": { color: "var(--jp-mirror-editor-comment-color, #49707a)", fontStyle: "italic" },
});

interface Options {
  readonly doc: string;
  readonly lang: string;
  readonly label: string;
  readonly readOnly: boolean;
  readonly live: (text: string) => void;
  readonly done: (text: string) => void;
}

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
        lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), syntaxHighlighting(classHighlighter), THEME,
        keymap.of([{ key: "Escape", run: (it) => { it.contentDOM.blur(); return true; } }, { key: "Mod-Enter", run: (it) => { leave(it); return true; } }, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        LANGUAGES[lang]?.() ?? [], EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of({ "aria-label": label }),
        EditorView.updateListener.of((update) => { if (update.docChanged) live(update.state.doc.toString()); }),
        EditorView.domEventHandlers({ blur: (_event, it) => leave(it) }),
      ],
    }),
  });
  // Keys typed here are the editor's, not the notebook's.
  view.dom.addEventListener("keydown", (event) => event.stopPropagation());
  return {
    set(text) {
      if (text === view.state.doc.toString()) return;
      known = text;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    destroy: () => view.destroy(),
  };
}
