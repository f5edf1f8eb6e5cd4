// Words of the language and texts that have been trouble somewhere.

import { components } from "../components/index.ts";
import { FUNCTIONS } from "../reactor/expression/index.ts";

const specs = Object.values(components);

export const TAGS = [...Object.keys(components), "panel", "view", "data", "logic", "doc", "state", "computed", "type", "frame", "query", "action", "effect", "tool", "resource", "uses", "script", "x:y", "constructor", "__proto__", "#text"];
export const ATTRIBUTES = [
  ...new Set(specs.flatMap(({ props }) => Object.keys(props))), "id", "if", "else", "for", "key", "span", "min", "grow", "priority", "bind:value", "bind:min", "on:press", "on:change", "on:drop", "onclick", "name", "type", "default", "expr", "from",
  "columns", "where", "group", "agg", "distinct", "order", "limit", "params", "cap", "why", "set", "action", "fields", "constraints", "xmlns", "xmlns:x", "style", "srcdoc", "__proto__", "constructor", "toString",
];
export const VALUES = [
  "", " ", "0", "-1", "1e999", "NaN", "9007199254740993", "0.1", "true", "null", "full", "{", "}", "{}", "{{", "}}", "{x}", "{{x}}", "{count}", "a, b", "x in [1, 2]", "x in x", "row.a", "len() as n, sum(row.a)", "a desc, b", "kernel:df", "kernel:f(x)", "state", "int", "list[list[str?]]", "dict[any]?", "a: int, b: str = 'x'",
  "a.width == b.width", "a.width &gt;= 1e9 * b.width !required; b.width == a.width", "javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "{'javascript:' + 'alert(1)'}", "[x](javascript:alert(1))", "![x]({'data:text/html,x'})", "&lt;img src=x onerror=alert(1)>", "&quot; onload=&quot;alert(1)", "https://a.example/?q={count}", "//a", "\u202e", "\ud800", "\udc00x", "\u0000", "e\u0301\u0301", "\ufeff", "'", "&quot;", "&apos;", "&#39;", "&lt;script&gt;", "<b>", "]]>", "-->", " a=", "\nb =", "&#61;",
];
export const EXPRESSIONS = [
  ...Object.keys(FUNCTIONS).map((name) => `[1, 'a', null] | ${name}`), ...Object.keys(FUNCTIONS).map((name) => `${name}(count, 1, 'x', [])`), "count + 1", "count.a.b?.c[0]", "constructor", "x.__proto__", "not not not true", "1 ? 2 : 3 ? 4 : 5", "{a: 1, 'b': {c: []}}", "[[[[1]]]]", "'\\'", "'unclosed", "1 +", "a = 1", "a | b | c", "row.a &lt; 3 and row['a']",
  "((((((1))))))", "- - - 1", "count in [count]", "`x`", "1..2", "0x10", "'a' * 2", "1 / 0", "-count % 0", "null ?? count", "a ?. b", "cards | where('column', '==', c) | len", "rows | sum('a')", "$event", "state.count",
];
export const ENTITIES = ["&amp;", "&lt;", "&nbsp;", "&#0;", "&#x110000;", "&#xD800;", "&#10;", "&;", "&", "&#", "&#x;", "&amp;lt;", "&constructor;", "&lt", "&#99999999;"];
export const MARKUP = ["<", ">", "/>", "</", "</panel>", "</view>", "<!--", "-->", "<!DOCTYPE a>", "<?xml?>", "<![CDATA[", "]]>", '"', "'", "=", "<a", "< a", "<panel>", "</logic>", "\u0000", "\r", "\r\n", "\t", "\u2028", "\u00a0"];
