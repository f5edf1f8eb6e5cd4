// NXML as CodeMirror shows it. A stream language: what stands in an action is JavaScript as it is, which no XML grammar takes.

import { StreamLanguage, type StreamParser, type StringStream } from '@codemirror/language';
import { javascript } from '@codemirror/legacy-modes/mode/javascript';

const code = javascript as StreamParser<unknown>;
const CODE = /^(action|effect)$/;

interface State {
  mode: 'text' | 'tag' | 'value' | 'hole' | 'comment' | 'code';
  /** Of the tag that is open, or the element whose code this is. */
  tag: string;
  closing: boolean;
  /** Indentation of the lines in which the elements begin that are open, outermost first. */
  open: number[];
  /** Indentation of the line in which the tag begins. */
  margin: number;
  /** The quote of the value that a hole or value is in; empty in a text. */
  quote: string;
  code: unknown;
}

function enter(state: State, change: Partial<State>): void {
  Object.assign(state, change);
}

function text(stream: StringStream, state: State): string | null {
  if (stream.sol() && state.open.length === 0 && stream.match(/^%%.*/)) return 'meta';
  if (stream.match('<!--')) {
    enter(state, { mode: 'comment' });
    return 'comment';
  }
  const tag = stream.match(/^<(\/?)([\w:.-]+)/) as RegExpMatchArray | null;
  if (tag) {
    enter(state, { mode: 'tag', tag: tag[2] as string, closing: tag[1] === '/', margin: stream.indentation() });
    return 'tagName';
  }
  if (stream.match(/^&[#\w]+;/)) return 'character';
  if (stream.match('{{') || stream.match('}}')) return null;
  if (stream.eat('{')) {
    enter(state, { mode: 'hole', quote: '' });
    return 'brace';
  }
  stream.next();
  stream.eatWhile(/[^<&{}]/);
  return null;
}

function tag(stream: StringStream, state: State, indentUnit: number): string | null {
  if (stream.eatSpace()) return null;
  if (stream.match('/>')) {
    enter(state, { mode: 'text' });
    return 'angleBracket';
  }
  if (stream.eat('>')) {
    const open = state.closing ? state.open.slice(0, -1) : [...state.open, state.margin];
    const isCode = !state.closing && CODE.test(state.tag);
    enter(state, { mode: isCode ? 'code' : 'text', open, code: isCode ? code.startState?.(indentUnit) : null });
    return 'angleBracket';
  }
  // A tag that is still being written is followed by the next one.
  if (stream.peek() === '<') {
    enter(state, { mode: 'text' });
    return text(stream, state);
  }
  if (stream.match(/^[\w:.-]+/)) return 'attributeName';
  const quote = stream.eat(/["']/);
  if (quote) {
    enter(state, { mode: 'value', quote });
    return 'attributeValue';
  }
  return stream.next() === '=' ? 'operator' : null;
}

function value(stream: StringStream, state: State): string {
  if (stream.eat(state.quote)) {
    enter(state, { mode: 'tag', quote: '' });
    return 'attributeValue';
  }
  if (stream.eat('{')) {
    enter(state, { mode: 'hole' });
    return 'brace';
  }
  stream.next();
  stream.eatWhile((char: string) => char !== state.quote && char !== '{');
  return 'attributeValue';
}

function hole(stream: StringStream, state: State): string | null {
  if (stream.eatSpace()) return null;
  if (state.quote && stream.peek() === state.quote) {
    enter(state, { mode: 'value' });
    return value(stream, state);
  }
  if (stream.eat('}')) {
    enter(state, { mode: state.quote ? 'value' : 'text' });
    return 'brace';
  }
  if (stream.match(/^'[^']*'/) || stream.match(/^"[^"]*"/)) return 'string';
  if (stream.match(/^\d[\d.]*/)) return 'number';
  if (stream.match(/^(and|or|not|in|true|false|null)\b/)) return 'keyword';
  if (stream.match(/^[A-Za-z_$][\w$]*/)) return 'variableName';
  // A tag cannot start in a hole: it was never closed.
  if (!state.quote && stream.peek() === '<') {
    enter(state, { mode: 'text' });
    return text(stream, state);
  }
  stream.next();
  return 'operator';
}

function comment(stream: StringStream, state: State): string {
  if (stream.skipTo('-->')) {
    stream.match('-->');
    enter(state, { mode: 'text' });
  } else stream.skipToEnd();
  return 'comment';
}

/** JavaScript reads the line as far as the closing tag, which ends it wherever it stands. */
function script(stream: StringStream, state: State): string | null {
  const line = stream.string;
  const end = line.indexOf(`</${state.tag}`, stream.pos);
  if (end === stream.pos) {
    enter(state, { mode: 'text', code: null });
    return text(stream, state);
  }
  if (end > 0) stream.string = line.slice(0, end);
  try {
    return code.token(stream, state.code);
  } finally {
    stream.string = line;
  }
}

const parser: StreamParser<State> = {
  name: 'nxml',
  startState: () => ({ mode: 'text', tag: '', closing: false, open: [], margin: 0, quote: '', code: null }),
  copyState: (state) => ({ ...state, code: state.code && copyOf(state.code) }),
  token(stream, state) {
    switch (state.mode) {
      case 'text':
        return text(stream, state);
      case 'tag':
        return tag(stream, state, stream.indentUnit);
      case 'value':
        return value(stream, state);
      case 'hole':
        return hole(stream, state);
      case 'comment':
        return comment(stream, state);
      case 'code':
        return script(stream, state);
    }
  },
  indent(state, after, { unit }) {
    if (state.mode === 'tag') return state.margin + unit;
    if (state.mode !== 'text') return null;
    const margin = state.open.at(-1);
    return margin === undefined ? 0 : margin + (/^\s*<\//.test(after) ? 0 : unit);
  },
  languageData: { commentTokens: { block: { open: '<!--', close: '-->' } }, closeBrackets: { brackets: ['(', '[', '{', '"', "'"] }, indentOnInput: /^\s*<\/[\w:]+>$/ }
};

/** The state of the JavaScript mode: a record whose lists are changed in place. */
function copyOf(state: object): object {
  return Object.fromEntries(Object.entries(state).map(([key, held]) => [key, Array.isArray(held) ? [...held] : held]));
}

export const nxml = StreamLanguage.define(parser);
