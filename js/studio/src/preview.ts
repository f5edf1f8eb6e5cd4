// The picture of a panel beside its text.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { type FileEditor, IEditorTracker } from '@jupyterlab/fileeditor';
import { Widget } from '@lumino/widgets';
import { type Preview, runtime } from '../../widget/load.ts';
import { MIME_TYPE } from './document.ts';
import { panelIcon } from './icon.ts';

type TextDocument = IDocumentWidget<FileEditor>;

const COMMAND = 'nexus:preview';
/** Milliseconds of rest in typing after which the picture is drawn. */
const REST = 150;

class PanelPreview extends Widget {
  private readonly source: TextDocument;
  private drawn: Preview | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: TextDocument) {
    super();
    this.source = source;
    this.id = `nexus-preview-${source.id}`;
    this.addClass('nx-preview');
    this.node.style.overflow = 'auto';
    this.node.style.padding = '8px';
    this.title.icon = panelIcon;
    this.title.closable = true;
    this.rename();
    source.context.pathChanged.connect(this.rename, this);
    source.context.model.contentChanged.connect(this.wait, this);
    source.disposed.connect(this.dispose, this);
    void this.start();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    clearTimeout(this.timer);
    this.drawn?.dispose();
    super.dispose();
  }

  private async start(): Promise<void> {
    const element = this.node.appendChild(document.createElement('div'));
    try {
      const { preview } = await runtime();
      if (this.isDisposed) return;
      this.drawn = preview(element);
      this.draw();
    } catch (error) {
      element.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  private wait(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.draw(), REST);
  }

  private draw(): void {
    this.drawn?.update(this.source.context.model.toString());
  }

  private rename(): void {
    this.title.label = `Preview of ${this.source.context.path.split('/').pop()}`;
  }
}

export const preview: JupyterFrontEndPlugin<void> = {
  id: 'nexus-jupyter:preview',
  description: 'Shows a panel beside its text while it is written.',
  autoStart: true,
  optional: [IEditorTracker, ICommandPalette],
  activate: ({ commands, contextMenu, shell }: JupyterFrontEnd, editors: IEditorTracker | null, palette: ICommandPalette | null) => {
    if (!editors) return; // a page of Notebook 7 has no text editor
    const open = new Map<TextDocument, PanelPreview>();
    const current = (): TextDocument | null => {
      const { currentWidget } = editors;
      return currentWidget?.content.model.mimeType === MIME_TYPE ? currentWidget : null;
    };
    commands.addCommand(COMMAND, {
      label: 'Show Panel Preview',
      caption: 'Show what this text draws, beside it',
      icon: panelIcon,
      isEnabled: () => current() !== null,
      isVisible: () => current() !== null,
      execute: () => {
        const source = current();
        if (!source) return;
        const shown = open.get(source);
        if (shown) {
          shell.activateById(shown.id);
          return;
        }
        const added = new PanelPreview(source);
        open.set(source, added);
        added.disposed.connect(() => open.delete(source));
        // The caret stays in the text.
        shell.add(added, 'main', { mode: 'split-right', ref: source.id, activate: false });
      }
    });
    palette?.addItem({ command: COMMAND, category: 'Text Editor' });
    contextMenu.addItem({ command: COMMAND, selector: '.jp-FileEditor', rank: 3 });
  }
};
