// What the word under the pointer means.

import type { Extension } from '@codemirror/state';
import { EditorView, hoverTooltip } from '@codemirror/view';
import type { Explanation } from '../../reactor/assist/types.ts';
import { runtime } from '../../widget/load.ts';
import type { FindPart } from './document.ts';
import { prose } from './prose.ts';

const THEME = EditorView.baseTheme({
  '.nx-explanation': { padding: '4px 8px', maxWidth: '420px', fontSize: 'var(--jp-ui-font-size1)', fontFamily: 'var(--jp-ui-font-family)' },
  '.nx-explanation code': { fontFamily: 'var(--jp-code-font-family)', whiteSpace: 'pre-wrap' },
  '.nx-explanation-details': { color: 'var(--jp-ui-font-color2)' }
});

export function hover(part: FindPart): Extension {
  const source = hoverTooltip(async (view, pos, side) => {
    const written = part(view.state);
    const at = side < 0 ? pos - 1 : pos;
    if (!written || at < written.from) return null;
    const { language } = await runtime();
    const found = language.explain(written.text, at - written.from);
    return found && { pos: written.from + found.from, end: written.from + found.to, above: true, create: () => ({ dom: card(found) }) };
  });
  return [source, THEME];
}

function card({ title, doc, details, example }: Explanation): HTMLElement {
  const dom = Object.assign(document.createElement('div'), { className: 'nx-explanation' });
  const line = (tag: string, text: string, className = ''): HTMLElement => Object.assign(document.createElement(tag), { textContent: text, className });
  const head = line('div', '');
  head.append(line('code', title));
  const sentence = line('div', '');
  sentence.append(...prose(doc));
  dom.append(head, sentence, ...details.map((text) => line('div', text, 'nx-explanation-details')));
  if (example) dom.append(line('code', example));
  return dom;
}
