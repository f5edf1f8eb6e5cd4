// What all code editors have in common.

import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import type { Extension } from "@codemirror/state";
import { classHighlighter } from "@lezer/highlight";

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

/** Lines, brackets, colours and keys, save those of undo. */
export function basics(label: string): Extension {
  return [
    lineNumbers(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), syntaxHighlighting(classHighlighter), THEME,
    keymap.of([...defaultKeymap, indentWithTab]),
    EditorView.contentAttributes.of({ "aria-label": label }),
  ];
}
