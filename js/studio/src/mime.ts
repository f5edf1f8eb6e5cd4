// Panels in JupyterLab's outputs, drawn straight from the server: no kernel and no comm in between, so that a saved
// notebook is live again as soon as it is opened.

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { runtime, viewOf } from '../../widget/load.ts';
import { OUTPUT_TYPE } from './output.ts';

/** How an output names a panel or a proposal. What it holds besides names is never drawn. */
const NAME = /^[A-Za-z0-9_.-]{1,100}$/;

/** What an output may say: which view, of which panel, about which proposal or, for the time bar, which time. */
interface Shown {
  readonly panel: string;
  readonly view: ReturnType<typeof viewOf>;
  readonly about: unknown;
}

function shownBy(data: unknown): Shown {
  const { panel, view: named, about } = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const view = viewOf(named);
  const name = (value: unknown): string | undefined => (typeof value === 'string' && NAME.test(value) ? value : undefined);
  if (view === 'panel' && name(panel) === undefined) throw new Error('This output names no panel. Run the cell again.');
  return { panel: name(panel) ?? '', view, about: view === 'assistant' ? name(about) : view === 'timebar' ? about : undefined };
}

class PanelOutput extends Widget implements IRenderMime.IRenderer {
  private readonly sanitizer: IRenderMime.ISanitizer;
  private unmount: (() => void) | null = null;
  /** What is mounted, as the output names it. */
  private named = '';

  constructor({ sanitizer }: IRenderMime.IRendererOptions) {
    super();
    this.sanitizer = sanitizer;
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    // A newer picture beside the same name changes nothing of what is live.
    if (model.trusted && this.named && this.named === JSON.stringify(model.data[OUTPUT_TYPE])) return;
    this.clear();
    if (model.trusted) await this.mount(model.data[OUTPUT_TYPE]);
    else this.picture(model);
  }

  override dispose(): void {
    this.clear();
    super.dispose();
  }

  private async mount(data: unknown): Promise<void> {
    const element = this.node.appendChild(document.createElement('div'));
    this.named = JSON.stringify(data);
    try {
      const { panel, view, about } = shownBy(data);
      const { mount } = await runtime();
      // It may have been taken away, or drawn anew, while the runtime was loaded.
      if (element.isConnected || this.node.contains(element)) this.unmount = mount(element, { panel, host: 'server', view, about });
    } catch (error) {
      this.named = '';
      element.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** What the notebook says that the panel looked like: nothing is asked of the workspace for it. */
  private picture({ data }: IRenderMime.IMimeModel): void {
    const band = this.node.appendChild(document.createElement('div'));
    band.className = 'nx-untrusted';
    band.style.cssText = 'display:flex;gap:12px;align-items:center;flex-wrap:wrap;padding:4px 8px;border:1px solid var(--jp-border-color2);border-bottom:0;color:var(--jp-ui-font-color1);background:var(--jp-layout-color2);font-size:var(--jp-ui-font-size1)';
    band.append(Object.assign(document.createElement('span'), { textContent: 'This is a saved picture: the notebook is not trusted, so nothing in it runs.' }));
    const button = band.appendChild(document.createElement('button'));
    button.type = 'button';
    button.className = 'jp-Button jp-mod-styled jp-mod-minimal';
    button.style.marginLeft = 'auto';
    button.textContent = 'Show live';
    button.title = 'Show the panel of this name in your workspace, and let it run';
    button.addEventListener('click', () => {
      this.clear();
      void this.mount(data[OUTPUT_TYPE]);
    });
    const drawn = this.node.appendChild(document.createElement('div'));
    drawn.className = 'jp-RenderedHTMLCommon nx-untrusted-picture';
    drawn.style.cssText = 'padding:8px;border:1px solid var(--jp-border-color2);max-height:480px;overflow:auto;contain:content';
    const html = data['text/html'];
    if (typeof html === 'string') drawn.append(...still(this.sanitizer.sanitize(html)));
    else drawn.textContent = typeof data['text/plain'] === 'string' ? data['text/plain'] : 'No picture was saved.';
  }

  private clear(): void {
    this.unmount?.();
    this.unmount = null;
    this.named = '';
    this.node.replaceChildren();
  }
}

/** The nodes of sanitised HTML, without what would be fetched when it is drawn; links say nothing of where they were followed from. */
function still(html: string): readonly Node[] {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of Array.from(body.querySelectorAll('[src], [srcset], [poster], [background], [data]'))) {
    if (element.localName !== 'img' || element.hasAttribute('srcset') || !/^data:image\/(?:png|jpeg|gif|webp);/i.test(element.getAttribute('src') ?? '')) element.remove();
  }
  for (const element of Array.from(body.querySelectorAll('[style]'))) if (/url|image|\\/i.test(element.getAttribute('style') ?? '')) element.removeAttribute('style');
  for (const link of Array.from(body.querySelectorAll('a'))) Object.assign(link, { target: '_blank', rel: 'noreferrer noopener' });
  return Array.from(body.childNodes);
}

/**
 * `safe`: what Lab draws itself for an untrusted output is the same picture, without a way to the live panel. The rank
 * puts it before the widget's renderer, which would need a live kernel.
 */
const extension: IRenderMime.IExtension = {
  id: 'nexus-jupyter:panel',
  description: 'Shows Nexus panels in outputs.',
  rendererFactory: { safe: true, mimeTypes: [OUTPUT_TYPE], defaultRank: -10, createRenderer: options => new PanelOutput(options) },
  dataType: 'json'
};

export default extension;
