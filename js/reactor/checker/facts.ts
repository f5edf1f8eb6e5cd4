// Relations between the declarations of a panel, for the object graph. Relations of elements come with the view.

import type { Build, Fact } from "../../protocol/index.ts";
import { stateUses } from "./code.ts";
import type { Names } from "./names.ts";
import { columnsRead } from "./queries.ts";
import { namesIn } from "./view.ts";

export function declarationFacts(names: Names, build: Pick<Build, "id" | "lifecycle" | "tools" | "resources" | "uses">): Fact[] {
  const facts: Fact[] = [];
  const add = (source: string, relation: Fact["relation"], target: string): void => {
    facts.push({ source, relation, target });
  };
  const target = (name: string): string => `${names.values.get(name)}.${name}`;
  for (const { name, expr } of names.computed.values()) {
    for (const read of namesIn(expr)) if (names.values.has(read)) add(`computed.${name}`, "derivedFrom", target(read));
  }
  for (const { name, source, call } of names.frames.values()) {
    if (!call) add(`frame.${name}`, "derivedFrom", source);
    for (const input of call?.inputs ?? []) add(`frame.${name}`, "derivedFrom", target(input));
  }
  for (const query of names.queries.values()) {
    add(`query.${query.name}`, "derivedFrom", target(query.frame));
    for (const input of query.inputs) add(`query.${query.name}`, "reads", target(input));
    const frame = names.frames.get(query.frame);
    for (const column of columnsRead(query)) {
      if (frame?.columns.some((known) => known.name === column)) add(`query.${query.name}`, "reads", `frame.${frame.name}.${column}`);
    }
  }
  const code = (node: string, body: string): void => {
    for (const use of stateUses(body)) if (names.states.has(use.name)) add(node, use.writes ? "writes" : "reads", `state.${use.name}`);
  };
  for (const action of names.actions.values()) code(`action.${action.name}`, action.body);
  for (const effect of names.effects.values()) {
    for (const read of namesIn(effect.on)) if (names.values.has(read)) add(`effect.${effect.name}`, "reads", target(read));
    code(`effect.${effect.name}`, effect.body);
  }
  build.lifecycle.forEach(({ run }, i) => add(`lifecycle.${i + 1}`, "triggers", `action.${run.action}`));
  for (const { name, expr } of names.exports.values()) {
    for (const read of expr ? namesIn(expr) : []) if (names.values.has(read)) add(`export.${name}`, "derivedFrom", target(read));
  }
  for (const { panel } of [...names.links.values(), ...names.orders.values()]) add(build.id, "links", `panel:${panel}`);
  for (const tool of build.tools) add(`tool.${tool.name}`, tool.action ? "triggers" : "writes", tool.action ? `action.${tool.action}` : `state.${tool.set}`);
  for (const resource of build.resources) {
    for (const read of namesIn(resource.expr)) if (names.values.has(read)) add(`resource.${resource.name}`, "reads", target(read));
  }
  for (const use of build.uses) add(build.id, "requires", `capability:${use.cap}`);
  return facts;
}

/** Each fact once, in a fixed order. */
export function settleFacts(facts: readonly Fact[]): Fact[] {
  const unique = new Map(facts.map((fact) => [`${fact.source}\u0000${fact.relation}\u0000${fact.target}`, fact]));
  return [...unique.keys()].sort().map((key) => unique.get(key) as Fact);
}
