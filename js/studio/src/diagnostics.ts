// What the checker finds, while the text is written.

import { language } from '@codemirror/language';
import { type Action, type Diagnostic, forEachDiagnostic, linter, lintKeymap } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { type EditorView, keymap, type ViewUpdate } from '@codemirror/view';
import { runtime } from '../../widget/load.ts';
import type { Language } from '../../reactor/assist/types.ts';
import type { FindPart } from './document.ts';

/** Milliseconds of rest in typing after which the text is checked. */
const REST = 250;

type Finding = ReturnType<Language['check']>[number];

export function diagnostics(part: FindPart): Extension {
  const check = async (view: EditorView): Promise<Diagnostic[]> => {
    const written = part(view.state);
    if (!written) return [];
    const { language: checker } = await runtime();
    return checker.check(written.text).map((finding) => ({
      from: written.from + finding.span.start,
      to: Math.min(view.state.doc.length, written.from + finding.span.end),
      severity: finding.severity,
      source: finding.code,
      message: finding.message,
      actions: finding.fix ? [quickFix(checker, part, finding)] : []
    }));
  };
  const keys = keymap.of([{ key: 'Mod-.', run: fixHere }, ...lintKeymap.filter(({ key }) => key === 'F8')]);
  return [linter(check, { delay: REST, needsRefresh: isOther }), keys];
}

/** A file that is renamed may become a panel without an edit. */
function isOther({ startState, state }: ViewUpdate): boolean {
  return startState.facet(language) !== state.facet(language);
}

/** The text may have moved since it was checked: the finding is looked for again where it is now. */
function quickFix(checker: Language, part: FindPart, { code, message, fix }: Finding): Action {
  return {
    name: `${fix?.certain ? 'Quick fix' : 'Suggestion'}: ${fix?.title}`,
    apply(view, from) {
      const written = part(view.state);
      if (!written) return;
      const now = checker.check(written.text).find((other) => other.code === code && other.message === message && written.from + other.span.start === from);
      if (!now?.fix) return;
      view.dispatch({ changes: now.fix.edits.map(({ start, end, text }) => ({ from: written.from + start, to: written.from + end, insert: text })), userEvent: 'input.fix' });
      view.focus();
    }
  };
}

/** Mend what is at the caret. */
function fixHere(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  const fixes: (() => void)[] = [];
  forEachDiagnostic(view.state, ({ actions = [] }, from, to) => {
    if (from <= head && head <= to) fixes.push(...actions.map((action) => () => action.apply(view, from, to)));
  });
  fixes[0]?.();
  return fixes.length > 0;
}
