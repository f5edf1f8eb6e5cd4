// Writing panels in JupyterLab's own text editor and in cells.

import { LanguageSupport } from '@codemirror/language';
import { lintGutter } from '@codemirror/lint';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry, IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { cellLanguage } from './cell.ts';
import { completion } from './completion.ts';
import { diagnostics } from './diagnostics.ts';
import { MIME_TYPE, partOf } from './document.ts';
import { nxml } from './highlighting.ts';
import { hover } from './hover.ts';
import { panelIcon } from './icon.ts';

export const editor: JupyterFrontEndPlugin<void> = {
  id: 'nexus-jupyter:editor',
  description: 'Helps to write panels, in .nxml files and in %%panel cells.',
  autoStart: true,
  requires: [IEditorLanguageRegistry, IEditorExtensionRegistry],
  activate: ({ docRegistry }: JupyterFrontEnd, languages: IEditorLanguageRegistry, extensions: IEditorExtensionRegistry) => {
    docRegistry.addFileType({ name: 'nxml', displayName: 'Nexus Panel', extensions: ['.nxml'], mimeTypes: [MIME_TYPE], icon: panelIcon, fileFormat: 'text', contentType: 'file' });
    languages.addLanguage({ name: 'NXML', mime: MIME_TYPE, extensions: ['nxml'], support: new LanguageSupport(nxml, lintGutter()) });
    extensions.addExtension({
      name: 'nexus-jupyter:assist',
      factory: ({ model }) => {
        const part = partOf(model);
        return EditorExtensionRegistry.createImmutableExtension([cellLanguage(model.sharedModel.getSource()), diagnostics(part), completion(part), hover(part)]);
      }
    });
  }
};
