// What is tried on panels, and every place of a panel where it is tried.

import { components } from "../../js/components/index.ts";

export const PAYLOADS: readonly string[] = [
  "<script>alert(1)</script>", "<ScRiPt src=//evil.example></sCrIpT>", "</script><script>alert(1)</script>", "</style><script>alert(1)</script>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)//", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<svg/onload=alert(1)>", "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>",
  "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>", "<a href='java\tscript:alert(1)'>x</a>", "<math><mi xlink:href=javascript:alert(1)>", "<form action=javascript:alert(1)><button>", "<input onfocus=alert(1) autofocus>", "<details open ontoggle=alert(1)>",
  "<base href=//evil.example>", "<meta http-equiv=refresh content='0;javascript:alert(1)'>", "<link rel=stylesheet href=//evil.example>", "<template><script>alert(1)</script></template>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<!--><script>alert(1)</script>-->", "<![CDATA[<script>alert(1)</script>]]>", "<?xml?><script>alert(1)</script>",
  "\"><script>alert(1)</script>", "'><script>alert(1)</script>", "\" onmouseover=\"alert(1)", "' onmouseover='alert(1)", "` onmouseover=`alert(1)", "x\" autofocus onfocus=\"alert(1)", "\"]}</style><script>alert(1)</script>", "x\"]{}*{background:url(javascript:alert(1))}",
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "java\tscript:alert(1)", "\u0001javascript:alert(1)", "java\u00adscript:alert(1)", "\u200bjavascript:alert(1)", "javascript&colon;alert(1)", "&#106;avascript:alert(1)", "vbscript:msgbox(1)", "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=", "blob:https://x/1", "filesystem:x", "view-source:javascript:alert(1)",
  "[x](javascript:alert(1))", "![x](javascript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]", "[x](<java\nscript:alert(1)>)", "[x](https://e.example \"onmouseover=alert(1)\")", "```html\n<script>alert(1)</script>\n```", "| <img src=x onerror=alert(1)> |\n|-|\n| <script>1</script> |", "`<script>`", "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "{x}", "\u0000<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;script&amp;gt;",
  "<video onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<audio onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<input onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<details onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<marquee onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<select onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>",
  "<textarea onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<keygen onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<isindex onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<frameset onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<table onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<td onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>",
  "<div onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<p onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<a onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<button onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<style onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<link onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>",
  "<meta onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<object onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<embed onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<picture onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<source onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<track onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>",
  "<canvas onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<dialog onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<summary onerror=alert(1) onload=alert(1) onfocus=alert(1) autofocus tabindex=1 src=x>", "<animate onbegin=alert(1) attributeName=x dur=1s>", "<svg><animate xlink:href=#x attributeName=href values=javascript:alert(1) /><a id=x><rect width=100 height=100 /></a>", "<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg onload=alert(1)>#x'>",
  "<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject></svg>", "<svg><set attributeName=onmouseover to=alert(1)>", "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>", "<form><button formaction=javascript:alert(1)>x", "<input type=image src=x onerror=alert(1)>", "<isindex action=javascript:alert(1) type=image>",
  "<table background=javascript:alert(1)>", "<div style=width:expression(alert(1))>", "<div style=\"background:url(javascript:alert(1))\">", "<style>@import 'javascript:alert(1)';</style>", "<style>*{x:expression(alert(1))}</style>", "<img srcset='x 1x' onerror=alert(1)>",
  "<img src=`javascript:alert(1)`>", "<img src=javascript:alert(1)>", "<image src=x onerror=alert(1)>", "<iframe/src=\"data:text/html,<script>alert(1)</script>\">", "<iframe src=\"vbscript:msgbox(1)\">", "<object type=text/html data=data:text/html,<script>alert(1)</script>>",
  "<script src=data:text/javascript,alert(1)></script>", "<script>/*", "*/alert(1)//", "<script\\x20type=text/javascript>alert(1)</script>", "<script/random>alert(1)</script>", "<<script>alert(1)//<</script>",
  "<script>alert(1)", "<scr<script>ipt>alert(1)</scr</script>ipt>", "%3Cscript%3Ealert(1)%3C/script%3E", "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e", "&#x3C;script&#x3E;alert(1)&#x3C;/script&#x3E;", "\u2028<script>alert(1)</script>",
  "\ufeff<script>alert(1)</script>", "<a href=\"&#x6a;avascript:alert(1)\">x</a>", "<a href=\"javascript&NewLine;:alert(1)\">x</a>", "<a href=\"java&Tab;script:alert(1)\">x</a>", "<a xlink:href=javascript:alert(1)>x</a>", "<a ping=//evil.example href=#>x</a>",
  "<a target=_blank rel=opener href=//evil.example>x</a>", "x' onerror='alert(1)", "x onerror=alert(1) y", "\" style=\"position:fixed;inset:0\" x=\"", "');alert(1);//", "\\');alert(1);//",
  "${`${alert(1)}`}", "{constructor.constructor('alert(1)')()}", "{{alert(1)}}", "{ __proto__: null }", "__proto__", "constructor",
  "prototype", "javascript://%0aalert(1)", "JAVASCRIPT:alert(1)//http://", "http://a\" onclick=\"alert(1)", "https://a/%22onclick=alert(1)", "data:image/svg+xml,<svg onload=alert(1)>",
  "data:application/javascript,alert(1)", "intent://x#Intent;S.x=javascript:alert(1);end", "jar:javascript:alert(1)!/", "ms-its:javascript:alert(1)", "![x](data:image/svg+xml,<svg onload=alert(1)>)", "[x](vbscript:alert(1))",
  "[x](javascript&#58;alert(1))", "[x](\tjavascript:alert(1))", "<https://x\" onclick=alert(1)>", "**<b onmouseover=alert(1)>x</b>**", "<div markdown=1><script>alert(1)</script></div>", "    <script>alert(1)</script>",
  "~~~\n</code><script>alert(1)</script>\n~~~",
];

export const attribute = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
export const content = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
export const braces = (text: string): string => text.replaceAll("{", "{{").replaceAll("}", "}}");

export const panel = (view: string, rest = ""): string => `<panel id="p" title="T"><view>${view}</view><data><state name="bad" type="str" default=""/>${rest}</data></panel>`;

/** The elements that show one property of each component, written in the text or read from a state. */
export function positions(write: (payload: string) => string, payload: string): string[] {
  const value = write(payload);
  return Object.values(components).flatMap(({ name, props, content: inside, within }) => {
    const wrap = (element: string): string => (within ? `<${within[0]} id="w">${element}</${within[0]}>` : element);
    const required = (other: string): string => Object.entries(props).filter(([key, prop]) => prop.required && key !== other).map(([key, prop]) => ` ${key}="${prop.type === "frame" || prop.type === "list" ? "[{a: 1, b: 2}]" : "1"}"`).join("");
    const properties = Object.entries(props).filter(([, prop]) => ["str", "url", "any", "column", "date"].includes(prop.type)).map(([key]) => wrap(`<${name} id="e"${required(key)} ${key}="${value}"/>`));
    return inside === "text" ? [...properties, wrap(`<${name} id="e"${required("")}>${write(payload).replaceAll("&quot;", '"')}</${name}>`)] : properties;
  });
}

/** Elements that show a list, each of whose values comes from the state `bad`. */
export function elementsOfData(): string[] {
  const data = `[{id: bad, title: bad, value: bad, label: bad}, {id: 'b', title: bad, from: bad, to: 'b'}]`;
  return [
    `<table id="t" data="${data}"/>`, `<table id="t" data="[bad]" columns="{bad}"/>`, `<chart id="c" data="${data}" x="id" y="{bad}" by="title"/>`, `<chart id="c" kind="bar" data="${data}" x="title" y="id,{bad}"/>`, `<diagram id="d" nodes="${data}" edges="${data}" kind="title"/>`,
    `<select id="s" options="${data}" value="{bad}"/>`, `<list id="l"><item id="i" for="x in ${data}" key="x.id" title="{x.title}" drag="{bad}"/></list>`, `<metric id="m" label="{bad}" value="{bad}" delta="{bad}"/>`, `<markdown id="md">{bad}</markdown>`, `<text id="x">{[bad] | text} {{ a: bad } | text}</text>`,
  ];
}

/** Texts in which a payload stands for names, ids and whole tags. */
export function namesOf(payload: string): string[] {
  const value = attribute(payload);
  return [
    `<panel id="${value}" title="${value}"><view><grid id="g"><text id="t">a</text></grid></view></panel>`, panel(`<grid id="${value}"><text id="${value}x" span="3">a</text></grid>`), panel(`<text id="t" ${payload}="1">a</text>`), panel(`<${payload} id="t">a</${payload}>`),
    panel(`<text id="t" on:press="${value}" bind:value="${value}" for="${value}" key="${value}" if="${value}">a</text>`), panel(`<grid id="g" constraints="${value}.width == t.width"><text id="t" min="${value}" grow="${value}">a</text></grid>`), panel(payload), `<panel id="p"><doc>${content(payload)}</doc><view/></panel>`, payload,
    panel('<text id="t">a</text>', `<state name="${value}" type="${value}" default="${value}"/>`),
  ];
}
