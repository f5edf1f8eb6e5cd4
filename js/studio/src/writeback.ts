// A panel that was edited elsewhere goes back into the cell that made it.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

/** What the runtime sends; one who does what it asks prevents its default. */
type WriteBack = CustomEvent<{ panel: string; nxml: string; say(problem: string): void }>;

/** As much of a notebook as is needed here, so that no package of its own is. */
interface Cell {
  readonly node: HTMLElement;
  readonly model: { readonly sharedModel: { getSource(): string; setSource(text: string): void } };
}
interface Notebook {
  readonly content?: { readonly widgets?: readonly Cell[] };
}

export const writeback: JupyterFrontEndPlugin<void> = {
  id: 'nexus-jupyter:writeback',
  description: 'Writes panels back to the cells that made them.',
  autoStart: true,
  activate: ({ shell }: JupyterFrontEnd) => {
    document.addEventListener('nexus:writeback', event => {
      const { target, detail } = event as WriteBack;
      for (const widget of shell.widgets('main')) {
        const cells = (widget as Notebook).content?.widgets ?? [];
        const own = cells.find(({ node }) => node.contains(target as Node));
        if (!own) continue;
        event.preventDefault();
        // The panel may be shown in one cell and made in another.
        const made = [own, ...cells].find(cell => makes(cell.model.sharedModel.getSource(), detail.panel));
        const text = made ? written(made.model.sharedModel.getSource(), detail) : null;
        if (made && text !== null) made.model.sharedModel.setSource(text);
        else detail.say(made ? 'The cell builds this text from parts, so it cannot be written back there. Copy the source instead.' : 'No cell of this notebook holds the text of this panel. Copy the source instead.');
        return;
      }
    });
  }
};

function makes(source: string, panel: string): boolean {
  return magic(source, panel) !== null || place(source, panel) !== null;
}

/** The cell's text with the panel's new text in it; null when it cannot be put there. */
function written(source: string, { panel, nxml }: WriteBack['detail']): string | null {
  const head = magic(source, panel);
  if (head !== null) return `${head}\n${nxml.trimEnd()}\n`;
  const found = place(source, panel);
  if (!found) return null;
  const [start, end] = found;
  const opening = /([A-Za-z]*)("""|'''|"|')\s*$/.exec(source.slice(0, start));
  const prefix = opening?.[1]?.toLowerCase() ?? '';
  const quote = opening?.[2] ?? '';
  const text = nxml.trim();
  // What would mean something else inside the text's quotes.
  if (!opening || prefix.includes('f') || text.includes(quote) || (text.includes('\\') && !prefix.includes('r')) || (quote.length === 1 && text.includes('\n'))) return null;
  return source.slice(0, start) + text + source.slice(end);
}

/** The first line of a cell that is a panel's text and nothing else. */
function magic(source: string, panel: string): string | null {
  const [first = ''] = source.split('\n', 1);
  return /^%%panel\s+(\S+)/.exec(first)?.[1] === panel ? first : null;
}

/** Where the text of a panel stands among other code. */
function place(source: string, panel: string): readonly [number, number] | null {
  for (const match of source.matchAll(/<panel\b([^>]*)>[\s\S]*?<\/panel>/g)) {
    if (/\bid\s*=\s*["']([^"']*)["']/.exec(match[1] ?? '')?.[1] === panel) return [match.index, match.index + match[0].length];
  }
  return null;
}
