// The patch language in its XML form, to the protocol's ops with the ids of the panel's own nodes.

import type { Diagnostic, Entity, Json, Node, Op, Patch } from "../protocol/index.ts";
import { parse, RAW_TEXT, type RawElement } from "./parser.ts";
import { replaceFix, Source } from "./source.ts";
import { table } from "./table.ts";
import { attribute, contentText, growTree } from "./tree.ts";

const TYPES = table<Entity["type"]>({
  state: "State", computed: "Computed", link: "Computed", type: "Type", frame: "Frame", query: "Query", action: "Action", effect: "Effect", lifecycle: "Effect", export: "Computed", tool: "Tool",
  resource: "Resource", uses: "Capability",
});
const LOGIC = new Set(["uses", "action", "effect", "lifecycle", "export", "tool", "resource"]);
/** The code of an action is taken as it is, in a patch as in a panel. */
const CODE = new Set([...RAW_TEXT, "code"]);
const OPS = ["set", "unset", "insert", "remove", "move", "link", "unlink", "text", "append", "code"];

export function parsePatch(text: string): { patch: Patch; diagnostics: Diagnostic[] } {
  const source = new Source(text);
  const root = parse(source, { rawText: CODE }).find((node): node is RawElement => node.kind === "element" && node.name === "patch");
  const ops: Op[] = [];
  if (!root) source.report("NX8001", "A patch is written as <patch panel=\"...\">...</patch>.", 0, Math.min(1, text.length));
  for (const child of root?.children ?? []) {
    if (child.kind === "element") ops.push(...readOp(source, child));
    else if (child.value.trim()) source.report("NX8001", "Text may not stand between the ops of a patch.", child.start, child.end, { fix: replaceFix("remove it", child.start, child.end, "", false) });
  }
  const rev = attribute(root ?? null, "rev");
  const number = rev?.value ? Number(rev.value) : null;
  if (rev && (number === null || !Number.isSafeInteger(number))) source.report("NX8001", "'rev' must be a whole number.", rev.valueStart, rev.valueEnd);
  return { patch: { panel: attribute(root ?? null, "panel")?.value ?? null, rev: number !== null && Number.isSafeInteger(number) ? number : null, ops }, diagnostics: source.diagnostics.filter((item) => item.severity === "error") };
}

function readOp(source: Source, raw: RawElement): Op[] {
  const value = (name: string): string | null => attribute(raw, name)?.value ?? null;
  const need = (name: string): string => {
    const found = value(name);
    if (found === null) source.report("NX8001", `<${raw.name}> needs the attribute '${name}'.`, raw.start, raw.nameEnd);
    return found ?? "";
  };
  const body = contentText(raw) ?? "";
  const seen = null;
  switch (raw.name) {
    case "set": {
      const attrs = Object.fromEntries(raw.attributes.filter((item) => item.name !== "id").map((item) => [item.name, item.value as Json]));
      return [{ op: "set", id: need("id"), attrs: body ? { ...attrs, text: body } : attrs, seen }];
    }
    case "unset":
      return [{ op: "unset", id: need("id"), names: need("names").split(/[\s,]+/).filter(Boolean), seen }];
    case "remove":
      return [{ op: "remove", id: need("id"), seen }];
    case "move":
      return [{ op: "move", id: need("id"), parent: value("into") ?? "", order: "", before: value("before"), after: value("after"), seen }];
    case "link":
    case "unlink":
      return [{ op: raw.name, source: need("source"), relation: need("relation") as "reads", target: need("target"), seen }];
    case "text":
      return [{ op: "replace_text", id: need("id"), attr: value("attr") ?? "text", old: need("old"), new: need("new"), seen }];
    case "append":
      return [{ op: "append", id: need("id"), attr: value("attr") ?? "text", text: body, seen }];
    case "code":
      return [{ op: "code", id: need("id"), text: body, seen }];
    case "insert":
      return inserts(source, raw, value("into"), value("before"), value("after"));
    default:
      source.report("NX8001", `A patch has no <${raw.name}>; its ops: ${OPS.join(", ")}.`, raw.start, raw.nameEnd);
      return [];
  }
}

/** One insert per node, parents first. Where the section is not said by `into`, the tag of a declaration says it. */
function inserts(source: Source, raw: RawElement, into: string | null, before: string | null, after: string | null): Op[] {
  const first = raw.children.find((child): child is RawElement => child.kind === "element");
  if (!first) {
    source.report("NX8001", "<insert> needs an element inside.", raw.start, raw.nameEnd);
    return [];
  }
  const section = LOGIC.has(first.name) ? "logic" : Object.hasOwn(TYPES, first.name) ? "data" : "view";
  const wrapped = new Source(`<panel id="p"><${section}>${source.text.slice(first.start, first.end)}</${section}></panel>`);
  const tree = growTree(wrapped, parse(wrapped));
  const nodes = tree.sections.flatMap((item) => item.children);
  const parent = into ?? (before || after ? "" : section);
  return nodes.flatMap((node, i) => insertNode(node, parent, section, i === 0 ? before : null, i === 0 ? after : null));
}

function insertNode(node: Node, parent: string, section: string, before: string | null, after: string | null): Op[] {
  const attrs: Record<string, Json> = { tag: node.tag };
  for (const item of node.attrs) if (item.name !== "id") attrs[`attr:${item.name}`] = item.value;
  if (node.generated_id) attrs["generated"] = true;
  if (node.text !== null) attrs["text"] = node.text;
  if (node.comments.length) attrs["comments"] = node.comments;
  if (node.last_comments.length) attrs["last_comments"] = node.last_comments;
  const type = section === "view" ? "Element" : (TYPES[node.tag] ?? "Element");
  const entity: Entity = { id: node.id, type, parent, order: "", attrs };
  return [{ op: "insert", entity, before, after, seen: null }, ...node.children.flatMap((child) => insertNode(child, node.id, section, null, null))];
}

