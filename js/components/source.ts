// Code and formulas: to read and to write.

import type { Component, Context } from "../reactor/component.ts";
import { dynamic, h } from "../reactor/vnode.ts";
import { textOf } from "../reactor/expression/index.ts";
import { commit } from "./controls.ts";
import { entry, type Entry } from "./validation.ts";
import { box, DISABLED, field, HINT, LABEL, REASON, usable } from "./shared.ts";

const LANGUAGES = ["python", "javascript", "json", "sql", "markdown", "xml", "text"] as const;

export const code: Component = {
  name: "code", category: "text", doc: "Program code or any text whose lines matter, to be read and copied.", content: "text", keepsLines: true, events: {}, size: { min: 200, preferred: 480, grow: 1 },
  props: { lang: { type: "str", doc: "Its language.", oneOf: LANGUAGES }, value: { type: "str", doc: "The code, in place of the text inside." } },
  example: '<code id="c" lang="python">print("hello")</code>',
  draw: (context) => {
    const source = (): string => (context.has("value") ? context.str("value") : context.text());
    const copy = context.host.copy ? [h("button", { class: "nx-tool nx-code-copy", type: "button", "aria-label": "Copy the code" }, ["Copy"], { on: { click: () => context.host.copy?.(source()) } })] : [];
    return box(context, "div", "code", [h("pre", { tabindex: 0, role: "region", "aria-label": () => `Code${context.has("lang") ? ` in ${context.str("lang")}` : ""}` }, [h("code", {}, [source])]), ...copy]);
  },
};

interface Katex {
  render(tex: string, element: unknown, options: object): void;
}

export const math: Component = {
  name: "math", category: "text", doc: "A formula in TeX.", content: "text", keepsLines: true, events: {}, size: { min: 120, preferred: 320, grow: 1 },
  props: { block: { type: "bool", doc: "On a line of its own, in the middle." }, value: { type: "str", doc: "The formula, in place of the text inside." } },
  example: '<math id="m" block="true">e^{{i \\pi}} + 1 = 0</math>',
  draw: (context) => {
    const tex = (): string => (context.has("value") ? context.str("value") : context.text());
    // The source is what a saved picture shows; the browser sets it as MathML, which needs neither fonts nor styles.
    return box(context, "div", "math", [dynamic(() => {
      const source = tex();
      const mounted = (element: unknown): void => {
        void context.host.load?.("math").then((katex) => (katex as Katex).render(source, element, { output: "mathml", trust: false, throwOnError: false, displayMode: context.flag("block") })).catch(() => {
          // The source stays, which says the same.
        });
      };
      return h("span", { class: "nx-tex" }, [source], { mounted: mounted as never });
    })], { "data-block": () => context.flag("block") });
  },
};

/** How the keyboard gets out of an editor, which needs Tab for itself. */
const WAY_OUT = "Tab indents. After Escape, Tab goes on to what follows.";

/** What the editor's part of the code gives: see runtime/lazy/editor.ts. */
interface EditorLibrary {
  edit(parent: unknown, options: { readonly doc: string; readonly lang: string; readonly label: string; readonly readOnly: boolean; readonly live: (text: string) => void; readonly done: (text: string) => void }): { set(text: string): void; destroy(): void };
}

export const editor: Component = {
  name: "editor", category: "input", doc: "Code, written with colours and line numbers.", content: "none", events: { change: "the new text" }, size: { min: 240, preferred: 640, grow: 1 },
  props: { label: { ...LABEL, required: true }, value: { type: "str", doc: "The code.", bindable: true }, lang: { type: "str", doc: "Its language.", oneOf: LANGUAGES }, rows: { type: "int", least: 1, most: 200, doc: "How many lines are seen (8)." }, disabled: DISABLED, reason: REASON, hint: HINT },
  example: '<editor id="e" label="Query" lang="sql"/>',
  draw: (context) => {
    const own = entry(context);
    const done = (text: string): void => commit(context, own, text, { value: text });
    const plain = h("textarea", { class: "nx-input nx-editor-plain", id: context.domId, rows: () => context.num("rows", 8), spellcheck: "false", value: () => textOf(own.shown()), ...own.attrs, ...usable(context) }, [], {
      on: { ...own.on, change: ((event: { readonly target: { readonly value: string } }) => done(event.target.value)) as never },
    });
    if (!context.host.load) return field(context, "editor", plain, { note: own.note });
    const mounted = (element: { replaceChildren(): void }): (() => void) => upgrade(context, own, element, done);
    return field(context, "editor", h("div", { class: "nx-editor-box" }, [h("div", { class: "nx-editor", style: () => `--nx-rows:${Math.max(2, Math.min(60, context.num("rows", 8)))}` }, [plain], { mounted: mounted as never, on: { focusin: own.on["focus"] as never, focusout: own.on["blur"] as never } }), h("span", { class: "nx-hint nx-editor-way" }, [WAY_OUT])]), { note: own.note });
  },
};

/** Put the editor in the place of the plain text field, once its code is there. */
function upgrade(context: Context, own: Entry, element: { replaceChildren(): void }, done: (text: string) => void): () => void {
  let gone = false;
  let undo = (): void => { gone = true; };
  const load = context.host.load?.("editor");
  load?.then((library) => {
    if (gone) return;
    element.replaceChildren();
    const made = (library as EditorLibrary).edit(element, {
      doc: textOf(own.shown()), lang: context.str("lang", "text"), label: `${context.str("label")}. ${WAY_OUT}`, readOnly: context.flag("disabled"),
      live: (text) => void own.enter(text, { value: text }, "live"), done,
    });
    const stop = context.host.follow?.(() => made.set(textOf(own.shown())));
    undo = () => { stop?.(); made.destroy(); };
  }).catch(() => {
    // The plain field stays, which does the same without colours.
  });
  return () => undo();
}
