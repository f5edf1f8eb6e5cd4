// The canonical printer: one way to write each panel, so that differences between versions are differences in meaning.
// Comments are not kept. Parsing what it prints gives the same tree.

import { elementNames } from "./checker/declarations.ts";
import type { Registry } from "./registry.ts";
import { OPENS_NEXT, parse, RAW_TEXT } from "./parser.ts";
import { Source } from "./source.ts";
import { dedent, growTree, SECTIONS } from "./tree.ts";

/** What is printed: the protocol's nodes without their places in a text. */
export interface PrintNode {
  readonly id: string;
  readonly tag: string;
  readonly generated_id: boolean;
  readonly attrs: readonly { readonly name: string; readonly value: string | null }[];
  readonly text: string | null;
  readonly children: readonly PrintNode[];
}

export interface PrintTree {
  readonly id: string;
  readonly title: string;
  readonly packs: readonly { readonly prefix: string; readonly pack: string }[];
  readonly sections: readonly { readonly name: string; readonly text: string | null; readonly children: readonly PrintNode[] }[];
}

const WIDTH = 120;

export function print(tree: PrintTree): string {
  const packs = tree.packs.map(({ prefix, pack }) => ` xmlns:${prefix}="nexus:lib/${pack}"`).join("");
  const lines = [`<panel xmlns="urn:nexus:nxml:1"${packs} id=${quoted(tree.id)}${tree.title && tree.title !== tree.id ? ` title=${quoted(tree.title)}` : ""}>`];
  const order = (name: string): number => (SECTIONS as readonly string[]).indexOf(name);
  for (const section of [...tree.sections].sort((a, b) => order(a.name) - order(b.name))) {
    if (section.text === null && !section.children.length) continue;
    lines.push(`  <${section.name}>`);
    if (section.text !== null) lines.push(...indented(escapeText(plain(section.text)), "    "));
    for (const child of section.children) printNode(child, "    ", section.name === "view", lines);
    lines.push(`  </${section.name}>`);
  }
  lines.push("</panel>");
  return `${lines.join("\n")}\n`;
}

/** Print a text canonically; one that has no panel is given back as it is. */
export function format(text: string, registry: Registry): string {
  const source = new Source(text);
  const tree = growTree(source, parse(source, elementNames(registry)));
  if (!tree.panel) return text;
  return print({ id: tree.id, title: tree.title, packs: tree.packs, sections: tree.sections });
}

function printNode(node: PrintNode, margin: string, inView: boolean, lines: string[]): void {
  if (node.tag === "#text") {
    lines.push(...indented(escapeText(plain(node.text ?? "")), margin));
    return;
  }
  const open = `${margin}<${node.tag}${attributes(node, inView)}`;
  if (!node.children.length && node.text === null) {
    lines.push(`${open}/>`);
    return;
  }
  const raw = RAW_TEXT.has(node.tag);
  const text = node.text === null ? null : raw ? plain(node.text) : escapeText(plain(node.text));
  if (text !== null && !node.children.length && !text.includes("\n") && open.length + text.length + node.tag.length + 4 <= WIDTH) {
    lines.push(`${open}>${text}</${node.tag}>`);
    return;
  }
  lines.push(`${open}>`);
  if (text !== null) lines.push(...indented(text, `${margin}  `));
  for (const child of node.children) printNode(child, `${margin}  `, inView, lines);
  lines.push(`${margin}</${node.tag}>`);
}

function attributes(node: PrintNode, inView: boolean): string {
  const id = inView && !node.generated_id ? [{ name: "id", value: node.id as string | null }] : [];
  const rest = node.attrs.filter((item) => !(inView && item.name === "id"));
  return [...id, ...rest].map((item) => (item.value === null ? ` ${item.name}` : ` ${item.name}=${quoted(item.value)}`)).join("");
}

/** Without the indentation that all lines share: it is the printer's to give. */
function plain(text: string): string {
  return dedent(`\n${text}`);
}

function indented(text: string, margin: string): string[] {
  return text.split("\n").map((line) => (line.trim() ? margin + line : ""));
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** A value in the quotes that need the least escaping. */
function quoted(text: string): string {
  const ended = text.replaceAll("&", "&amp;");
  const safe = OPENS_NEXT.test(ended) ? ended.replace(/=(\s*)$/, "&#61;$1") : ended;
  return safe.includes('"') && !safe.includes("'") ? `'${safe}'` : `"${safe.replaceAll('"', "&quot;")}"`;
}
