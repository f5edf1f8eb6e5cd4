// What is drawn, as HTML text: escaped, deterministic, without listeners.

import type { Budget } from "./budget.ts";
import { isOwnPicture } from "./picture.ts";
import { allowedUrl } from "./url.ts";
import type { AttrValue, Follow, VChild, VDynamic, VElement, VList } from "./vnode.ts";

const VOID = new Set(["br", "hr", "img", "input", "meta", "wbr"]);
/** Elements that a component may draw. */
const TAGS = new Set(
  ("a abbr article aside blockquote br button caption circle code col colgroup dd defs del details dialog div dl dt ellipse em fieldset figcaption figure footer g h1 h2 h3 h4 h5 h6 header hr i img input ins kbd label legend li line linearGradient main mark marker meter nav ol optgroup option output p path polygon polyline pre progress rect s section select small span stop strong sub summary sup svg table tbody td text textarea tfoot th thead time title tr tspan u ul").split(" "),
);
const URLS = new Set(["href", "src", "xlink:href", "action", "formaction", "poster"]);

/** HTML of what is drawn, as far as the budget goes; the budget tells whether that was all. */
export function htmlOf(children: readonly VChild[], budget: Budget): string {
  return children.map((child) => childHtml(child, budget)).join("");
}

function childHtml(child: VChild, budget: Budget): string {
  if (typeof child === "string") return escapeHtml(child);
  if (typeof child !== "function" && child.kind === "element") return budget.take() ? elementHtml(child, budget) : "";
  let html = "";
  const why = budget.unfinishedAfter(() => { html = followedHtml(child, budget); });
  if (why !== null) budget.count(why, 1);
  return html;
}

function followedHtml(child: VDynamic | VList | (() => string), budget: Budget): string {
  if (typeof child === "function") return escapeHtml(child());
  if (child.kind === "list") return listHtml(child, budget);
  const made = child.make();
  return made === null ? "" : childHtml(made, budget);
}

function listHtml(child: VList, budget: Budget): string {
  let html = "";
  for (const item of child.items()) {
    // Items that are left out are not even made.
    if (!budget.room()) break;
    html += childHtml(item.make(), budget);
  }
  return html;
}

/** An element that fails while it is drawn takes down itself only; those that carry an id are where that is stopped. */
function elementHtml(element: VElement, budget: Budget): string {
  const id = element.attrs["data-id"];
  if (id === undefined) return plainHtml(element, budget);
  try {
    return plainHtml(element, budget);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return `<div class="nx-failure" role="alert"${attributeHtml("data-id", id)}><strong>This element cannot be shown.</strong> ${escapeHtml(message)}</div>`;
  }
}

function plainHtml(element: VElement, budget: Budget): string {
  const { tag } = element;
  if (!TAGS.has(tag)) return "";
  if (tag === "textarea") return textareaHtml(element);
  const attributes = attributesHtml(element.attrs);
  return VOID.has(tag) ? `<${tag}${attributes}>` : `<${tag}${attributes}>${htmlOf(element.children, budget)}</${tag}>`;
}

/** The text of a textarea is its content; a parser drops the line break in front, and so keeps one that belongs to it. */
function textareaHtml({ attrs: { value, ...rest } }: VElement): string {
  const text = typeof value === "function" ? value() : value;
  return `<textarea${attributesHtml(rest)}>\n${escapeHtml(String(text ?? ""))}</textarea>`;
}

function attributesHtml(attrs: VElement["attrs"]): string {
  return Object.entries(attrs).map(([name, value]) => attributeHtml(name, value)).join("");
}

function attributeHtml(name: string, follow: Follow<AttrValue>): string {
  const value = safeAttribute(name, typeof follow === "function" ? follow() : follow);
  if (value === null) return "";
  return value === "" && follow === true ? ` ${name}` : ` ${name}="${escapeHtml(value)}"`;
}

/** The text of an attribute, or null when it is absent or may not be there. The browser's binder uses it too. */
export function safeAttribute(name: string, value: AttrValue): string | null {
  if (value === null || value === undefined || value === false) return null;
  if (!/^[A-Za-z][A-Za-z0-9:._-]*$/.test(name) || /^on/i.test(name) || name === "srcdoc") return null;
  const text = value === true ? "" : String(value);
  // What is fetched without a click is held to more than what is followed by one.
  if (name === "src" || name === "poster") return isOwnPicture(text) ? text : null;
  if (name === "srcset" || name === "background") return null;
  return URLS.has(name) && !allowedUrl(text) ? null : text;
}

export function allowedTag(tag: string): boolean {
  return TAGS.has(tag);
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char] as string);
}
