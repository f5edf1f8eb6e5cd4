// A view without a workspace: states are the page's own, there are no rows, and handlers do not run.

import { computed, effect, type Signal, signal } from "@preact/signals-core";
import type { Aggregate, Build, Json } from "../protocol/index.ts";
import type { Value } from "../reactor/expression/index.ts";
import type { Cell, Rows, ViewHost } from "../reactor/host.ts";

export class LocalHost implements ViewHost {
  readonly live: boolean;
  private readonly states = new Map<string, Signal<Value>>();
  /** How each of them was declared last. */
  private readonly declared = new Map<string, string>();
  private readonly cells = new Map<string, Signal<unknown>>();
  private readonly told: (action: string) => void;

  /** `told` hears of the actions that would have run. */
  constructor(live: boolean, told: (action: string) => void = () => {}) {
    this.live = live;
    this.told = told;
  }

  /** Take over the states of a text; those that are declared as before keep their values. */
  replace(build: Build): void {
    for (const { name, type, default: initial } of build.state) {
      const declaration = JSON.stringify([type, initial]);
      if (this.declared.get(name) === declaration) continue;
      this.declared.set(name, declaration);
      const found = this.states.get(name);
      if (found) found.value = initial as Value;
      else this.states.set(name, signal(initial as Value));
    }
  }

  cell<T>(initial: T, key?: string): Cell<T> {
    const known = key === undefined ? undefined : (this.cells.get(key) as Signal<T> | undefined);
    const value = known ?? signal(initial);
    if (key !== undefined) this.cells.set(key, value as Signal<unknown>);
    return { get: () => value.value, set: (next) => { value.value = next; } };
  }

  memo<T>(compute: () => T): () => T {
    const value = computed(compute);
    return () => value.value;
  }

  follow(run: () => void): () => void {
    return effect(run);
  }

  state(name: string): Value {
    return this.states.get(name)?.value ?? null;
  }

  /** Give a state, or a link, a value that it was not declared with. */
  protected put(name: string, value: Value): void {
    const found = this.states.get(name);
    if (found) found.value = value;
    else this.states.set(name, signal(value));
  }

  set(name: string, value: Json): void {
    const found = this.states.get(name);
    if (found) found.value = value as Value;
  }

  trigger(action: string): void {
    this.told(action);
  }

  pending(): boolean {
    return false;
  }

  problem(): null {
    return null;
  }

  page(_query: string): Rows | undefined {
    return undefined;
  }

  aggregate(_query: string, _fn: Aggregate["fn"]): Value {
    return null;
  }
}
