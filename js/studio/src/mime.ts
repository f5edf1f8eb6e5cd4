// Panels in JupyterLab's outputs, drawn straight from the server: no kernel and no comm in between, so that a saved
// notebook is live again as soon as it is opened.

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { runtime, viewOf } from '../../widget/load.ts';

const MIME_TYPE = 'application/vnd.nexus.panel.v1+json';

class PanelOutput extends Widget implements IRenderMime.IRenderer {
  private unmount: (() => void) | null = null;

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const { panel, view, about } = model.data[MIME_TYPE] as { panel?: unknown; view?: unknown; about?: unknown };
    this.clear();
    const element = this.node.appendChild(document.createElement('div'));
    try {
      const { mount } = await runtime();
      this.unmount = mount(element, { panel: String(panel), host: 'server', view: viewOf(view), about });
    } catch (error) {
      element.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  override dispose(): void {
    this.clear();
    super.dispose();
  }

  private clear(): void {
    this.unmount?.();
    this.unmount = null;
    this.node.replaceChildren();
  }
}

/**
 * `safe`: the output names a panel and holds no code; what runs is what the workspace has. The rank puts it before
 * the widget's renderer, which would need a live kernel.
 */
const extension: IRenderMime.IExtension = {
  id: 'nexus-jupyter:panel',
  description: 'Shows Nexus panels in outputs.',
  rendererFactory: { safe: true, mimeTypes: [MIME_TYPE], defaultRank: -10, createRenderer: () => new PanelOutput() },
  dataType: 'json'
};

export default extension;
