// The description of what is drawn, without a DOM: made once by a component, turned into HTML text on the server and
// into live nodes in the browser, so that both always agree. A function in place of a value is reactive: HTML takes
// its value now, the browser keeps following it.

export type Follow<T> = T | (() => T);
export type AttrValue = string | number | boolean | null | undefined;
/** A DOM event listener; only the browser uses it. The event is opaque here because this code has no DOM types. */
export type Listener = (event: never) => void;

export interface VElement {
  readonly kind: "element";
  readonly tag: string;
  readonly attrs: Readonly<Record<string, Follow<AttrValue>>>;
  readonly on: Readonly<Record<string, Listener>>;
  readonly children: readonly VChild[];
  /** Called in the browser with the live element once it is in place; may return a clean-up. */
  readonly mounted?: (element: never) => void | (() => void);
}

/** A keyed list: the browser keeps the nodes of keys that stay. */
export interface VList {
  readonly kind: "list";
  readonly items: () => readonly { readonly key: string; readonly make: () => VChild }[];
}

/** A part that is made anew whenever what it reads changes. */
export interface VDynamic {
  readonly kind: "dynamic";
  readonly make: () => VChild | null;
}

export type VChild = string | (() => string) | VElement | VList | VDynamic;

export interface ElementOptions {
  readonly on?: Readonly<Record<string, Listener>>;
  readonly mounted?: (element: never) => void | (() => void);
}

/** Describe an element. */
export function h(
  tag: string,
  attrs: Readonly<Record<string, Follow<AttrValue>>> = {},
  children: readonly VChild[] = [],
  options: ElementOptions = {},
): VElement {
  return { kind: "element", tag, attrs, children, on: options.on ?? {}, ...(options.mounted && { mounted: options.mounted }) };
}

export function list(items: VList["items"]): VList {
  return { kind: "list", items };
}

export function dynamic(make: VDynamic["make"]): VDynamic {
  return { kind: "dynamic", make };
}
