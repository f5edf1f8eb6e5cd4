// An editor for code that several people edit at once, by CodeMirror and Yjs. Loaded when the first one is opened.

import { javascript } from "@codemirror/lang-javascript";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import { basics } from "./codemirror.ts";

export interface SharedEditor {
  /** Take what others have typed. */
  receive(update: string): void;
  /** The connection was lost and is back: take what was missed, and give what may not have arrived. */
  rejoin(update: string): void;
  /** Begin with another shared text; `keep` what stands here if it was not saved. */
  restart(update: string, keep: boolean): void;
  destroy(): void;
}

interface Options {
  readonly label: string;
  /** The shared text, as an update in base64. */
  readonly update: string;
  /** Hand on what is typed. */
  readonly typed: (update: string) => void;
}

/** Put an editor into an element. */
export function coedit(parent: HTMLElement, { label, update, typed }: Options): SharedEditor {
  let doc = new Doc();
  const start = (from: string): EditorState => {
    doc = new Doc();
    applyUpdate(doc, decode(from), "remote");
    const own = doc;
    own.on("update", (change: Uint8Array, origin: unknown) => {
      if (origin !== "remote" && own === doc) typed(encode(change));
    });
    const text = own.getText("code");
    return EditorState.create({ doc: text.toString(), extensions: [javascript(), keymap.of([...yUndoManagerKeymap]), basics(label), yCollab(text, null)] });
  };
  const view = new EditorView({ parent, state: start(update) });
  return {
    receive: (change) => applyUpdate(doc, decode(change), "remote"),
    rejoin(from) {
      applyUpdate(doc, decode(from), "remote");
      typed(encode(encodeStateAsUpdate(doc)));
    },
    restart(from, keep) {
      const mine = view.state.doc.toString();
      view.setState(start(from));
      if (keep && mine !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: mine } });
    },
    destroy() {
      view.destroy();
      doc.destroy();
    },
  };
}

function decode(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

function encode(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
