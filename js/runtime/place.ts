// Where a person is in a view: the focus, the selection in it, and how far things are scrolled. Kept over a new drawing.

/** Fields with text that was typed and not yet taken as done, and those that stand in the place of such a one. */
const unfinished = new WeakSet<EventTarget>();
const resumed = new WeakSet<EventTarget>();

/** Keep track of typing in a view; a browser tells nothing of what was typed into a field that was drawn anew since. */
export function watchTyping(body: HTMLElement): void {
  body.addEventListener("input", ({ target }) => { if (target) unfinished.add(target); });
  body.addEventListener("change", ({ target }) => { if (target) unfinished.delete(target); });
  body.addEventListener("focusout", ({ target }) => {
    if (!target || !resumed.has(target) || !unfinished.delete(target)) return;
    target.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

/** What has the focus in the page, or in the shadow root that a view is in. */
function focusedNear(body: HTMLElement): Element | null {
  const root = body.getRootNode();
  return root instanceof ShadowRoot ? root.activeElement : document.activeElement;
}

/** Whether somebody is in a field of a view. */
export function isTyping(body: HTMLElement): boolean {
  const activeElement = focusedNear(body);
  return body.contains(activeElement) && (activeElement instanceof HTMLInputElement || activeElement instanceof HTMLTextAreaElement || activeElement?.closest(".cm-editor") !== null);
}

interface Selection {
  readonly start: number | null;
  readonly end: number | null;
}

export class Place {
  private readonly body: HTMLElement;
  private readonly focused: string;
  private readonly selection: Selection | null;
  private readonly typed: string | null;
  private readonly unfinished: boolean;
  private readonly scrolled = new Map<string, readonly [number, number]>();

  constructor(body: HTMLElement) {
    this.body = body;
    const focused = focusedNear(body);
    const active = body.contains(focused) ? (focused as HTMLElement) : null;
    this.unfinished = active !== null && unfinished.has(active);
    this.focused = active ? selectorOf(active) : "";
    const field = active instanceof HTMLInputElement || active instanceof HTMLTextAreaElement ? active : null;
    this.selection = field ? selectionOf(field) : null;
    this.typed = field && field.type !== "checkbox" && field.type !== "radio" && field.type !== "file" ? field.value : null;
    for (const element of [body, ...body.querySelectorAll<HTMLElement>("*")]) {
      if (element.scrollTop || element.scrollLeft) this.scrolled.set(element === body ? "" : selectorOf(element), [element.scrollTop, element.scrollLeft]);
    }
  }

  restore(): void {
    for (const [selector, [top, left]] of this.scrolled) {
      const element = selector ? this.body.querySelector(selector) : this.body;
      if (element) [element.scrollTop, element.scrollLeft] = [top, left];
    }
    const again = this.focused ? this.body.querySelector<HTMLElement>(this.focused) : null;
    again?.focus({ preventScroll: true });
    if (again && this.unfinished) {
      unfinished.add(again);
      resumed.add(again);
    }
    if (!(again instanceof HTMLInputElement || again instanceof HTMLTextAreaElement)) return;
    // What was typed and has not gone anywhere yet.
    if (this.typed !== null && again.value !== this.typed) again.value = this.typed;
    if (this.selection?.start !== null && this.selection) again.setSelectionRange(this.selection.start, this.selection.end);
  }
}

/** Numbers and dates have no selection. */
function selectionOf(field: HTMLInputElement | HTMLTextAreaElement): Selection {
  return { start: field.selectionStart, end: field.selectionEnd };
}

/** How an element is found again: by its id, or by the component it is in and its place there. */
function selectorOf(element: HTMLElement): string {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const component = element.closest<HTMLElement>("[data-id]");
  if (!component) return "";
  const own = `[data-id="${CSS.escape(component.dataset["id"] ?? "")}"]`;
  if (component === element) return own;
  const path: string[] = [];
  for (let at: Element = element; at !== component && at.parentElement; at = at.parentElement) path.unshift(`${at.localName}:nth-child(${[...at.parentElement.children].indexOf(at) + 1})`);
  return `${own} > ${path.join(" > ")}`;
}
