// Texts that mean harm, in every place where a panel takes a text: what is drawn holds them as texts, and nothing runs.

import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { render } from "../../js/reactor/drawing.ts";
import { check, format } from "../../js/reactor/index.ts";
import { allowedUrl } from "../../js/reactor/url.ts";
import { NOTHING } from "./samples.ts";

const PAYLOADS: readonly string[] = [
  "<script>alert(1)</script>", "<ScRiPt src=//evil.example></sCrIpT>", "</script><script>alert(1)</script>", "</style><script>alert(1)</script>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)//", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<svg/onload=alert(1)>", "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>",
  "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>", "<a href='java\tscript:alert(1)'>x</a>", "<math><mi xlink:href=javascript:alert(1)>", "<form action=javascript:alert(1)><button>", "<input onfocus=alert(1) autofocus>", "<details open ontoggle=alert(1)>",
  "<base href=//evil.example>", "<meta http-equiv=refresh content='0;javascript:alert(1)'>", "<link rel=stylesheet href=//evil.example>", "<template><script>alert(1)</script></template>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<!--><script>alert(1)</script>-->", "<![CDATA[<script>alert(1)</script>]]>", "<?xml?><script>alert(1)</script>",
  "\"><script>alert(1)</script>", "'><script>alert(1)</script>", "\" onmouseover=\"alert(1)", "' onmouseover='alert(1)", "` onmouseover=`alert(1)", "x\" autofocus onfocus=\"alert(1)", "\"]}</style><script>alert(1)</script>", "x\"]{}*{background:url(javascript:alert(1))}",
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "java\tscript:alert(1)", "\u0001javascript:alert(1)", "java\u00adscript:alert(1)", "\u200bjavascript:alert(1)", "javascript&colon;alert(1)", "&#106;avascript:alert(1)", "vbscript:msgbox(1)", "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=", "blob:https://x/1", "filesystem:x", "view-source:javascript:alert(1)",
  "[x](javascript:alert(1))", "![x](javascript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]", "[x](<java\nscript:alert(1)>)", "[x](https://e.example \"onmouseover=alert(1)\")", "```html\n<script>alert(1)</script>\n```", "| <img src=x onerror=alert(1)> |\n|-|\n| <script>1</script> |", "`<script>`", "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "{x}", "\u0000<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;script&amp;gt;",
];

const attribute = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
const content = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const braces = (text: string): string => text.replaceAll("{", "{{").replaceAll("}", "}}");

const RUNNING = new Set(["script", "iframe", "object", "embed", "base", "meta", "form", "template", "noscript", "math", "link"]);

type Node = DefaultTreeAdapterTypes.ChildNode;
type Element = DefaultTreeAdapterTypes.Element;

function elements(nodes: readonly Node[]): Element[] {
  return nodes.flatMap((node) => ("tagName" in node ? [node, ...elements("content" in node ? (node as DefaultTreeAdapterTypes.Template).content.childNodes : node.childNodes)] : []));
}

/** Whether an attribute could run something, lead to something that runs, or style what it should not. */
function wrong(name: string, value: string): boolean {
  if (/^on|^srcdoc$|^formaction$/i.test(name)) return true;
  if (/^(href|src|action|xlink:href)$/.test(name)) return !/^(https?|mailto):$/.test(new URL(value, "https://here.example/").protocol);
  if (name === "style") return !/^(height:\d+px|--nx-share:[\d.]+%|--nx-rows:\d+)$/.test(value);
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

const panel = (view: string, rest = ""): string => `<panel id="p" title="T"><view>${view}</view><data><state name="bad" type="str" default=""/>${rest}</data></panel>`;

/** The elements that show one property of each component, written in the text or read from a state. */
function positions(write: (payload: string) => string, payload: string): string[] {
  const value = write(payload);
  return Object.values(components).flatMap(({ name, props, content: inside, within }) => {
    const wrap = (element: string): string => (within ? `<${within[0]} id="w">${element}</${within[0]}>` : element);
    const required = (other: string): string => Object.entries(props).filter(([key, prop]) => prop.required && key !== other).map(([key, prop]) => ` ${key}="${prop.type === "frame" || prop.type === "list" ? "[{a: 1, b: 2}]" : "1"}"`).join("");
    const properties = Object.entries(props).filter(([, prop]) => ["str", "url", "any", "column", "date"].includes(prop.type)).map(([key]) => wrap(`<${name} id="e"${required(key)} ${key}="${value}"/>`));
    return inside === "text" ? [...properties, wrap(`<${name} id="e"${required("")}>${write(payload).replaceAll("&quot;", '"')}</${name}>`)] : properties;
  });
}

test.each(PAYLOADS)("%j written into any property or text stays a text", (payload) => {
  expect(harm(positions((text) => attribute(braces(text)), payload).map((element) => drawn(panel(element))))).toEqual([]);
});

test.each(PAYLOADS)("%j in a state stays a text wherever it is shown", (payload) => {
  expect(harm(positions(() => "{bad}", payload).map((element) => drawn(panel(element), { bad: payload })))).toEqual([]);
});

test.each(PAYLOADS)("%j in data stays a text", (payload) => {
  const data = `[{id: bad, title: bad, value: bad, label: bad}, {id: 'b', title: bad, from: bad, to: 'b'}]`;
  const elements = [
    `<table id="t" data="${data}"/>`, `<table id="t" data="[bad]" columns="{bad}"/>`, `<chart id="c" data="${data}" x="id" y="{bad}" by="title"/>`, `<chart id="c" kind="bar" data="${data}" x="title" y="id,{bad}"/>`, `<diagram id="d" nodes="${data}" edges="${data}" kind="title"/>`,
    `<select id="s" options="${data}" value="{bad}"/>`, `<list id="l"><item id="i" for="x in ${data}" key="x.id" title="{x.title}" drag="{bad}"/></list>`, `<metric id="m" label="{bad}" value="{bad}" delta="{bad}"/>`, `<markdown id="md">{bad}</markdown>`, `<text id="x">{[bad] | text} {{ a: bad } | text}</text>`,
  ];
  expect(harm(elements.map((element) => drawn(panel(element), { bad: payload })))).toEqual([]);
});

test.each(PAYLOADS)("%j as a name, an id or a title never leaves its place", (payload) => {
  const value = attribute(payload);
  const texts = [
    `<panel id="${value}" title="${value}"><view><grid id="g"><text id="t">a</text></grid></view></panel>`, panel(`<grid id="${value}"><text id="${value}x" span="3">a</text></grid>`), panel(`<text id="t" ${payload}="1">a</text>`), panel(`<${payload} id="t">a</${payload}>`),
    panel(`<text id="t" on:press="${value}" bind:value="${value}" for="${value}" key="${value}" if="${value}">a</text>`), panel(`<grid id="g" constraints="${value}.width == t.width"><text id="t" min="${value}" grow="${value}">a</text></grid>`), panel(payload), `<panel id="p"><doc>${content(payload)}</doc><view/></panel>`, payload,
    panel('<text id="t">a</text>', `<state name="${value}" type="${value}" default="${value}"/>`),
  ];
  expect(harm(texts.flatMap((text) => [drawn(text), drawn(format(text, registry))]))).toEqual([]);
});

test.each(PAYLOADS.filter((payload) => !payload.includes("&") && /^[^<[|`]*(script|data|blob|filesystem|view-source|vbscript)[^<]*:/i.test(payload)))("the URL %j is refused", (payload) => {
  expect(allowedUrl(payload)).toBe(false);
});

test.each(["https://a.example/x:y", "HTTP://a.example", "mailto:a@b.example", "/a:b", "?a:b", "#a:b", "files/a.png", "", "./a:b", "//a.example"])("the URL %j is allowed", (url) => {
  expect(allowedUrl(url)).toBe(true);
});
