// The checker: a text to a build. A pure function of the text and the registry.

import type { Build, CapabilityUse, ResourceDeclaration, ToolDeclaration } from "../protocol/index.ts";
import { breakCircles, checkDeclaration, collectNames, declareComputed, declareFrame, declareState, declareType, elementNames } from "./checker/declarations.ts";
import { declarationFacts, settleFacts } from "./checker/facts.ts";
import { layoutRules } from "./checker/layout.ts";
import { checkCapabilities, declareAction, readResource, readTool, readUse } from "./checker/logic.ts";
import { Names } from "./checker/names.ts";
import { declareQuery, settleQueries } from "./checker/queries.ts";
import { ViewReader } from "./checker/view.ts";
import { parse, type RawElement } from "./parser.ts";
import type { Registry } from "./registry.ts";
import { Source } from "./source.ts";
import { growTree, type TreeNode } from "./tree.ts";

export function check(text: string, registry: Registry): Build {
  const source = new Source(text);
  const tree = growTree(source, parse(source, elementNames(registry)));
  const names = new Names(source);
  const { data, logic, view } = tree.nodes;
  declareData(names, data);
  const { tools, resources, uses } = declareLogic(names, logic);
  const reader = new ViewReader(names, registry);
  const nodes = reader.read(view, "view", []);
  const layout = layoutRules(source, registry, view);
  const facts = settleFacts([...reader.facts, ...declarationFacts(names, { id: tree.id, tools, resources, uses })]);
  const rank = { error: 0, warning: 1, hint: 2 } as const;
  const diagnostics = source.diagnostics.sort((a, b) => a.span.start - b.span.start || rank[a.severity] - rank[b.severity] || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0));
  return {
    id: tree.id, title: tree.title, sections: [...tree.sections], diagnostics,
    state: [...names.states.values()], computed: [...names.computed.values()], frames: [...names.frames.values()],
    queries: [...names.queries.values()], actions: [...names.actions.values()], tools, resources, uses, view: nodes, layout, facts,
  };
}

type Declared = TreeNode & { raw: RawElement };

function declareData(names: Names, data: readonly TreeNode[]): void {
  collectNames(names, data);
  const usable = data.filter((item): item is Declared => checkDeclaration(names, "data", item));
  const each = (tag: string, declare: (names: Names, raw: RawElement, node: string) => void): void => {
    for (const item of usable) if (item.raw.name === tag) declare(names, item.raw, item.node.id);
  };
  each("type", declareType);
  each("state", declareState);
  each("frame", declareFrame);
  each("computed", declareComputed);
  breakCircles(names);
  each("query", declareQuery);
  settleQueries(names);
}

function declareLogic(names: Names, logic: readonly TreeNode[]): { tools: ToolDeclaration[]; resources: ResourceDeclaration[]; uses: CapabilityUse[] } {
  const usable = logic.filter((item): item is Declared => checkDeclaration(names, "logic", item));
  const of = (tag: string): Declared[] => usable.filter((item) => item.raw.name === tag);
  for (const item of of("action")) declareAction(names, item.raw, item.node.id);
  const uses = of("uses").map((item) => readUse(names, item.raw, item.node.id)).filter((use) => use !== null);
  checkCapabilities(names, uses, usable);
  const tools = of("tool").map((item) => readTool(names, item.raw, item.node.id)).filter((tool) => tool !== null);
  const resources = of("resource").map((item) => readResource(names, item.raw, item.node.id));
  return { tools, resources, uses };
}
