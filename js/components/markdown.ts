// Markdown, safe by construction: the lexer's tokens become elements; HTML in the text is shown as text.

import { marked, type Token, type Tokens } from "marked";
import type { Component } from "../reactor/component.ts";
import { grouped } from "../reactor/expression/index.ts";
import type { ViewHost } from "../reactor/host.ts";
import { dynamic, h, type VChild } from "../reactor/vnode.ts";
import { link } from "./links.ts";
import { pictureInText } from "./pictures.ts";
import { box } from "./shared.ts";

export const markdown: Component = {
  name: "markdown", category: "text", doc: "Text with headings, lists, emphasis, links and pictures of the workspace's files, in Markdown.", props: {}, events: {}, content: "text", keepsLines: true, size: { min: 200, preferred: 360, grow: 1 },
  example: '<markdown id="m">**Bold** and *soft*</markdown>',
  draw: (context) => box(context, "div", "markdown", [dynamic(() => drawn(context.text(), context.host))]),
};

/** Letters of a text that are drawn. */
const LONGEST = 20_000;
/** Marks of emphasis and links in one paragraph outside of code, each of which the lexer compares with all others. */
const MOST_MARKS = 1000;
/** Quotations and marks inside each other, each of which is a call inside another. */
const DEEPEST = 50;

function drawn(text: string, host: ViewHost): VChild {
  const cut = text.length > LONGEST ? h("p", { class: "nx-cut", role: "alert" }, [`This text is cut here: ${grouped(LONGEST, 0)} of its ${grouped(text.length, 0)} letters are shown.`]) : "";
  const kept = text.slice(0, LONGEST);
  if (isBounded(kept)) return h("div", {}, [...blocks(marked.lexer(kept, { gfm: true }), host), cut]);
  return h("div", {}, [h("p", { class: "nx-cut", role: "alert" }, [`This text is shown without its marks: a paragraph of it has more than ${grouped(MOST_MARKS, 0)} of them, or more than ${DEEPEST} inside each other.`]), h("pre", {}, [kept]), cut]);
}

/** Whether the lexer works through a text in a time that grows with its length. */
function isBounded(text: string): boolean {
  if (new RegExp(`[*_~]{${DEEPEST},}`).test(text.replace(/^[ \t]*(?:[*_-][ \t]*)+$/gm, ""))) return false;
  for (const line of text.split("\n")) {
    let depth = 0;
    for (const char of line) {
      if (char === ">" || char === "-" || char === "+" || char === "*") depth += 1;
      else if (char !== " " && char !== "\t") break;
      if (depth > DEEPEST) {
        if (/[^-+*\s]/.test(line)) return false;
        break; // a rule
      }
    }
  }
  const prose = text.replace(/^ {0,3}(`{3,}|~{3,})[\s\S]*?^ {0,3}\1/gm, "");
  return prose.split(/\n[ \t]*\n/).every((paragraph) => (paragraph.match(/[*_~[]/g)?.length ?? 0) <= MOST_MARKS);
}

function blocks(tokens: readonly Token[], host: ViewHost): VChild[] {
  return tokens.map((token) => block(token, host)).filter((child) => child !== null);
}

function block(token: Token, host: ViewHost): VChild | null {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      return h(`h${Math.min(6, (token as Tokens.Heading).depth + 1)}`, {}, inline(token, host));
    case "paragraph":
      return h("p", {}, inline(token, host));
    case "text":
      return h("span", {}, inline(token, host));
    case "code":
      return h("pre", {}, [h("code", {}, [(token as Tokens.Code).text])]);
    case "blockquote":
      return h("blockquote", {}, blocks((token as Tokens.Blockquote).tokens, host));
    case "hr":
      return h("hr");
    case "list": {
      const { ordered, start, items } = token as Tokens.List;
      return h(ordered ? "ol" : "ul", ordered && start !== 1 ? { start: Number(start) } : {}, items.map((item) => h("li", {}, blocks(item.tokens, host))));
    }
    case "table":
      return table(token as Tokens.Table, host);
    default:
      return h("p", {}, [token.raw]);
  }
}

function table(token: Tokens.Table, host: ViewHost): VChild {
  const cell = (tag: string) => (item: Tokens.TableCell): VChild => h(tag, item.align ? { class: `nx-${item.align}` } : {}, inlines(item.tokens, host));
  return h("table", {}, [h("thead", {}, [h("tr", {}, token.header.map(cell("th")))]), h("tbody", {}, token.rows.map((row) => h("tr", {}, row.map(cell("td")))))]);
}

function inline(token: Token, host: ViewHost): VChild[] {
  const inner = (token as { tokens?: Token[] }).tokens;
  return inner ? inlines(inner, host) : [unescaped((token as { text?: string }).text ?? token.raw)];
}

const WRAP: Readonly<Record<string, string>> = { strong: "strong", em: "em", del: "del" };

function inlines(tokens: readonly Token[], host: ViewHost): VChild[] {
  return tokens.map((token): VChild => {
    const wrap = Object.hasOwn(WRAP, token.type) ? WRAP[token.type] : undefined;
    if (wrap) return h(wrap, {}, inline(token, host));
    switch (token.type) {
      case "codespan":
        return h("code", {}, [unescaped((token as Tokens.Codespan).text)]);
      case "br":
        return h("br");
      case "link": {
        const { href, text } = token as Tokens.Link;
        return link(href, text, inline(token, host));
      }
      case "image":
        return pictureInText(host, (token as Tokens.Image).href, (token as Tokens.Image).text);
      case "text":
      case "escape":
        return (token as Tokens.Text).tokens ? h("span", {}, inline(token, host)) : unescaped((token as Tokens.Text).text);
      default:
        return token.raw;
    }
  });
}

/** The lexer hands some texts over with entities; they are text, not markup. */
function unescaped(text: string): string {
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => ({ lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" })[name] as string);
}
