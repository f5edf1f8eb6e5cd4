// What the language knows of components: the tables that the checker, the layout and the docs read.
// A component's way of being drawn lives in ../components; this file must not know any component.

import type { ScriptFault } from "./checker/script.ts";

/** What a property takes. `frame` is the name of a frame or query; `list` and `record` are evaluated values. */
export type PropType = "str" | "int" | "float" | "bool" | "date" | "any" | "list" | "record" | "frame" | "url" | "column";

export interface PropSpec {
  readonly type: PropType;
  readonly doc: string;
  /** Allowed values, for `str`. */
  readonly oneOf?: readonly string[];
  readonly required?: boolean;
  /** The source of a picture, for `url`. */
  readonly picture?: boolean;
  /** Bounds of numbers: at least, at most, and more than. */
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  /** The form that texts must have, for `str`. */
  readonly form?: boolean;
  /** May be the target of `bind:`; then it must be bound to a state of a type that fits `type`. */
  readonly bindable?: boolean;
}

/** Where a component stands in the docs and in the gallery. */
export type Category = "layout" | "text" | "input" | "data" | "code";

export interface ComponentSpec {
  readonly name: string;
  readonly category: Category;
  readonly doc: string;
  readonly props: Readonly<Record<string, PropSpec>>;
  /** Event names for `on:`, each with what `$event` holds. */
  readonly events: Readonly<Record<string, string>>;
  /** What may stand inside: elements of any kind, only those named, text with holes, or nothing. */
  readonly content: "elements" | "text" | "none" | readonly string[];
  /** Text content keeps its lines (markdown, code); else runs of white space are one space. */
  readonly keepsLines?: boolean;
  /** Named places for children (`slot="footer"`), with what stands there. */
  readonly slots?: Readonly<Record<string, string>>;
  /** Only allowed directly inside one of these (a `tab` inside `tabs`). */
  readonly within?: readonly string[];
  /** Intrinsic width in CSS pixels, for the layout compiler. */
  readonly size: { readonly min: number; readonly preferred: number; readonly grow: number };
  /** The compiler arranges the children of this component by constraints. */
  readonly arranges?: boolean;
  readonly example: string;
}

/** Components that a panel brings in with `xmlns:PREFIX="nexus:lib/NAME@VERSION"`. */
export interface Pack {
  readonly doc: string;
  readonly components: Readonly<Record<string, ComponentSpec>>;
}

export interface Registry {
  readonly version: string;
  /** Says what of a handler's code does not compile. Who only draws has none, and saves the parser. */
  readonly script?: (code: string, parameters: readonly string[]) => ScriptFault | null;
  /** By NAME@VERSION. */
  readonly packs: Readonly<Record<string, Pack>>;
  readonly components: Readonly<Record<string, ComponentSpec>>;
}
