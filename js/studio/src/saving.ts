// A notebook is saved with its panels as they are then: their pictures are made anew in front of each saving.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { loadedRuntime, viewOf } from '../../widget/load.ts';
import { OUTPUT_TYPE } from './output.ts';

type Data = Readonly<Record<string, unknown>>;

/** As much of a notebook as is needed here, so that no package of its own is. */
interface Output {
  readonly trusted: boolean;
  readonly data: Data;
  setData(options: { data: Data }): void;
}
interface Cell {
  readonly node: HTMLElement;
  readonly model: { readonly outputs?: { readonly length: number; get(index: number): Output } };
}
interface Notebook {
  readonly content: { readonly widgets: readonly Cell[] };
}

export const saving: JupyterFrontEndPlugin<void> = {
  id: 'nexus-jupyter:saving',
  description: 'Saves notebooks with their panels as they are.',
  autoStart: true,
  activate: ({ docRegistry }: JupyterFrontEnd) => {
    docRegistry.addWidgetExtension('Notebook', {
      createNew(widget, context) {
        context.saveState.connect((_, state) => {
          if (state === 'started') drawAnew((widget as unknown as Notebook).content.widgets);
        });
      }
    });
  }
};

function drawAnew(cells: readonly Cell[]): void {
  const runtime = loadedRuntime();
  if (!runtime) return;
  for (const { node, model } of cells) {
    for (let i = 0; i < (model.outputs?.length ?? 0); i += 1) {
      const output = model.outputs?.get(i);
      const named = output?.data[OUTPUT_TYPE] as { readonly panel?: unknown; readonly view?: unknown } | undefined;
      if (!output?.trusted || typeof named?.panel !== 'string' || viewOf(named.view) !== 'panel') continue;
      const element = node.querySelector(`.nx-panel[data-nx="${CSS.escape(named.panel)}"]`);
      const html = element ? runtime.picture(element) : null;
      if (html !== null && html !== output.data['text/html']) output.setData({ data: { ...output.data, 'text/html': html } });
    }
  }
}
