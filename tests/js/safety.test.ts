// Texts that mean harm, in every place where a panel takes a text: what is drawn holds them as texts, and nothing runs.

import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { render } from "../../js/reactor/drawing.ts";
import { check, format } from "../../js/reactor/index.ts";
import { allowedUrl } from "../../js/reactor/url.ts";
import { NOTHING } from "./samples.ts";
import { attribute, braces, content, elementsOfData, namesOf, panel, PAYLOADS, positions } from "./payloads.ts";

const RUNNING = new Set(["script", "iframe", "object", "embed", "base", "meta", "form", "template", "noscript", "math", "link"]);

type Node = DefaultTreeAdapterTypes.ChildNode;
type Element = DefaultTreeAdapterTypes.Element;

function elements(nodes: readonly Node[]): Element[] {
  return nodes.flatMap((node) => ("tagName" in node ? [node, ...elements("content" in node ? (node as DefaultTreeAdapterTypes.Template).content.childNodes : node.childNodes)] : []));
}

/** Whether an attribute could run something, lead to something that runs, or style what it should not. */
function wrong(name: string, value: string): boolean {
  if (/^on|^srcdoc$|^formaction$/i.test(name)) return true;
  if (/^(href|src|action|xlink:href)$/.test(name)) return URL.canParse(value, "https://here.example/") && !/^(https?|mailto):$/.test(new URL(value, "https://here.example/").protocol);
  if (name === "style") return !/^(height:\d+px|--nx-share:[\d.]+%|--nx-from:[\d.]+%;--nx-to:[\d.]+%|--nx-rows:\d+)$/.test(value);
  return name === "data-nx" && !/^[\w-]*$/.test(value);
}

/** What in a document could run, load a frame, lead to a script or stand where it should not; read as browsers do. */
function harm(panels: readonly string[]): string[] {
  return panels.flatMap((panel) => {
    const document = parse(`<!DOCTYPE html><body>${panel}</body>`);
    const all = elements(document.childNodes as Node[]);
    const [head, body] = [all.find((element) => element.tagName === "head"), all.find((element) => element.tagName === "body")];
    const found = (head?.childNodes ?? []).map((node) => `${node.nodeName} in the head`);
    if (body?.childNodes.length !== 1) found.push(`the panel became ${body?.childNodes.length} nodes`);
    const styles = all.filter((element) => element.tagName === "style").length;
    if (styles !== 1) found.push(`the panel has ${styles} stylesheets`);
    for (const element of all) {
      if (RUNNING.has(element.tagName)) found.push(`<${element.tagName}>`);
      for (const { name, value } of element.attrs) if (wrong(name, value)) found.push(`${name}=${value}`);
    }
    return found;
  });
}

function drawn(text: string, state: Record<string, string> = {}): string {
  return render(check(text, registry), components, { ...NOTHING, state }, "").html;
}

test.each(PAYLOADS)("%j written into any property or text stays a text", (payload) => {
  expect(harm(positions((text) => attribute(braces(text)), payload).map((element) => drawn(panel(element))))).toEqual([]);
});

test.each(PAYLOADS)("%j in a state stays a text wherever it is shown", (payload) => {
  expect(harm(positions(() => "{bad}", payload).map((element) => drawn(panel(element), { bad: payload })))).toEqual([]);
});

test.each(PAYLOADS)("%j in data stays a text", (payload) => {
  expect(harm(elementsOfData().map((element) => drawn(panel(element), { bad: payload })))).toEqual([]);
});

test.each(PAYLOADS)("%j as a name, an id or a title never leaves its place", (payload) => {
  expect(harm(namesOf(payload).flatMap((text) => [drawn(text), drawn(format(text, registry))]))).toEqual([]);
});

test.each(PAYLOADS.filter((payload) => !payload.includes("&") && /^[^<[|`]*(script|data|blob|filesystem|view-source|vbscript)[^<]*:/i.test(payload)))("the URL %j is refused", (payload) => {
  expect(allowedUrl(payload)).toBe(false);
});

test.each(["https://a.example/x:y", "HTTP://a.example", "mailto:a@b.example", "/a:b", "?a:b", "#a:b", "files/a.png", "", "./a:b", "//a.example"])("the URL %j is allowed", (url) => {
  expect(allowedUrl(url)).toBe(true);
});
