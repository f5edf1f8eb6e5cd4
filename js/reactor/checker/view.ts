// The section <view>: elements to nodes that can be drawn. What is not allowed is reported and left out.

import type { Each, Expression, Fact, StateDeclaration, ViewNode } from "../../protocol/index.ts";
import { ExpressionError, FUNCTIONS, type Parsed, parseExpression } from "../expression/index.ts";
import { type RawAttribute, type RawElement, renameTag } from "../parser.ts";
import type { ComponentSpec, PropSpec, PropType, Registry } from "../registry.ts";
import { isSlip, replaceFix } from "../source.ts";
import { NAME, type TreeNode, unknownAttribute } from "../tree.ts";
import { pictureSource } from "../picture.ts";
import { allowedUrl } from "../url.ts";
import { everyPart } from "../walk.ts";
import { DIRECTIVES as MEANINGS } from "../words.ts";
import { readInvocation } from "./invocation.ts";
import { kindOf, suits } from "./kinds.ts";
import { columnsOf } from "./queries.ts";
import { typeOfPart } from "../items.ts";
import { formOf, isRegular } from "./pattern.ts";
import type { Checked, Names } from "./names.ts";

/** Attributes that any element takes. */
const DIRECTIVES = Object.keys(MEANINGS);
const FITS: Readonly<Record<PropType, readonly string[]>> = {
  str: ["str", "date", "any"], url: ["str", "any"], date: ["date", "str", "any"], column: ["str", "any"], int: ["int", "float", "any"],
  float: ["int", "float", "any"], bool: ["bool", "any"], list: ["list", "any"], record: ["dict", "record", "any"], frame: ["any"],
  any: ["str", "int", "float", "bool", "date", "list", "dict", "record", "any"],
};

const WANTED: Readonly<Partial<Record<PropType, string>>> = { int: "a number", float: "a number", list: "a list", frame: "rows", record: "a record", date: "a date", url: "an address" };
const HAD: Readonly<Partial<Record<string, string>>> = { str: "a text", int: "a number", float: "a number", bool: "a yes or no", date: "a date", list: "a list", record: "a record" };

export class ViewReader {
  readonly facts: Fact[] = [];
  private readonly names: Names;
  private readonly registry: Registry;
  /** The loops around what is read, the innermost last. */
  private readonly loops: Each[] = [];
  /** NAME@VERSION by prefix. */
  private readonly packs: ReadonlyMap<string, string>;

  constructor(names: Names, registry: Registry, packs: readonly { readonly prefix: string; readonly pack: string }[]) {
    this.names = names;
    this.registry = registry;
    this.packs = new Map(packs.map(({ prefix, pack }) => [prefix, pack]));
  }

  /** Read siblings, in order. */
  read(items: readonly TreeNode[], parent: string, locals: readonly string[]): ViewNode[] {
    const nodes: ViewNode[] = [];
    let conditional = false;
    for (const item of items) {
      const node = item.raw ? this.element(item, item.raw, parent, locals, conditional) : this.piece(item, parent, locals);
      conditional = Boolean(item.raw?.attributes.some((attribute) => attribute.name === "if" || attribute.name === "else"));
      if (node) nodes.push(node);
    }
    return nodes;
  }

  private piece(item: TreeNode, parent: string, locals: readonly string[]): ViewNode | null {
    const { span, id, text } = item.node;
    const spec = this.registry.components[parent];
    if (spec && spec.content !== "elements" && spec.content !== "text") {
      this.names.source.report("NX2014", `Text may not stand in <${parent}>.`, span.start, span.end, { node: id, fix: replaceFix("remove it", span.start, span.end, "", false) });
      return null;
    }
    const offset = span.start + Math.max(0, this.names.source.text.slice(span.start, span.end).search(/\S/));
    const checked = collapsed(this.names.template({ text: text ?? "", offset, node: id, locals }));
    return { id, tag: "text", props: {}, when: null, otherwise: false, each: null, bind: {}, bind_items: {}, on: {}, text: checked.expression, children: [], line: span.line, slot: null, pending: this.names.pending.has(id) };
  }

  private element(item: TreeNode, raw: RawElement, parent: string, outer: readonly string[], afterIf: boolean): ViewNode | null {
    const spec = this.component(item, raw, parent);
    if (!spec) return null;
    const { id } = item.node;
    const each = this.each(raw, id, outer);
    const locals = each ? [...outer, each.item] : outer;
    const node: ViewNode = {
      id, tag: this.tagOf(raw), props: {}, when: null, otherwise: false, each, bind: {}, bind_items: {}, on: {}, text: null, children: [], line: item.node.span.line, slot: null, pending: false,
    };
    if (each) this.loops.push(each);
    for (const given of raw.attributes) this.attribute(node, raw, given, spec, locals, afterIf);
    this.slot(node, raw, parent);
    this.required(node, raw, spec);
    if (item.node.text !== null && !item.children.length) this.text(node, raw, spec, locals);
    node.pending = this.names.pending.has(id);
    node.children.push(...this.read(item.children, raw.name, locals));
    if (each) this.loops.pop();
    return node;
  }

  /** The name by which a component is drawn: those of packs are NAME@VERSION/component. */
  private tagOf(raw: RawElement): string {
    const colon = raw.name.indexOf(":");
    return colon < 0 ? raw.name : `${this.packs.get(raw.name.slice(0, colon))}/${raw.name.slice(colon + 1)}`;
  }

  private slot(node: ViewNode, raw: RawElement, parent: string): void {
    const given = raw.attributes.find((attribute) => attribute.name === "slot");
    if (!given) return;
    const slots = Object.keys(this.registry.components[parent]?.slots ?? {});
    if (slots.includes(given.value ?? "")) node.slot = given.value;
    else {
      const near = this.names.source.nearest(given.value ?? "", slots);
      const message = slots.length ? `<${parent}> has the slots ${slots.join(", ")}, not '${given.value}'.` : `<${parent}> has no slots.`;
      this.names.source.report("NX2017", message, given.start, given.end, { node: node.id, fix: near ? replaceFix(`write ${near}`, given.valueStart, given.valueEnd, near, isSlip(given.value ?? "", near, slots)) : replaceFix("remove it", given.start, given.end, "", false) });
    }
  }

  private component(item: TreeNode, raw: RawElement, parent: string): ComponentSpec | null {
    const { source } = this.names;
    const { id } = item.node;
    if (raw.name.includes(":")) return this.packed(raw, id);
    const known = this.registry.components;
    const spec = Object.hasOwn(known, raw.name) ? known[raw.name] : undefined;
    if (!spec) {
      const near = this.names.source.nearest(raw.name, Object.keys(known));
      const fix = near && raw.closed ? { title: `write <${near}>`, edits: renameTag(raw, near), certain: isSlip(raw.name, near, Object.keys(known)) } : null;
      source.report("NX2002", `There is no component <${raw.name}>${near ? `; did you mean <${near}>?` : "."}`, raw.start, raw.nameEnd, { node: id, fix });
      return null;
    }
    const inside = known[parent]?.content;
    if (spec.within && !spec.within.includes(parent)) {
      source.report("NX2008", `<${raw.name}> may only stand in ${spec.within.map((name) => `<${name}>`).join(" or ")}.`, raw.start, raw.nameEnd, { node: id });
    } else if (inside !== undefined && inside !== "elements" && !(Array.isArray(inside) && inside.includes(raw.name))) {
      const near = Array.isArray(inside) ? this.names.source.nearest(raw.name, inside as readonly string[]) : null;
      source.report("NX2008", `<${raw.name}> may not stand in <${parent}>${near ? `; did you mean <${near}>?` : "."}`, raw.start, raw.nameEnd, { node: id, fix: near ? { title: `write <${near}>`, edits: renameTag(raw, near), certain: isSlip(raw.name, near, inside as readonly string[]) } : null });
    }
    return spec;
  }

  /** A component of a pack. */
  private packed(raw: RawElement, node: string): ComponentSpec | null {
    const { source } = this.names;
    const [prefix = "", name = ""] = raw.name.split(":");
    const pack = this.packs.get(prefix);
    const components = pack === undefined ? undefined : this.registry.packs[pack]?.components;
    if (!components) {
      const near = this.names.source.nearest(prefix, [...this.packs.keys()]);
      source.report("NX2010", `The namespace of <${raw.name}> is not known${near ? `; did you mean <${near}:${name}>?` : `: bring it in with xmlns:${prefix}="nexus:lib/NAME@VERSION" in <panel>.`}`, raw.start, raw.nameEnd, { node, fix: near ? { title: `write <${near}:${name}>`, edits: renameTag(raw, `${near}:${name}`), certain: isSlip(prefix, near, this.packs.keys()) } : null });
      return null;
    }
    if (Object.hasOwn(components, name)) return components[name] as ComponentSpec;
    const near = this.names.source.nearest(name, Object.keys(components));
    source.report("NX2002", `The pack ${pack} has no component <${name}>${near ? `; did you mean <${prefix}:${near}>?` : `. It has: ${Object.keys(components).join(", ")}.`}`, raw.start, raw.nameEnd, { node, fix: near ? { title: `write <${prefix}:${near}>`, edits: renameTag(raw, `${prefix}:${near}`), certain: isSlip(name, near, Object.keys(components)) } : null });
    return null;
  }

  private attribute(node: ViewNode, raw: RawElement, given: RawAttribute, spec: ComponentSpec, locals: readonly string[], afterIf: boolean): void {
    const { name } = given;
    if (name.startsWith("on:")) this.event(node, raw, given, spec, locals);
    else if (/^on[a-z]*$/i.test(name) && !Object.hasOwn(spec.props, name)) this.htmlEvent(node, given, spec);
    else if (name.startsWith("bind:")) this.bind(node, raw, given, spec);
    else if (name === "if") node.when = this.whole(given, node.id, locals).expression;
    else if (name === "else") this.otherwise(node, given, afterIf);
    else if (Object.hasOwn(spec.props, name)) this.prop(node, raw, given, spec.props[name] as PropSpec, locals);
    else if (name === "bind" && given.value && this.bindable(spec).length === 1) {
      const [meant = ""] = this.bindable(spec);
      this.names.source.report("NX2004", `<${raw.name}> has no attribute 'bind'; a state is bound by ${meant}.`, given.start, given.nameEnd, { node: node.id, fix: replaceFix(`write ${meant}`, given.start, given.nameEnd, meant, !raw.attributes.some((other) => other.name === meant)) });
    } else if (!DIRECTIVES.includes(name)) unknownAttribute(this.names.source, raw, given, [...Object.keys(spec.props), ...DIRECTIVES, ...Object.keys(spec.events).map((event) => `on:${event}`), ...this.bindable(spec)], node.id, Object.keys(spec.props));
  }

  private bindable(spec: ComponentSpec): string[] {
    return Object.entries(spec.props).filter(([, prop]) => prop.bindable).map(([name]) => `bind:${name}`);
  }

  private otherwise(node: ViewNode, given: RawAttribute, afterIf: boolean): void {
    if (afterIf) node.otherwise = true;
    else this.names.source.report("NX2013", "An else must follow an element with if.", given.start, given.end, { node: node.id, fix: replaceFix("remove it", given.start, given.end, "", false) });
  }

  /** An attribute that is one expression, with or without braces around. */
  private whole(given: RawAttribute, node: string, locals: readonly string[]): Checked {
    const text = given.value ?? "";
    const braced = /^\s*\{([\s\S]*)\}\s*$/.exec(text);
    const inner = braced && !braced[1]?.includes("}") && !/^\s*[\w'"]+\s*:/.test(braced[1] ?? "") ? (braced[1] as string) : text;
    const checked = this.names.expression({ text: inner, offset: this.names.source.place(given.valueStart, text, text.indexOf(inner)), node, locals });
    this.reads(node, checked.names, "reads");
    return checked;
  }

  private each(raw: RawElement, node: string, locals: readonly string[]): Each | null {
    const given = raw.attributes.find((attribute) => attribute.name === "for");
    if (!given) return null;
    const match = /^(\s*)([A-Za-z_]\w*)\s+in\s+([\s\S]+)$/.exec(given.value ?? "");
    if (!match) {
      this.names.source.report("NX2006", 'A for reads like for="item in list".', given.start, given.end, { node });
      return null;
    }
    const item = match[2] as string;
    const text = match[3] as string;
    const list = this.names.expression({ text, offset: this.names.source.place(given.valueStart, given.value ?? "", (given.value ?? "").length - text.length), node, locals });
    this.reads(node, list.names, "reads");
    const key = raw.attributes.find((attribute) => attribute.name === "key");
    if (!key) this.names.source.report("NX2007", "A for needs a key, so that items are known again when the list changes.", given.start, given.end, { node, fix: replaceFix(`add key="${item}"`, given.end, given.end, ` key="${item}"`, true) });
    const keyed = key ? this.whole(key, node, [...locals, item]).expression : null;
    return { item, list: list.expression, key: keyed };
  }

  private htmlEvent(node: ViewNode, given: RawAttribute, spec: ComponentSpec): void {
    const wanted = given.name.toLowerCase().slice(2).replace(/^click$/, "press");
    const event = Object.hasOwn(spec.events, wanted) ? wanted : Object.keys(spec.events)[0];
    const call = /^[A-Za-z_]\w*\([^()]*\)$/.test((given.value ?? "").trim()) && this.names.actions.has((given.value ?? "").split("(")[0]?.trim() ?? "");
    const fix = event && call ? replaceFix(`write on:${event}`, given.start, given.nameEnd, `on:${event}`, event === wanted) : replaceFix("remove it", given.start, given.end, "", false);
    const instead = event ? `; use on:${event} with an action` : "";
    this.names.source.report("NX6001", `HTML event attributes such as ${given.name} are not allowed${instead}.`, given.start, given.end, { node: node.id, fix });
  }

  private event(node: ViewNode, raw: RawElement, given: RawAttribute, spec: ComponentSpec, locals: readonly string[]): void {
    const event = given.name.slice(3);
    const { source } = this.names;
    if (!Object.hasOwn(spec.events, event)) {
      const near = this.names.source.nearest(event, Object.keys(spec.events));
      const known = Object.keys(spec.events).map((name) => `on:${name}`).join(", ") || "none";
      source.report("NX2005", `<${raw.name}> has no event '${event}'${near ? `; did you mean on:${near}?` : `. Its events: ${known}.`}`, given.start, given.nameEnd, { node: node.id, fix: near ? replaceFix(`write on:${near}`, given.start, given.nameEnd, `on:${near}`, isSlip(event, near, Object.keys(spec.events))) : null });
      return;
    }
    const found = readInvocation(this.names, given, node.id, [...locals, "$event"]);
    if (!found) return;
    this.reads(node.id, found.names, "reads");
    this.facts.push({ source: node.id, relation: "triggers", target: `action.${found.invocation.action}` });
    node.on[event] = found.invocation;
  }

  private bind(node: ViewNode, raw: RawElement, given: RawAttribute, spec: ComponentSpec): void {
    const prop = given.name.slice(5);
    const { source } = this.names;
    const propSpec = Object.hasOwn(spec.props, prop) ? spec.props[prop] : undefined;
    if (!propSpec?.bindable) {
      const known = this.bindable(spec);
      const near = this.names.source.nearest(given.name, known) ?? known[0];
      source.report("NX2004", `<${raw.name}> cannot bind '${prop}'${near ? `; it can ${near}` : ""}.`, given.start, given.nameEnd, { node: node.id, fix: near ? replaceFix(`write ${near}`, given.start, given.nameEnd, near, isSlip(given.name, near, known)) : null });
      return;
    }
    const name = (given.value ?? "").trim().replace(/^\{(.*)\}$/, "$1").trim();
    const [first = "", ...path] = name.split(".").map((word) => word.trim());
    const loop = [...this.loops].reverse().find(({ item }) => item === first);
    if (loop) return this.bindItem(node, raw, given, prop, propSpec, loop, path);
    const state = this.names.states.get(name);
    if (!state) {
      if (this.names.values.has(name)) source.report("NX3009", `'${name}' is computed or comes from data, so it cannot be bound; bind a state.`, given.valueStart, given.valueEnd, { node: node.id });
      else if (NAME.test(name)) this.names.unknown(name, given.valueStart, given.valueEnd, [...this.names.states.keys()], node.id);
      else source.report("NX3009", "bind: takes the name of a state.", given.valueStart, given.valueEnd, { node: node.id });
      return;
    }
    if (!fitsBinding(propSpec.type, state)) source.report("NX3009", `'${name}' is ${state.type.kind}, but ${prop} of <${raw.name}> is ${propSpec.type}.`, given.valueStart, given.valueEnd, { node: node.id });
    node.bind[prop] = name;
    this.facts.push({ source: node.id, relation: "binds", target: `state.${name}` });
  }

  /** Bind a field of a loop's item: what is written goes into the list that the item is of. */
  private bindItem(node: ViewNode, raw: RawElement, given: RawAttribute, prop: string, spec: PropSpec, loop: Each, path: readonly string[]): void {
    const report = (message: string): void => this.names.source.report("NX3009", message, given.valueStart, given.valueEnd, { node: node.id });
    const name = listOf(loop.list);
    const state = name === null ? undefined : this.names.states.get(name);
    if (!state) return report(`'${loop.item}' can be bound where it is an item of a list that is a state: for="${loop.item} in STATE", or STATE | where(...) or sort(...).`);
    if (!path.length || !path.every((word) => NAME.test(word))) return report(`Bind a field of '${loop.item}', such as ${loop.item}.done.`);
    const type = typeOfPart(state.type, path);
    if (!type) return report(`The items of '${state.name}' have no field '${path.join(".")}'.`);
    if (!fitsBinding(spec.type, { ...state, type })) return report(`'${[loop.item, ...path].join(".")}' is ${type.kind}, but ${prop} of <${raw.name}> is ${spec.type}.`);
    node.bind[prop] = state.name;
    node.bind_items[prop] = { item: loop.item, path: [...path], key: loop.key ? fieldOf(loop.key, loop.item) : null };
    this.facts.push({ source: node.id, relation: "binds", target: `state.${state.name}` });
  }

  private prop(node: ViewNode, raw: RawElement, given: RawAttribute, spec: PropSpec, locals: readonly string[]): void {
    const { source } = this.names;
    const text = given.value;
    if (text === null) {
      if (spec.type === "bool") node.props[given.name] = { kind: "literal", value: true };
      else source.report("NX2009", `'${given.name}' needs a value.`, given.start, given.end, { node: node.id });
      return;
    }
    const checked = this.value(given, text, spec, node.id, locals);
    const { expression } = checked;
    if (expression.kind === "literal" && !this.literal(given, spec, expression.value, node.id, raw)) return;
    if (expression.kind !== "literal" && !this.suits(given, spec, expression, node.id, locals)) return;
    if (spec.type === "url" && expression.kind === "template") {
      const head = expression.parts[0];
      if (head?.kind === "literal" && typeof head.value === "string" && (spec.picture ? pictureSource(`${head.value}x`).kind === "none" : !allowedUrl(head.value))) {
        this.badUrl(given, node.id);
        return;
      }
    }
    this.reads(node.id, checked.names, ["value", "data", "text"].includes(given.name) ? "shows" : "reads");
    node.props[given.name] = expression;
  }

  /** Whether what an expression gives can be what the property takes; what depends on loop variables is not known. */
  private suits(given: RawAttribute, spec: PropSpec, expression: Expression, node: string, locals: readonly string[]): boolean {
    const kind = namesIn(expression).some((name) => locals.includes(name)) ? "any" : kindOf(this.names, expression);
    if (suits(spec.type, kind)) return true;
    this.names.source.report("NX3006", `'${given.name}' takes ${WANTED[spec.type] ?? spec.type}, but this is ${HAD[kind] ?? kind}.`, given.valueStart, given.valueEnd, { node });
    return false;
  }

  private value(given: RawAttribute, text: string, spec: PropSpec, node: string, locals: readonly string[]): Checked {
    const offset = given.valueStart;
    const literal = (value: string | number | boolean): Checked => ({ expression: { kind: "literal", value }, names: [] });
    switch (spec.type) {
      case "str":
      case "url":
      case "date":
      case "column":
        // In a regular expression, braces say how often.
        return (text.includes("{") || text.includes("}")) && !(spec.form && isRegular(text)) ? this.names.template({ text, offset, node, locals }) : literal(text);
      case "int":
      case "float":
        if (text.trim() !== "" && Number.isFinite(Number(text))) return literal(Number(text));
        return this.whole(given, node, locals);
      case "bool":
        if (text === "true" || text === "false") return literal(text === "true");
        return this.whole(given, node, locals);
      case "any":
        if (/[{}]/.test(text) && !/^\s*\{\s*['"\w]+\s*:/.test(text)) return this.names.template({ text, offset, node, locals });
        return this.bare(given, text, node, locals) ? literal(text) : this.whole(given, node, locals);
      default:
        return this.whole(given, node, locals);
    }
  }

  /**
   * Whether what stands without braces is a text, where there may be a text or an expression. What was written before
   * braces were asked for, and reads what there is, stays an expression.
   */
  private bare(given: RawAttribute, text: string, node: string, locals: readonly string[]): boolean {
    if (["true", "false", "null"].includes(text.trim()) || (text.trim() !== "" && Number.isFinite(Number(text)))) return false;
    let parsed: Parsed;
    try {
      parsed = parseExpression(text);
    } catch (error) {
      // One that is not closed is none of the texts that people mean.
      if (error instanceof ExpressionError) return error.missing === null;
      throw error;
    }
    const { expression, names, calls } = parsed;
    const known = names.every(({ name }) => this.names.values.has(name) || locals.includes(name)) && calls.every(({ name }) => Object.hasOwn(FUNCTIONS, name));
    // A record has braces of its own. Calls are no texts, even of what is misspelt.
    if (expression.kind === "record" || (!known && calls.some(({ name }) => Object.hasOwn(FUNCTIONS, name)))) return false;
    if (!known) return true;
    this.names.source.report("NX3022", `An expression stands in braces: {${text.trim()}}. Without them, '${given.name}' is a text.`, given.valueStart, given.valueEnd, {
      node, fix: { title: `write {${text.trim()}}`, edits: [{ start: given.valueStart, end: given.valueStart, text: "{" }, { start: given.valueEnd, end: given.valueEnd, text: "}" }], certain: true },
    });
    return false;
  }

  private literal(given: RawAttribute, spec: PropSpec, value: unknown, node: string, raw: RawElement): boolean {
    if (spec.type === "url" && typeof value === "string" && (spec.picture ? pictureSource(value).kind === "none" : !allowedUrl(value))) {
      if (spec.picture) this.names.source.report("NX6002", `There is no picture at this address: '${given.name}' is files/NAME, a data: address of an image, or http and https.`, given.valueStart, given.valueEnd, { node });
      else this.badUrl(given, node);
      return false;
    }
    if (spec.form && typeof value === "string" && isRegular(value)) {
      const form = formOf(value);
      this.names.source.report("NX3021", `'${given.name}' is no regular expression: letters stand for themselves, # is a digit, ? a letter, * anything${form === null ? "" : `, so this is ${form}`}.`, given.valueStart, given.valueEnd, { node, fix: form === null ? null : replaceFix(`write ${form}`, given.valueStart, given.valueEnd, form, false) });
    }
    if (spec.oneOf && typeof value === "string" && !spec.oneOf.includes(value)) {
      const near = this.names.source.nearest(value, spec.oneOf) ?? spec.oneOf[0];
      this.names.source.report("NX3006", `'${given.name}' is one of ${spec.oneOf.join(", ")}, not '${value}'.`, given.valueStart, given.valueEnd, { node, fix: near === undefined ? null : replaceFix(`write ${near}`, given.valueStart, given.valueEnd, near, isSlip(value, near, spec.oneOf)) });
      return false;
    }
    if ((spec.type === "int" || spec.type === "float") && typeof value !== "number") {
      this.names.source.report("NX3006", `'${given.name}' must be a number.`, given.valueStart, given.valueEnd, { node });
      return false;
    }
    if (typeof value === "number" && !inRange(spec, value)) {
      this.names.source.report("NX3006", `'${given.name}' is ${rangeOf(spec)}, not ${value}.`, given.valueStart, given.valueEnd, { node });
      return false;
    }
    if (spec.type === "column" && typeof value === "string") this.columns(given, value, node, raw);
    return true;
  }

  /** Columns of rows whose columns are known. */
  private columns(given: RawAttribute, value: string, node: string, raw: RawElement): void {
    const data = raw.attributes.find(({ name }) => name === "data")?.value?.trim().replace(/^\{([^}]*)\}$/, "$1").trim() ?? "";
    const known = this.names.isRows(data) ? columnsOf(this.names, data) : null;
    if (!known) return;
    let at = 0;
    for (const piece of value.split(",")) {
      const name = piece.trim();
      const start = this.names.source.place(given.valueStart, value, at + piece.indexOf(name));
      at += piece.length + 1;
      if (!name || known.includes(name)) continue;
      const near = this.names.source.nearest(name, known);
      this.names.source.report("NX3012", `'${data}' has no column '${name}'${near ? `; did you mean '${near}'?` : `. Columns: ${known.join(", ")}.`}`, start, start + name.length, { node, fix: near ? this.names.source.correction(name, near, known, start, start + name.length) : null });
    }
  }

  private badUrl(given: RawAttribute, node: string): void {
    this.names.source.report("NX6002", `This URL is not allowed in '${given.name}': only http, https, mailto and plain paths are.`, given.valueStart, given.valueEnd, { node, fix: replaceFix("remove it", given.start, given.end, "", false) });
  }

  private required(node: ViewNode, raw: RawElement, spec: ComponentSpec): void {
    for (const name in spec.props) {
      const prop = spec.props[name] as PropSpec;
      if (!prop.required) continue;
      const given = raw.attributes.some((attribute) => attribute.name === name || attribute.name === `bind:${name}`);
      if (!given) this.names.source.report("NX2009", `<${raw.name}> needs the attribute '${name}': ${prop.doc}`, raw.start, raw.nameEnd, { node: node.id });
    }
  }

  private text(node: ViewNode, raw: RawElement, spec: ComponentSpec, locals: readonly string[]): void {
    const { source } = this.names;
    const child = raw.children.find((candidate) => candidate.kind === "text" && candidate.value.trim());
    const start = child?.start ?? raw.openEnd;
    const written = source.text.slice(start, child?.end ?? raw.end);
    const offset = start + Math.max(0, written.search(/\S/));
    const text = child?.kind === "text" ? child.value.trim() : "";
    if (spec.content === "none" || Array.isArray(spec.content)) {
      source.report("NX2014", `Text may not stand in <${raw.name}>.`, offset, offset + 1, { node: node.id });
      return;
    }
    const found = this.names.template({ text, offset, node: node.id, locals });
    const checked = spec.keepsLines ? dedented(found) : collapsed(found);
    this.reads(node.id, checked.names, "shows");
    if (spec.content === "text") node.text = checked.expression;
    else node.children.push({ id: `${node.id}.t1`, tag: "text", props: {}, when: null, otherwise: false, each: null, bind: {}, bind_items: {}, on: {}, text: checked.expression, children: [], line: node.line, slot: null, pending: node.pending });
  }

  private reads(node: string, names: readonly string[], relation: "reads" | "shows"): void {
    for (const name of names) {
      const kind = this.names.values.get(name);
      if (kind) this.facts.push({ source: node, relation, target: `${kind}.${name}` });
    }
  }
}

/** Functions that give items of a list as they are. */
const CHOOSING = ["where", "sort", "reverse", "slice", "first", "last"];

/** The name of the list that a loop's items are of. */
function listOf(list: Expression): string | null {
  if (list.kind === "call" && CHOOSING.includes(list.fn) && list.args[0]) return listOf(list.args[0]);
  return list.kind === "name" ? list.name : null;
}

/** The field of an item that an expression is. */
function fieldOf(expression: Expression, item: string): string[] | null {
  const path: string[] = [];
  let at = expression;
  for (; at.kind === "member"; at = at.object) path.unshift(at.key);
  return at.kind === "name" && at.name === item && path.length ? path : null;
}

function inRange({ type, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY, above = Number.NEGATIVE_INFINITY }: PropSpec, value: number): boolean {
  return value >= least && value <= most && value > above && (type !== "int" || Number.isInteger(value));
}

function rangeOf({ type, least, most, above }: PropSpec): string {
  const bounds = least !== undefined && most !== undefined ? ` from ${least} to ${most}` : least !== undefined ? `, at least ${least}` : above !== undefined ? ` above ${above}` : "";
  return `a ${type === "int" ? "whole " : ""}number${bounds}`;
}

function fitsBinding(prop: PropType, state: StateDeclaration): boolean {
  const type = state.type.kind === "optional" ? state.type.item : state.type;
  return FITS[prop].includes(type.kind);
}

/** With runs of white space in the literal parts as one space. */
function collapsed(checked: Checked): Checked {
  return withLiterals(checked, (text) => text.replace(/\s+/g, " "));
}

/** With the indentation that all lines but the first share taken away. */
function dedented(checked: Checked): Checked {
  const { expression } = checked;
  const parts = expression.kind === "template" ? expression.parts : [expression];
  const literals = parts.flatMap((part) => (part.kind === "literal" && typeof part.value === "string" ? [part.value] : []));
  const margins = literals.flatMap((text) => text.split("\n").slice(1).filter((line) => line.trim()).map((line) => line.length - line.trimStart().length));
  const margin = margins.length ? Math.min(...margins) : 0;
  return withLiterals(checked, (text) => text.split("\n").map((line, i) => (i ? line.slice(margin) : line)).join("\n"));
}

function withLiterals(checked: Checked, change: (text: string) => string): Checked {
  const mend = (part: Expression): Expression => (part.kind === "literal" && typeof part.value === "string" ? { kind: "literal", value: change(part.value) } : part);
  const { expression, names } = checked;
  return { names, expression: expression.kind === "template" ? { kind: "template", parts: expression.parts.map(mend) } : mend(expression) };
}

/** Names that an expression reads, for facts. */
export function namesIn(expression: Expression): string[] {
  const found = new Set<string>();
  for (const part of everyPart(expression)) {
    if (part.kind === "name") found.add(part.name);
    else if (part.kind === "aggregate") found.add(part.query);
  }
  return [...found];
}
