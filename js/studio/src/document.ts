// Which part of a document is a panel's text: all of a .nxml file, or a cell after its line %%panel.

import type { CodeEditor } from '@jupyterlab/codeeditor';
import type { EditorState, Text } from '@codemirror/state';

export const MIME_TYPE = 'text/x-nxml';

const MAGIC = /^%%panel[ \t]+\S/;

/** A part of a document that ends where the document does. */
export interface Part {
  readonly from: number;
  readonly text: string;
}

export type FindPart = (state: EditorState) => Part | null;

/** Whether a document begins with the magic. */
export function isPanelCell(doc: Text): boolean {
  return MAGIC.test(doc.line(1).text);
}

/** The mime type is asked for each time: it changes when a file gets another name. */
export function partOf(model: CodeEditor.IModel): FindPart {
  return ({ doc }) => {
    if (model.mimeType === MIME_TYPE) return { from: 0, text: doc.toString() };
    if (!isPanelCell(doc) || doc.lines < 2) return null;
    const { from } = doc.line(2);
    return { from, text: doc.sliceString(from) };
  };
}
