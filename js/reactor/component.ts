// A component: what the language knows of it, and how it is drawn.

import type { Json, LayoutRule, Problem, StateDeclaration } from "../protocol/index.ts";
import type { Value } from "./expression/index.ts";
import type { Gesture, ViewHost } from "./host.ts";
import type { ComponentSpec } from "./registry.ts";
import type { VChild } from "./vnode.ts";

/** A child that is drawn by its parent when and where that wants (a tab in tabs). */
export interface ChildContext {
  readonly context: Context;
  readonly draw: () => VChild;
}

/** One element of a panel, as its component sees it. Reading is reactive. */
export interface Context {
  /** The element's id; inside a `for`, with the key of the item. */
  readonly id: string;
  /** Unique in the page, for labels. */
  readonly domId: string;
  readonly line: number;
  readonly host: ViewHost;
  readonly layout: LayoutRule | undefined;
  readonly children: readonly VChild[];
  readonly parts: readonly ChildContext[];
  /** The children in a slot; `children` and `parts` are those in none. */
  slot(name: string): readonly VChild[];
  has(prop: string): boolean;
  prop(name: string): Value;
  /** A property as text, number or yes/no. */
  str(name: string, otherwise?: string): string;
  num(name: string, otherwise: number): number;
  flag(name: string): boolean;
  text(): string;
  /** The frame or query that a property names, if it does. */
  query(prop: string): string | null;
  /** Whether the rows that a property names are those that a filter leaves. */
  filtered(prop: string): boolean;
  /** Give the state bound to a property a value. */
  set(prop: string, value: Json, gesture: Gesture): void;
  bound(prop: string): boolean;
  /** The state that a property is bound to, as it is declared. */
  target(prop: string): StateDeclaration | undefined;
  handles(event: string): boolean;
  fire(event: string, payload?: Json): void;
  pending(): boolean;
  problem(): Problem | null;
}

export interface Component extends ComponentSpec {
  readonly draw: (context: Context) => VChild;
}

export type ComponentTable = Readonly<Record<string, Component>>;
