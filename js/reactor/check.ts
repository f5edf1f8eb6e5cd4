// The checker: a text to a build. A pure function of the text and the registry.

import type { Build, CapabilityUse, LifecycleDeclaration, ResourceDeclaration, ToolDeclaration } from "../protocol/index.ts";
import { settleCalls } from "./checker/calls.ts";
import { breakCircles, checkDeclaration, collectNames, declareComputed, declareFrame, declareLink, declareState, declareType, elementNames } from "./checker/declarations.ts";
import { declarationFacts, settleFacts } from "./checker/facts.ts";
import { layoutRules } from "./checker/layout.ts";
import { checkCapabilities, checkFrameCalls, checkOrders, declareAction, declareEffect, declareExport, hintNeedless, hintUnused, readLifecycle, readResource, readTool, readUse } from "./checker/logic.ts";
import { Names } from "./checker/names.ts";
import { withPipes } from "./checker/pipes.ts";
import { declareQuery, settleQueries } from "./checker/queries.ts";
import { ViewReader } from "./checker/view.ts";
import { parse, type RawElement } from "./parser.ts";
import type { Registry } from "./registry.ts";
import { isSlip, nearest, replaceFix, Source } from "./source.ts";
import { growTree, type Tree, type TreeNode } from "./tree.ts";

export interface CheckOptions {
  /** More of the text is to come: nothing is reported, and elements that read what is not declared yet are `pending`. */
  readonly partial?: boolean;
}

export function check(text: string, registry: Registry, { partial = false }: CheckOptions = {}): Build {
  const source = new Source(text);
  const tree = growTree(source, parse(source, { partial, ...elementNames(registry) }));
  const names = new Names(source, partial ? undefined : registry.script);
  const { data, logic, view } = tree.nodes;
  checkPacks(source, registry, tree);
  declareData(names, data);
  const declared = declareLogic(names, tree, logic);
  const reader = new ViewReader(names, registry, tree.packs);
  const nodes = reader.read(view, "view", []);
  const layout = layoutRules(source, registry, view);
  const facts = settleFacts([...reader.facts, ...declarationFacts(names, { id: tree.id, ...declared })]);
  const run = facts.filter((fact) => fact.relation === "triggers").map((fact) => fact.target.slice("action.".length));
  hintUnused(names, new Set([...run, ...[...names.exports.values()].flatMap(({ action }) => action ?? [])]), logic);
  const diagnostics = source.findings();
  return withPipes({
    id: tree.id, title: tree.title, comments: [...(tree.panel?.comments ?? [])], last_comments: [...(tree.panel?.lastComments ?? [])], sections: [...tree.sections], diagnostics: partial ? [] : diagnostics,
    state: [...names.states.values()], computed: [...names.computed.values()], frames: [...names.frames.values()],
    queries: [...names.queries.values()], links: [...names.links.values()], actions: [...names.actions.values()], effects: [...names.effects.values()],
    exports: [...names.exports.values()], packs: tree.packs.map(({ prefix, pack }) => ({ prefix, pack })), ...declared, view: nodes, layout, facts,
  });
}

type Declared = TreeNode & { raw: RawElement };

function checkPacks(source: Source, registry: Registry, tree: Tree): void {
  for (const { pack, at } of tree.packs) {
    if (Object.hasOwn(registry.packs, pack)) continue;
    const near = nearest(pack, Object.keys(registry.packs));
    source.report("NX2010", `There is no component pack ${pack}${near ? `; did you mean ${near}?` : `. There are: ${Object.keys(registry.packs).join(", ")}.`}`, at.valueStart, at.valueEnd, { fix: near ? replaceFix(`write ${near}`, at.valueStart, at.valueEnd, `nexus:lib/${near}`, isSlip(pack, near, Object.keys(registry.packs))) : null });
  }
}

function declareData(names: Names, data: readonly TreeNode[]): void {
  collectNames(names, data);
  const usable = data.filter((item): item is Declared => checkDeclaration(names, "data", item));
  const each = (tag: string, declare: (names: Names, raw: RawElement, node: string) => void): void => {
    for (const item of usable) if (item.raw.name === tag) declare(names, item.raw, item.node.id);
  };
  each("type", declareType);
  each("state", declareState);
  each("link", declareLink);
  each("frame", declareFrame);
  each("computed", declareComputed);
  breakCircles(names);
  settleCalls(names);
  each("query", declareQuery);
  settleQueries(names);
}

interface Logic {
  readonly lifecycle: LifecycleDeclaration[];
  readonly tools: ToolDeclaration[];
  readonly resources: ResourceDeclaration[];
  readonly uses: CapabilityUse[];
}

function declareLogic(names: Names, tree: Tree, logic: readonly TreeNode[]): Logic {
  const usable = logic.filter((item): item is Declared => checkDeclaration(names, "logic", item));
  const of = (tag: string): Declared[] => usable.filter((item) => item.raw.name === tag);
  for (const item of of("action")) declareAction(names, item.raw, item.node.id);
  for (const item of of("effect")) declareEffect(names, item.raw, item.node.id);
  for (const item of of("export")) declareExport(names, item.raw, item.node.id);
  const uses = of("uses").map((item) => readUse(names, item.raw, item.node.id)).filter((use) => use !== null);
  checkCapabilities(names, uses, usable);
  checkFrameCalls(names, uses, tree);
  checkOrders(names, uses, usable);
  hintNeedless(names, usable);
  const lifecycle = of("lifecycle").map((item) => readLifecycle(names, item.raw, item.node.id)).filter((item) => item !== null);
  const tools = of("tool").map((item) => readTool(names, item.raw, item.node.id)).filter((tool) => tool !== null);
  const resources = of("resource").map((item) => readResource(names, item.raw, item.node.id));
  return { lifecycle, tools, resources, uses };
}
