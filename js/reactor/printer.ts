// The canonical printer: one way to write each panel, so that differences between versions are differences in meaning.
// Parsing what it prints gives the same tree, comments included.

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
  readonly comments?: unknown;
  readonly last_comments?: unknown;
}

/** Comments are of any type: the attributes of entities that they come from may be. What is no list of texts is left out. */
export interface PrintTree {
  readonly id: string;
  readonly title: string;
  readonly packs: readonly { readonly prefix: string; readonly pack: string }[];
  readonly sections: readonly { readonly name: string; readonly text: string | null; readonly children: readonly PrintNode[]; readonly comments?: unknown; readonly last_comments?: unknown }[];
  readonly comments?: unknown;
  readonly last_comments?: unknown;
}

const WIDTH = 120;

export function print(tree: PrintTree): string {
  const packs = tree.packs.map(({ prefix, pack }) => ` xmlns:${prefix}="nexus:lib/${pack}"`).join("");
  const lines = [...comments(tree.comments, ""), `<panel xmlns="urn:nexus:nxml:1"${packs} id=${quoted(tree.id)}${tree.title && tree.title !== tree.id ? ` title=${quoted(tree.title)}` : ""}>`];
  const order = (name: string): number => (SECTIONS as readonly string[]).indexOf(name);
  for (const section of [...tree.sections].sort((a, b) => order(a.name) - order(b.name))) {
    const [before, last] = [comments(section.comments, "  "), comments(section.last_comments, "    ")];
    if (section.text === null && !section.children.length && !before.length && !last.length) continue;
    lines.push(...before, `  <${section.name}>`);
    if (section.text !== null) lines.push(...indented(escapeText(plain(section.text)), "    "));
    for (const child of section.children) printNode(child, "    ", section.name === "view", lines);
    lines.push(...last, `  </${section.name}>`);
  }
  lines.push(...comments(tree.last_comments, "  "), "</panel>");
  return `${lines.join("\n")}\n`;
}

/** Print a text canonically; one that has no panel is given back as it is. */
export function format(text: string, registry: Registry): string {
  const source = new Source(text);
  const tree = growTree(source, parse(source, elementNames(registry)));
  if (!tree.panel) return text;
  return print({ id: tree.id, title: tree.title, packs: tree.packs, sections: tree.sections, comments: tree.panel.comments, last_comments: tree.panel.lastComments });
}

function printNode(node: PrintNode, margin: string, inView: boolean, lines: string[]): void {
  if (node.tag === "#text") {
    lines.push(...indented(escapeText(plain(node.text ?? "")), margin));
    return;
  }
  lines.push(...comments(node.comments, margin));
  const last = comments(node.last_comments, `${margin}  `);
  const open = `${margin}<${node.tag}${attributes(node, inView)}`;
  if (!node.children.length && node.text === null && !last.length) {
    lines.push(`${open}/>`);
    return;
  }
  const raw = RAW_TEXT.has(node.tag);
  const text = node.text === null ? null : raw ? plain(node.text) : escapeText(plain(node.text));
  if (text !== null && !node.children.length && !last.length && !text.includes("\n") && open.length + text.length + node.tag.length + 4 <= WIDTH) {
    lines.push(`${open}>${text}</${node.tag}>`);
    return;
  }
  lines.push(`${open}>`);
  if (text !== null) lines.push(...indented(text, `${margin}  `));
  for (const child of node.children) printNode(child, `${margin}  `, inView, lines);
  lines.push(...last, `${margin}</${node.tag}>`);
}

/** Lines of comments; a text that would end its comment does not. */
function comments(given: unknown, margin: string): string[] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((text: unknown) => {
    if (typeof text !== "string") return [];
    const whole = `<!--${text.replaceAll("-->", "-- >").replace(/^(?=-?>)/, " ")}-->`;
    return whole.split("\n").map((line, i) => (i === 0 || line === "-->" ? margin + line : line && `${margin}     ${line}`));
  });
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
