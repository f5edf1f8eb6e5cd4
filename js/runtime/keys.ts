// The keys of a panel in a page that has keys of its own: a notebook deletes a cell at `d d`, wherever in it the focus is.

/** JupyterLab and Notebook look for no shortcut of theirs from an element with this attribute on. */
const SUPPRESS = "data-lm-suppress-shortcuts";
/** With Ctrl or Cmd, what fields do themselves. */
const EDITING = new Set(["a", "c", "Enter", "v", "x", "y", "z", "Shift+v", "Shift+z"]);
/** With Ctrl or Cmd, what takes back and does again. */
const UNDOING: Readonly<Record<string, boolean>> = { z: false, y: true, "Shift+z": true };
/** With Ctrl or Cmd, what moves or deletes in a field, and cells outside of one. */
const MOVING = new Set(["ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp", "Backspace", "Delete", "End", "Home", "PageDown", "PageUp"]);
/** Inputs that nothing is written in. */
const UNWRITTEN = new Set(["button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit"]);

/** How each panel takes back, or does again; null where nothing can be. */
const roots = new Map<HTMLElement, ((redo: boolean) => void) | null>();

/**
 * Keep the keys that are pressed in an element there: none but those with Ctrl or Cmd reaches the notebook, and Escape goes back
 * to it. Ctrl+Z is the panel's where nothing is written. Returns what ends that.
 */
export function keepKeys(root: HTMLElement, undo: ((redo: boolean) => void) | null = null): () => void {
  // Before anybody else: JupyterLab looks for its shortcuts when the event is on its way down.
  if (!roots.size) globalThis.addEventListener("keydown", decide, true);
  roots.set(root, undo);
  root.setAttribute(SUPPRESS, "");
  root.addEventListener("keydown", stay);
  root.addEventListener("beforeinput", guard, true);
  return () => {
    roots.delete(root);
    if (!roots.size) globalThis.removeEventListener("keydown", decide, true);
    root.removeAttribute(SUPPRESS);
    root.removeEventListener("keydown", stay);
    root.removeEventListener("beforeinput", guard, true);
  };
}

function decide(event: KeyboardEvent): void {
  const root = event.composedPath().find((node) => roots.has(node as HTMLElement)) as HTMLElement | undefined;
  if (!root) return;
  // On what has the focus as well: the page looks there first, and its selectors may mean any element with the focus.
  for (const element of [root, event.target as Element]) element.toggleAttribute(SUPPRESS, !ofThePage(event));
}

/** Whether a key is for the page around: saving, its palette, running a cell. */
function ofThePage(event: KeyboardEvent): boolean {
  if (!(event.ctrlKey || event.metaKey) || MOVING.has(event.key)) return false;
  return undoing(event) === null && !(EDITING.has(named(event)) && written(event));
}

function named(event: KeyboardEvent): string {
  return event.shiftKey ? `Shift+${event.key.toLowerCase()}` : event.key;
}

/** Whether a key takes back (false) or does again (true) what was done in the panel; null where it is another key, or the field's own. */
function undoing(event: KeyboardEvent): boolean | null {
  return (event.ctrlKey || event.metaKey) && !event.altKey && Object.hasOwn(UNDOING, named(event)) && !written(event) ? (UNDOING[named(event)] as boolean) : null;
}

function written(event: Event): boolean {
  const target = event.composedPath()[0] as HTMLElement;
  if (target instanceof HTMLInputElement) return !UNWRITTEN.has(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** On its way up, when the control has had it. */
function stay(event: KeyboardEvent): void {
  if (ofThePage(event)) return;
  event.stopPropagation();
  const redo = undoing(event);
  if (redo !== null && !event.defaultPrevented) {
    event.preventDefault();
    roots.get(event.currentTarget as HTMLElement)?.(redo);
  }
  if (event.key === "Escape" && !event.defaultPrevented && !event.isComposing) leave(event);
}

function leave(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  // The browser closes these itself, or empties the field.
  if (target.closest("dialog[open]") || (target instanceof HTMLInputElement && target.type === "search" && target.value)) return;
  target.blur();
  target.closest<HTMLElement>(".jp-Cell")?.focus();
}

/** JupyterLab forbids line breaks and undoing by a listener on what has the focus, once a key has been pressed there. */
function guard(event: Event): void {
  const target = event.target as Element;
  if (target.matches("input, textarea")) event.stopPropagation();
}
