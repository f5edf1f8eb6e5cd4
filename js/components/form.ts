// Controls that are sent together, and files.

import type { Json } from "../protocol/index.ts";
import type { Component, Context } from "../reactor/component.ts";
import { compact, isList, isRecord, own as ownOf, textOf, type Value } from "../reactor/expression/index.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { box, DISABLED, field, HINT, LABEL, problemNote, REASON, usable } from "./shared.ts";
import { commit } from "./controls.ts";
import { entry, type Entry, VALIDATE, VALIDATION } from "./validation.ts";

interface FormElement {
  closest(selector: string): FormElement | null;
  querySelectorAll(selector: string): ArrayLike<FormElement>;
  querySelector(selector: string): FormElement | null;
  matches(selector: string): boolean;
  dispatchEvent(event: unknown): boolean;
  focus(): void;
}
interface FormEvent {
  readonly key?: string;
  readonly currentTarget: FormElement;
  readonly target: { readonly tagName: string; readonly type?: string };
  preventDefault(): void;
}

export const form: Component = {
  name: "form", category: "input", doc: "Controls that are checked and sent together: on:submit runs only when all of them are as they must be.", content: "elements", size: { min: 240, preferred: 480, grow: 1 },
  props: { submit: { type: "str", doc: "What the button says (Save)." }, title: { type: "str", doc: "Its heading." }, disabled: DISABLED, reason: REASON }, events: { submit: "nothing" },
  example: '<form id="f" submit="Send"><input id="i" label="Name" required="true"/></form>',
  draw: (context) => {
    const send = (element: FormElement | null): void => {
      const wrong = element?.querySelectorAll("[data-invalid]") ?? [];
      const make = (globalThis as unknown as { CustomEvent?: new (type: string) => unknown }).CustomEvent;
      if (!wrong.length) return context.fire("submit");
      for (const control of Array.from(wrong)) {
        // The listeners of a group of choices are on its inputs.
        if (make) (control.matches("div") ? (control.querySelector("input") ?? control) : control).dispatchEvent(new make(VALIDATE));
      }
      const first = wrong[0];
      (first?.matches("div") ? first.querySelector("input") : first)?.focus();
    };
    const press = (event: FormEvent): void => send(event.currentTarget.closest(".nx-form"));
    const keys = (event: FormEvent): void => {
      if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.target.type === "checkbox") return;
      event.preventDefault();
      // The control says what was typed when it is left; Enter leaves it.
      (event.target as unknown as { blur(): void; focus(): void }).blur();
      (event.target as unknown as { focus(): void }).focus();
      send(event.currentTarget);
    };
    const title = context.has("title") ? [h("div", { class: "nx-card-title" }, [() => context.str("title")])] : [];
    const button = h("button", { class: "nx-button", type: "button", "data-kind": "primary", "aria-busy": () => (context.pending() ? "true" : null), ...usable(context) }, [h("span", { class: "nx-spinner", "aria-hidden": "true" }), h("span", {}, [() => context.str("submit", "Save")])], { on: { click: press as never } });
    return box(context, "div", "form", [...title, ...context.children, h("div", { class: "nx-form-foot" }, [button]), problemNote(context)], { role: "form", "aria-label": () => context.str("title", "Form") }, { on: { keydown: keys as never } });
  },
};

interface ChosenFile {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}
interface FileEvent {
  readonly target: { readonly files: ArrayLike<ChosenFile> | null; value: string };
}

const MEGABYTE = 1_000_000;

export const file: Component = {
  name: "file", category: "input", doc: "Takes files from the person and keeps them in the workspace, below files/uploads/PANEL.", content: "none", size: { min: 200, preferred: 320, grow: 1 }, events: { change: "the files: records with name, size, type and path" },
  props: {
    label: { ...LABEL, required: true }, value: { type: "list", doc: "The files that were taken.", bindable: true }, accept: { type: "str", doc: "Which kinds, by ending or type: .csv, image/*." },
    "max-size": { type: "float", above: 0, doc: "Largest file in megabytes (5)." }, many: { type: "bool", doc: "More than one." }, ...VALIDATION, disabled: DISABLED, reason: REASON, hint: HINT,
  },
  example: '<file id="f" label="Measurements" accept=".csv"/>',
  draw: (context) => {
    const share = context.host.cell<number | null>(null);
    const problem = context.host.cell<string | null>(null);
    const own = entry(context);
    const { attrs, on, note } = own;
    const choose = (event: FileEvent): void => {
      const chosen = Array.from(event.target.files ?? []);
      const wrong = chosen.map((one) => refusal(context, one)).find((text) => text !== null);
      problem.set(wrong ?? null);
      if (wrong || !chosen.length) event.target.value = "";
      else void take(context, own, chosen, share, problem);
    };
    const all = { class: "nx-file", type: "file", id: context.domId, accept: () => (context.has("accept") ? context.str("accept") : null), multiple: () => context.flag("many"), ...attrs, ...usable(context) };
    const progress = dynamic(() => { const part = share.get(); return part === null ? null : h("progress", { max: 1, value: part, "aria-label": "Upload" }); });
    const told = dynamic(() => { const text = problem.get(); return text === null ? null : h("span", { class: "nx-fault", role: "alert" }, [text]); });
    return field(context, "file", h("div", { class: "nx-file-box" }, [h("input", all, [], { on: { ...on, change: choose as never } }), progress, told, kept(own)]), { note });
  },
};

/** Why a file is not taken. */
function refusal(context: Context, { name, size, type }: ChosenFile): string | null {
  const most = context.num("max-size", 5);
  if (size > most * MEGABYTE) return `${name} has ${compact(size)} bytes; at most ${most} MB are taken.`;
  const kinds = context.str("accept").split(",").map((kind) => kind.trim().toLowerCase()).filter(Boolean);
  const fits = (kind: string): boolean => (kind.startsWith(".") ? name.toLowerCase().endsWith(kind) : kind.endsWith("/*") ? type.startsWith(kind.slice(0, -1)) : type === kind);
  return !kinds.length || kinds.some(fits) ? null : `${name} is not of the kinds that are taken: ${kinds.join(", ")}.`;
}

async function take(context: Context, own: Entry, chosen: readonly ChosenFile[], share: { set(value: number | null): void }, problem: { set(value: string | null): void }): Promise<void> {
  const { upload } = context.host;
  if (!upload) return problem.set("Files cannot be kept here.");
  try {
    const taken: Json[] = [];
    for (const [i, one] of chosen.entries()) taken.push(await upload.call(context.host, one, context.id, (part) => share.set((i + part) / chosen.length)));
    commit(context, own, taken as Value, { value: taken });
  } catch (error) {
    problem.set(error instanceof Error ? error.message : String(error));
  } finally {
    share.set(null);
  }
}

function kept(own: Entry): VChild {
  return dynamic(() => {
    const value = own.value();
    const files = (isList(value) ? value : []).filter(isRecord);
    return files.length ? h("ul", { class: "nx-file-list" }, files.map((one) => h("li", {}, [`${textOf(ownOf(one, "name"))} (${textOf(ownOf(one, "size"))} bytes)`]))) : null;
  });
}
