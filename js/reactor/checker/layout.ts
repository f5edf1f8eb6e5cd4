// Finds the containers that the layout compiler arranges, and reports what it had to give up.

import type { LayoutRule } from "../../protocol/index.ts";
import { arrange, type Item, readRelations } from "../layout.ts";
import type { RawElement } from "../parser.ts";
import type { Registry } from "../registry.ts";
import { nearest, type Source } from "../source.ts";
import { attribute, type TreeNode } from "../tree.ts";

/** Constraints of one container. */
const MOST = 100;

/** Greatest values of what is written for the layout. */
const GREATEST = { min: 4096, grow: 100, priority: 100, span: 12 } as const;

export function layoutRules(source: Source, registry: Registry, items: readonly TreeNode[], arranged = false): LayoutRule[] {
  const rules: LayoutRule[] = [];
  for (const item of items) {
    // Where nothing is arranged, what is written for it is still held to its form.
    if (!arranged) itemOf(source, registry, item);
    const spec = item.raw && Object.hasOwn(registry.components, item.raw.name) ? registry.components[item.raw.name] : undefined;
    if (spec?.arranges && item.raw) rules.push(arrangeOne(source, registry, item, item.raw));
    rules.push(...layoutRules(source, registry, item.children, spec?.arranges === true));
  }
  return rules;
}

function arrangeOne(source: Source, registry: Registry, item: TreeNode, raw: RawElement): LayoutRule {
  const children = item.children.flatMap((child) => itemOf(source, registry, child));
  const given = attribute(raw, "constraints");
  const { relations, malformed } = readRelations(given?.value ?? "");
  const at = given ?? { valueStart: raw.start, valueEnd: raw.nameEnd };
  for (const piece of malformed) source.report("NX7003", `'${piece}' is no constraint; write a.width == b.width, or a.width >= 2 * b.width.`, at.valueStart, at.valueEnd, { node: item.node.id });
  if (relations.length > MOST) source.report("NX1001", `<${raw.name}> has more than ${MOST} constraints.`, at.valueStart, at.valueEnd, { node: item.node.id });
  const ids = item.children.filter((child) => child.raw).map((child) => child.node.id);
  const arranged = new Set(children.map((child) => child.id));
  const usable = relations.slice(0, MOST).filter((relation) => {
    const unknown = [relation.left, relation.right].find((id) => id !== null && !ids.includes(id));
    // A child that is no component is reported as such, where it stands.
    if (!unknown) return arranged.has(relation.left) && (relation.right === null || arranged.has(relation.right));
    const near = nearest(unknown, ids);
    const start = at.valueStart + Math.max(0, source.text.slice(at.valueStart, at.valueEnd).indexOf(`${unknown}.`));
    source.report("NX7003", `'${unknown}' is no child of this ${raw.name}${near ? `; did you mean '${near}'?` : "."}`, start, start + unknown.length, { node: item.node.id, fix: near ? source.correction(unknown, near, ids, start, start + unknown.length) : null });
    return false;
  });
  const { rule, dropped } = arrange(item.node.id, children, usable);
  if (dropped.length) source.report("NX7001", `${dropped.map((text) => `'${text}'`).join(" and ")} cannot be kept at every width: it is dropped where a stronger constraint, or a least width, stands against it.`, at.valueStart, at.valueEnd, { node: item.node.id });
  return rule;
}

function itemOf(source: Source, registry: Registry, child: TreeNode): Item[] {
  const { raw, node } = child;
  if (!raw) return [{ id: node.id, min: 120, preferred: 240, grow: 1, priority: 0, span: null }];
  const spec = Object.hasOwn(registry.components, raw.name) ? registry.components[raw.name] : undefined;
  if (!spec) return [];
  const number = (name: keyof typeof GREATEST, otherwise: number): number => {
    // A control may have a least value of its own: then that is meant.
    const given = Object.hasOwn(spec.props, name) ? undefined : attribute(raw, name);
    if (!given) return otherwise;
    const value = Number(/^(\d+(?:\.\d+)?)(px|rem)?$/.exec(given.value ?? "")?.[1] ?? Number.NaN) * ((given.value ?? "").endsWith("rem") ? 16 : 1);
    const least = name === "span" ? 1 : 0;
    if (value >= least && value <= GREATEST[name]) return value;
    source.report("NX3006", `'${name}' must be a number${name === "min" ? " of pixels, or of rem," : ""} from ${least} to ${GREATEST[name]}${name === "span" ? ", or 'full'" : ""}.`, given.valueStart, given.valueEnd, { node: node.id });
    return otherwise;
  };
  const written = attribute(raw, "span");
  const min = number("min", spec.size.min);
  return [{
    id: node.id, min, preferred: Math.max(min, spec.size.preferred), grow: number("grow", spec.size.grow), priority: number("priority", 0),
    span: written?.value === "full" ? "full" : written ? Math.max(1, Math.min(12, number("span", 12))) : null,
  }];
}
