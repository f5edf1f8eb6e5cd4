// From a build to what is drawn: elements with their expressions, conditions, lists, bindings and events.

import type { Build, Expression, ItemBinding, Json, Ordering, Problem, StateDeclaration, ViewNode } from "../protocol/index.ts";
import type { ChildContext, ComponentTable, Context } from "./component.ts";
import { compile, compileTest, type Evaluator, EXPRESSION_ROWS, grouped, isList, isNumber, type RowSource, type Scope, spend, textOf, TooManyRows, truthy, type Value } from "./expression/index.ts";
import type { Cell, Gesture, Row, ViewHost } from "./host.ts";
import { partOf, typeOfPart, withPart } from "./items.ts";
import { dynamic, h, list, type VChild } from "./vnode.ts";
import { everyPart } from "./walk.ts";

const NO_ORDER: readonly Ordering[] = [];
const HEADS = [10, 100, EXPRESSION_ROWS] as const;

/** Turn a panel's view into what is drawn. */
export function instantiate(build: Build, table: ComponentTable, host: ViewHost): VChild[] {
  return new Instance(build, table, host).children(build.view, null, "");
}

/** The names of a panel, for expressions that are worked out outside of its view. */
export function scopeOf(build: Build, host: ViewHost): Scope {
  return new Instance(build, {}, host);
}

class Locals implements Scope {
  private readonly base: Scope;
  private readonly values: Readonly<Record<string, () => unknown>>;

  constructor(base: Scope, values: Readonly<Record<string, () => unknown>>) {
    this.base = base;
    this.values = values;
  }

  get(name: string): unknown {
    return Object.hasOwn(this.values, name) ? this.values[name]?.() : this.base.get(name);
  }

  aggregate(query: string, fn: "len" | "sum" | "mean" | "min" | "max", column: string | null): unknown {
    return this.base.aggregate(query, fn, column);
  }

  rows(name: string): RowSource | null {
    return Object.hasOwn(this.values, name) ? null : (this.base.rows?.(name) ?? null);
  }
}

type Test = (scope: Scope) => boolean;

/** One of the things that a `for` repeats. */
interface Item {
  readonly key: string;
  readonly value: Cell<Value>;
  readonly make: () => VChild;
}

class Instance implements Scope {
  readonly build: Build;
  readonly table: ComponentTable;
  readonly host: ViewHost;
  private readonly readers = new Map<string, () => unknown>();
  private readonly queries: ReadonlySet<string>;

  constructor(build: Build, table: ComponentTable, host: ViewHost) {
    this.build = build;
    this.table = table;
    this.host = host;
    this.queries = new Set([...build.queries, ...build.frames].map((item) => item.name));
    for (const { name } of [...build.state, ...build.links]) this.readers.set(name, () => host.state(name));
    for (const { name, expr } of build.computed) {
      const evaluate = compile(expr);
      this.readers.set(name, host.memo(() => evaluate(this)));
    }
    for (const name of this.queries) this.readers.set(name, () => this.whole(name));
  }

  get(name: string): unknown {
    return this.readers.get(name)?.() ?? null;
  }

  aggregate(query: string, fn: "len" | "sum" | "mean" | "min" | "max", column: string | null): unknown {
    return this.host.aggregate(query, fn, column);
  }

  isQuery(name: string): boolean {
    return this.queries.has(name);
  }

  isFiltered(name: string, depth = 0): boolean {
    const query = this.build.queries.find((item) => item.name === name);
    return query !== undefined && depth <= this.build.queries.length && (query.where !== null || this.isFiltered(query.frame, depth + 1));
  }

  rows(name: string): RowSource | null {
    if (!this.queries.has(name)) return null;
    return {
      total: () => { const total = this.host.aggregate(name, "len", null); return isNumber(total) ? total : null; },
      part: (from, to) => {
        if (to - from > EXPRESSION_ROWS) throw new TooManyRows(name, to - from);
        // Near the beginning, all parts are read from the same few pages.
        const limit = HEADS.find((head) => to <= head);
        const page = limit === undefined ? this.host.page(name, from, to - from, NO_ORDER) : this.host.page(name, 0, limit, NO_ORDER);
        const rows = page?.rows ?? [];
        return this.items(name, limit === undefined ? rows : rows.slice(from, to));
      },
    };
  }

  /** All rows of a query. Expressions read rows by this alone or by parts that they ask for, so none sees a part unawares. */
  private whole(name: string): Value {
    const page = this.host.page(name, 0, EXPRESSION_ROWS, NO_ORDER);
    if (page && page.total > page.rows.length) throw new TooManyRows(name, page.total);
    return this.items(name, page?.rows ?? []);
  }

  /** Rows as expressions see them: those of a `distinct` query are its values. */
  private items(name: string, rows: readonly Row[]): readonly Value[] {
    const distinct = this.build.queries.find((query) => query.name === name)?.distinct;
    return distinct ? rows.map((row) => row[distinct] ?? null) : rows;
  }

  children(nodes: readonly ViewNode[], scope: Scope | null, suffix: string): VChild[] {
    const drawn: VChild[] = [];
    let earlier: Test[] = [];
    for (const node of nodes) {
      const test = node.when ? compileTest(node.when) : null;
      if (!node.otherwise) earlier = [];
      const before = earlier;
      if (test) earlier = [...earlier, test];
      const conditional = test !== null || node.otherwise;
      drawn.push(conditional ? this.conditional(node, scope ?? this, suffix, test, node.otherwise ? before : []) : this.repeated(node, scope ?? this, suffix));
    }
    return drawn;
  }

  private conditional(node: ViewNode, scope: Scope, suffix: string, test: Test | null, before: readonly Test[]): VChild {
    const shown = this.host.memo(() => !before.some((other) => other(scope)) && (test === null || test(scope)));
    return dynamic(() => (shown() ? this.repeated(node, scope, suffix) : null));
  }

  private repeated(node: ViewNode, scope: Scope, suffix: string): VChild {
    const { each } = node;
    if (!each) return this.element(node, scope, suffix).draw();
    const items = compile(each.list);
    const key = each.key ? compile(each.key) : null;
    // A key that reads nothing but its item is what it was while the item is.
    const lasting = !each.key || [...everyPart(each.key)].every((part) => part.kind !== "aggregate" && (part.kind !== "name" || part.name === each.item));
    const known = new Map<string, Item>();
    let values: readonly Value[] = [];
    let keys: readonly string[] = [];
    let drawn: readonly Item[] = [];
    const drawnOf = (found: Value): readonly Item[] => {
      const next = isList(found) ? found : [];
      spend(next.length);
      const keyOf = (value: Value, i: number): string => textOf(key?.(new Locals(scope, { [each.item]: () => value })) ?? i);
      if (lasting && next.length === values.length) {
        const changed: number[] = [];
        for (let i = 0; i < next.length; i += 1) if (next[i] !== values[i]) changed.push(i);
        if (changed.every((i) => keyOf(next[i] as Value, i) === keys[i])) {
          for (const i of changed) drawn[i]?.value.set(next[i] as Value);
          values = next;
          return drawn;
        }
      }
      const nextKeys = next.map(keyOf);
      drawn = this.known(nextKeys, next, known, (name, cell) => this.element(node, new Locals(scope, { [each.item]: () => cell.get() }), `${suffix}[${name}]`).draw());
      values = next;
      keys = nextKeys;
      return drawn;
    };
    const name = each.list.kind === "name" ? each.list.name : null;
    // So many of them are drawn, and more when somebody comes to their end.
    const most = this.host.cell<number>(EXPRESSION_ROWS);
    const part = (shown: readonly Item[], total: number, what: string): readonly Pick<Item, "key" | "make">[] => {
      if (total <= shown.length) return shown;
      return [...shown, partNote(shown.length, total, what, this.host.live ? () => most.set(shown.length + EXPRESSION_ROWS) : null)];
    };
    const rows = (): RowSource | null => (name === null ? null : (scope.rows?.(name) ?? null));
    return list(() => {
      const source = rows();
      if (!source || name === null) {
        const all = items(scope);
        const values = isList(all) ? all : [];
        return part(drawnOf(values.length > most.get() ? values.slice(0, most.get()) : values), values.length, "entries");
      }
      const found: Row[] = [];
      let total = 0;
      for (let from = 0; from < most.get(); from += EXPRESSION_ROWS) {
        const page = this.host.page(name, from, EXPRESSION_ROWS, NO_ORDER);
        if (!page) break;
        found.push(...page.rows);
        total = page.total;
        if (found.length >= total) break;
      }
      return part(drawnOf(this.items(name, found)), total, "rows");
    });
  }

  /** Items by their keys, those that are known with their new values; keys that come twice are told apart. */
  private known(keys: readonly string[], values: readonly Value[], known: Map<string, Item>, draw: (name: string, cell: Cell<Value>) => VChild): Item[] {
    const used = new Set<string>();
    const found = keys.map((keyed, i): Item => {
      const value = values[i] as Value;
      let name = keyed;
      for (let n = 2; used.has(name); n += 1) name = `${keyed}~${n}`;
      used.add(name);
      let item = known.get(name);
      if (item) item.value.set(value);
      else {
        const cell = this.host.cell<Value>(value);
        const made = name;
        item = { key: name, value: cell, make: () => draw(made, cell) };
        known.set(name, item);
      }
      return item;
    });
    for (const name of known.keys()) if (!used.has(name)) known.delete(name);
    return found;
  }

  element(node: ViewNode, scope: Scope, suffix: string): ChildContext {
    const context = new ElementContext(this, node, scope, suffix);
    const component = Object.hasOwn(this.table, node.tag) ? this.table[node.tag] : undefined;
    const draw = (): VChild => {
      if (node.pending) return h("div", { class: "nx-skeleton", "data-id": context.id, "aria-busy": "true" });
      try {
        return component ? guarded(component.draw(context), context.id, node) : failure(node, `There is no component <${node.tag}>.`);
      } catch (error) {
        return failure(node, error instanceof Error ? error.message : String(error));
      }
    };
    return { context, draw };
  }
}

/** What stands below the items of a list that shows a part of its rows. */
function partNote(shown: number, total: number, what: string, more: (() => void) | null): { readonly key: string; readonly make: () => VChild } {
  const words = `The first ${grouped(shown, 0)} of ${grouped(total, 0)} ${what}.`;
  const button = (press: () => void): VChild[] => [" ", h("button", { class: "nx-link-button", type: "button" }, ["Show more"], { on: { click: press } })];
  const options = more ? { mounted: ((note: unknown) => whenSeen(note, more)) as never } : {};
  return { key: `\u0000${words}`, make: () => h("div", { class: "nx-cut", role: "note" }, [words, ...(more ? button(more) : [])], options) };
}

/** Run something once an element comes into sight; returns what prevents it. */
function whenSeen(element: unknown, run: () => void): () => void {
  const Observer = (globalThis as unknown as { IntersectionObserver?: new (call: (entries: readonly { readonly isIntersecting: boolean }[]) => void) => { observe(target: unknown): void; disconnect(): void } }).IntersectionObserver;
  if (!Observer) return () => {};
  const observer = new Observer((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    run();
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** With the parts of an element that are drawn again later kept from taking more down than themselves. */
function guarded(child: VChild, id: string, node: ViewNode): VChild {
  if (typeof child === "string" || typeof child === "function") return child;
  if (child.kind === "dynamic") {
    return dynamic(() => {
      try {
        return child.make();
      } catch (error) {
        return failure(node, error instanceof Error ? error.message : String(error));
      }
    });
  }
  // Elements inside, which have ids of their own, have seen to themselves.
  if (child.kind === "list" || (child.attrs["data-id"] !== undefined && child.attrs["data-id"] !== id)) return child;
  return { ...child, children: child.children.map((inner) => guarded(inner, id, node)) };
}

/** What stands in the place of an element that cannot be drawn; the rest of the panel goes on. */
export function failure(node: Pick<ViewNode, "id" | "tag" | "line">, message: string): VChild {
  return h("div", { class: "nx-failure", role: "alert", "data-id": node.id }, [h("strong", {}, [`<${node.tag}> in line ${node.line} cannot be shown.`]), ` ${message}`]);
}

class ElementContext implements Context {
  readonly id: string;
  readonly domId: string;
  readonly line: number;
  readonly host: ViewHost;
  private readonly instance: Instance;
  private readonly node: ViewNode;
  private readonly scope: Scope;
  private readonly suffix: string;
  private readonly compiled: ReadonlyMap<string, Evaluator>;
  private readonly tests = new Map<string, Test>();
  private readonly content: Evaluator | null;

  constructor(instance: Instance, node: ViewNode, scope: Scope, suffix: string) {
    this.instance = instance;
    this.node = node;
    this.scope = scope;
    this.suffix = suffix;
    this.host = instance.host;
    this.id = node.id + suffix;
    this.domId = `nx-${instance.build.id}-${this.id}`.replace(/[^A-Za-z0-9_-]/g, "_");
    this.line = node.line;
    this.compiled = new Map(Object.entries(node.props).map(([name, expression]) => [name, compile(expression)]));
    this.content = node.text ? compile(node.text) : null;
  }

  get layout() {
    return this.instance.build.layout.find((rule) => rule.container === this.node.id);
  }

  get children(): readonly VChild[] {
    return this.instance.children(this.node.children.filter((child) => child.slot === null), this.scope, this.suffix);
  }

  get parts(): readonly ChildContext[] {
    return this.node.children.filter((child) => child.slot === null).map((child) => this.instance.element(child, this.scope, this.suffix));
  }

  slot(name: string): readonly VChild[] {
    return this.instance.children(this.node.children.filter((child) => child.slot === name), this.scope, this.suffix);
  }

  has(prop: string): boolean {
    return this.compiled.has(prop) || Object.hasOwn(this.node.bind, prop);
  }

  prop(name: string): Value {
    const bound = Object.hasOwn(this.node.bind, name) ? this.node.bind[name] : undefined;
    const part = this.part(name);
    if (part) return partOf(this.scope.get(part.item) as Value, part.path);
    if (bound !== undefined) return this.host.state(bound);
    return this.compiled.get(name)?.(this.scope) ?? null;
  }

  str(name: string, otherwise = ""): string {
    const value = this.prop(name);
    return value === null ? otherwise : textOf(value);
  }

  num(name: string, otherwise: number): number {
    const value = this.prop(name);
    return isNumber(value) ? value : otherwise;
  }

  flag(name: string): boolean {
    const expression = this.node.props[name];
    if (this.bound(name) || !expression) return truthy(this.prop(name));
    let test = this.tests.get(name);
    if (!test) this.tests.set(name, (test = compileTest(expression)));
    return test(this.scope);
  }

  text(): string {
    return this.content ? textOf(this.content(this.scope)) : "";
  }

  query(prop: string): string | null {
    const expression: Expression | undefined = this.node.props[prop];
    return expression?.kind === "name" && this.instance.isQuery(expression.name) ? expression.name : null;
  }

  filtered(prop: string): boolean {
    const name = this.query(prop);
    return name !== null && this.instance.isFiltered(name);
  }

  bound(prop: string): boolean {
    return Object.hasOwn(this.node.bind, prop);
  }

  target(prop: string): StateDeclaration | undefined {
    const name = this.bound(prop) ? this.node.bind[prop] : undefined;
    const found = name === undefined ? undefined : this.instance.build.state.find((state) => state.name === name);
    const part = this.part(prop);
    return found && part ? { ...found, type: typeOfPart(found.type, part.path) ?? { kind: "any" }, min: null, max: null } : found;
  }

  set(prop: string, value: Json, gesture: Gesture): void {
    const name = this.node.bind[prop];
    const part = this.part(prop);
    if (name === undefined) return;
    if (!part) return this.host.set(name, value, gesture, this.id);
    const [list, item] = [this.host.state(name), this.scope.get(part.item) as Value];
    const index = isList(list) ? list.indexOf(item) : -1;
    const at = { index, key: part.key, equals: part.key ? (partOf(item, part.key) as Json) : null, path: part.path };
    const changed = withPart(list, { ...at, key: null }, value);
    if (changed !== null) this.host.set(name, changed, gesture, this.id, { at, value });
  }

  /** The field of an item that a property is bound to, if it is one. */
  private part(prop: string): ItemBinding | undefined {
    return Object.hasOwn(this.node.bind_items, prop) ? this.node.bind_items[prop] : undefined;
  }

  handles(event: string): boolean {
    return Object.hasOwn(this.node.on, event);
  }

  fire(event: string, payload: Json = null): void {
    const invocation = this.node.on[event];
    if (!invocation) return;
    const scope = new Locals(this.scope, { $event: () => payload });
    const args = invocation.args.map((argument) => compile(argument)(scope) as Json);
    this.host.trigger(invocation.action, args, payload, this.id);
  }

  pending(): boolean {
    return this.host.pending(this.id);
  }

  problem(): Problem | null {
    return this.host.problem(this.id);
  }
}
