// Texts with one fault each, for every diagnostic there is. A caret mark stands where the finding must start.

import type { Code } from "../../js/reactor/index.ts";

/** Stands in a text where its finding starts; taken out before the check. */
export const MARK = "‸";

export interface Fault {
  readonly name: string;
  readonly code: Code;
  /** The text with its mark. */
  readonly marked: string;
  /** Whether a fix is offered; applied, it leaves nothing of this code. */
  readonly fixable: boolean;
}

const panel = (view: string, data = "", logic = ""): string =>
  `<panel xmlns="urn:nexus:nxml:1" id="p">\n  <view>\n    ${view}\n  </view>\n  <data>\n    <state name="count" type="int" default="1"/>${data}\n  </data>${logic ? `\n  <logic>\n    ${logic}\n  </logic>` : ""}\n</panel>\n`;
const data = (declarations: string): string => panel('<text id="t">Hello</text>', `\n    ${declarations}`);
const logic = (declarations: string): string => panel('<text id="t">Hello</text>', "", declarations);
const FRAME = '<frame name="df" from="kernel:df" columns="region: str, sales: float"/>';

const fault = (code: Code, name: string, marked: string, fixable = false): Fault => ({ code, name, marked, fixable });

export const FAULTS: readonly Fault[] = [
  fault("NX1001", "nested too deeply", panel(`${"<column>".repeat(62)}‸<column>`)),
  fault("NX1001", "too many attributes", panel(`<text id="t" ${Array.from({ length: 63 }, (_, i) => `a${i}="1"`).join(" ")} ‸b="1"/>`)),
  fault("NX1001", "a chain of computed values without end", data(Array.from({ length: 150 }, (_, i) => `<computed name="${i === 100 ? "‸" : ""}c${i}" expr="${i === 149 ? "1" : `c${i + 1}`}"/>`).join(""))),
  fault("NX1001", "a chain of computed values from its end", data(Array.from({ length: 150 }, (_, i) => `<computed name="${i === 101 ? "‸" : ""}c${i}" expr="${i === 0 ? "1" : `c${i - 1}`}"/>`).join(""))),
  fault("NX1002", "a tag that is not closed", panel('‸<row id="r"><text id="t">One</text>'), true),
  fault("NX1002", "an action that is not closed", '<panel id="p">\n<logic>\n‸<action name="a">return 1;</logic></panel>'),
  fault("NX1003", "a closing tag too many", panel('<text id="t">One</text>‸</row>'), true),
  fault("NX1004", "a closing tag with attributes", panel('<text id="t">One‸</text id="t">'), true),
  fault("NX1005", "a comment without end", panel('<text id="t">One</text>‸<!-- and then')),
  fault("NX1006", "CDATA", panel('<text id="t">One</text>‸<![CDATA[ x ]]>')),
  fault("NX1007", "a < in text", panel('<text id="t">1 ‸< 2</text>'), true),
  fault("NX1008", "a tag without >", panel('‸<text id="t" <badge id="b">1</badge></text>'), true),
  fault("NX1009", "a stray comma in a tag", panel('<text id="t"‸, size="l">One</text>'), true),
  fault("NX1010", "a document type", '‸<!DOCTYPE panel>\n<panel id="p"/>', true),
  fault("NX1010", "a processing instruction", '‸<?xml version="1.0"?>\n<panel id="p"/>', true),
  fault("NX1011", "an HTML entity", panel('<text id="t">a‸&nbsp;b</text>'), true),
  fault("NX1012", "a character that is none", panel('<text id="t">a‸&#0;b</text>'), true),
  fault("NX1014", "a value without closing quote", panel('<text id="t" size=‸"l>One</text>'), true),
  fault("NX1015", "a value without quotes", panel('<text id="t" size=‸l>One</text>'), true),
  fault("NX1016", "an attribute twice", panel('<text id="t" size="l" ‸size="s">One</text>'), true),
  fault("NX2001", "a root that is misspelt", '‸<pannel id="p"></pannel>', true),
  fault("NX2001", "no element at all", "‸Hello"),
  fault("NX2002", "a misspelt component", panel('‸<buton id="b" label="Add"/>'), true),
  fault("NX2002", "a misspelt component around others", panel('‸<colum id="b"><text id="t">One</text></colum>'), true),
  fault("NX2002", "a misspelt declaration", data('‸<compute name="c" expr="1"/>'), true),
  fault("NX2002", "a declaration named like a property of all objects", data('‸<constructor name="c"/>')),
  fault("NX2003", "an id twice", panel('<text id="t">One</text><text ‸id="t">Two</text>'), true),
  fault("NX2004", "a misspelt attribute", panel('<text id="t" ‸sise="l">One</text>'), true),
  fault("NX2004", "an attribute that is nothing like another", panel('<text id="t" ‸flavour="l">One</text>'), true),
  fault("NX2004", "an attribute of a panel", '<panel id="p" ‸titel="One"><view/></panel>', true),
  fault("NX2004", "a property that cannot be bound", panel('<slider id="s" ‸bind:min="count"/>'), true),
  fault("NX2005", "a misspelt event", panel('<button id="b" label="Add" ‸on:pres="add()"/>', "", '<action name="add">state.count += 1;</action>'), true),
  fault("NX2006", "a malformed for", panel('<text id="t" ‸for="x of [1, 2]" key="x">One</text>')),
  fault("NX2007", "a for without key", panel('<text id="t" ‸for="x in [1, 2]">{x}</text>'), true),
  fault("NX2008", "a tab without tabs", panel('‸<tab id="t" label="One"/>')),
  fault("NX2008", "an element in a text", panel('<note id="n">One ‸<badge id="b">2</badge></note>')),
  fault("NX2008", "a second root", '<panel id="p"/>\n‸<panel id="q"/>', true),
  fault("NX2008", "a state in logic", logic('‸<state name="x" type="int"/>')),
  fault("NX2009", "a button without label", panel('‸<button id="b"/>')),
  fault("NX2009", "a panel without id", "‸<panel><view/></panel>", true),
  fault("NX2010", "another namespace", '<panel id="p" xmlns="‸urn:nexus:nxml:2"/>', true),
  fault("NX2010", "an element of an unknown namespace", panel('‸<x:map id="m"/>')),
  fault("NX2011", "a misspelt section", '<panel id="p">\n  ‸<veiw></veiw>\n</panel>', true),
  fault("NX2011", "a section twice", '<panel id="p"><view/>‸<view/></panel>'),
  fault("NX2012", "an element without id", panel("‸<text>One</text>"), true),
  fault("NX2013", "an else without if", panel('<text id="a">One</text><text id="b" ‸else="">Two</text>'), true),
  fault("NX2014", "text between sections", '<panel id="p">‸One<view/></panel>', true),
  fault("NX2014", "text in a container of named elements", panel('<tabs id="ts">‸One<tab id="t" label="A"/></tabs>'), true),
  fault("NX2014", "text in a control", panel('<slider id="s">‸One</slider>')),
  fault("NX2010", "a malformed component pack", '<panel id="p" ‸xmlns:x="https://example.org/map"/>', true),
  fault("NX2010", "a misspelt component pack", '<panel id="p" xmlns:x="‸nexus:lib/stat@1"/>', true),
  fault("NX2010", "a misspelt prefix", '<panel id="p" xmlns:stats="nexus:lib/stats@1"><view>‸<stat:gauge id="g" label="a" value="1"/></view></panel>', true),
  fault("NX2002", "a misspelt component of a pack", '<panel id="p" xmlns:s="nexus:lib/stats@1"><view>‸<s:gage id="g" label="a" value="1"/></view></panel>', true),
  fault("NX2017", "a misspelt slot", panel('<card id="c"><text id="t" ‸slot="foter">a</text></card>'), true),
  fault("NX2017", "a slot where there is none", panel('<row id="c"><text id="t" ‸slot="footer">a</text></row>'), true),
  fault("NX3006", "a text where a number belongs", panel('<progress id="a" value="‸{\'one\'}"/>')),
  fault("NX3006", "a number where a list belongs", panel('<select id="a" options="‸count"/>')),
  fault("NX3006", "a lifecycle that is none", logic('<lifecycle on="‸mont" run="a()"/><action name="a">return 1;</action>'), true),
  fault("NX3006", "an argument by position behind one by name", '<panel id="p"><data><frame name="f" from="‸kernel:f(a=1, 2)"/></data><logic><uses cap="kernel.call" target="f" why="rows"/></logic></panel>'),
  fault("NX3006", "a link from nowhere", data('<link name="l" from="‸total"/>')),
  fault("NX3006", "a debounce that is too long", '<panel id="p"><data><frame name="f" from="kernel:f()" debounce="‸60000"/></data><logic><uses cap="kernel.call" target="f" why="rows"/></logic></panel>', true),
  fault("NX3009", "a computed value written by an action", '<panel id="p"><data><computed name="c" expr="1"/></data><logic><action name="a">state.‸c = 2;</action></logic></panel>'),
  fault("NX3014", "an action that nothing runs", logic('‸<action name="a">state.count = 2;</action>')),
  fault("NX3015", "an interval without a length", logic('‸<lifecycle on="interval" run="a()"/><action name="a">return 1;</action>'), true),
  fault("NX3015", "an interval that is too short", logic('<lifecycle on="interval" every="‸20" run="a()"/><action name="a">return 1;</action>'), true),
  fault("NX1006", "an action in CDATA", logic('<action name="a">‸<![CDATA[return state.count < 1]]></action>'), true),
  fault("NX3018", "a misspelt call", logic('<uses cap="net.http" target="https://x.example" why="rows"/><action name="a">return nx.‸fetsh("https://x.example");</action>'), true),
  fault("NX3018", "a call that nothing is like", logic('<action name="a">return nx.‸http("https://x.example");</action>')),
  fault("NX3018", "a call of a call", logic('<uses cap="frame.read" why="rows"/><action name="a">return nx.frame.‸read("f");</action>')),
  fault("NX3017", "an address by its class", logic('<action name="a">return new ‸URL("https://x.example").host;</action>')),
  fault("NX3016", "a condition on rows", `<panel id="p"><data>${FRAME}</data><logic><effect on="‸len(df) > 1">return 1;</effect></logic></panel>`),
  fault("NX3016", "an argument that is rows", `<panel id="p"><data>${FRAME}<frame name="f" from="‸kernel:f(df)"/></data><logic><uses cap="kernel.call" target="f" why="rows"/></logic></panel>`),
  fault("NX3001", "an effect twice", logic('<effect name="e" on="count">return 1;</effect>‸<effect name="e" on="count">return 1;</effect>')),
  fault("NX3001", "an export twice", logic('<export name="e" expr="count"/>‸<export name="e" expr="count"/>')),
  fault("NX2009", "an export of nothing", logic('‸<export name="e"/>')),
  fault("NX2009", "an export of a value and an action at once", logic('<action name="a">return 1;</action>‸<export name="e" expr="count" action="a"/>')),
  fault("NX3013", "an export of a misspelt action", logic('<action name="reset">return 1;</action><export name="e" action="‸rest"/>'), true),
  fault("NX3006", "an action from nowhere", logic('<uses cap="panel.send" why="to reset"/><action name="a" from="‸reset"/><export name="a" action="a"/>')),
  fault("NX2014", "an action of another panel with code of its own", logic('<uses cap="panel.send" why="to reset"/><action name="a" ‸from="sales.reset">return 1;</action><export name="a" action="a"/>'), true),
  fault("NX6003", "an action of another panel without leave", logic('<action name="a" from="‸sales.reset"/><export name="a" action="a"/>'), true),
  fault("NX6003", "a frame from a function without leave", '<panel id="p"><data><frame name="f" from="‸kernel:f()"/></data></panel>', true),
  fault("NX2016", "an id with a space", panel('<text id="‸a b">One</text>'), true),
  fault("NX2016", "the id of a panel that starts with a digit", '<panel id="‸1p"/>', true),
  fault("NX2016", "a state with a hyphen", data('<state name="‸a-b" type="int"/>'), true),
  fault("NX2016", "a state named like a word of the language", data('<state name="‸null" type="int"/>'), true),
  fault("NX2016", "a state named like a prototype", data('<state name="‸__proto__" type="int"/>'), true),
  fault("NX2016", "a parameter that would hide the panel's state", logic('<action name="a" params="‸state: int">return 1;</action>')),
  fault("NX3001", "a name twice", data('<state name="‸count" type="int"/>')),
  fault("NX3001", "an action twice", logic('<action name="a">return 1;</action>‸<action name="a">return 2;</action>')),
  fault("NX3002", "a default of another type", data('<state name="x" type="int" default="‸many"/>')),
  fault("NX3002", "a default nested without end", data(`<state name="x" type="any" default="‸${"[".repeat(200)}${"]".repeat(200)}"/>`)),
  fault("NX3003", "a misspelt name", panel('<text id="t">Now {‸cuont}</text>'), true),
  fault("NX3003", "a misspelt name behind an entity", panel('<text id="t" if="count &gt; 0 &amp;&amp; ‸cuont &lt; 9">One</text>'), true),
  fault("NX3003", "a misspelt name behind line breaks", panel('<text id="t">One\n      two   {count}\n      three {‸cuont}</text>'), true),
  fault("NX3003", "a misspelt name in the arguments of an event", panel('<button id="b" label="Add" on:press="add ( ‸cuont )"/>', "", '<action name="add" params="by: int">state.count += by;</action>'), true),
  fault("NX3003", "a misspelt state in an action", logic('<action name="a">state.‸cuont = 1;</action>'), true),
  fault("NX3004", "an expression that ends too early", panel('<text id="t">{count +‸}</text>')),
  fault("NX3004", "a brace that is not closed", panel('<text id="t">One ‸{count</text>'), true),
  fault("NX3004", "a bracket too many", panel('<text id="t" if="count‸)">One</text>'), true),
  fault("NX3004", "a method call", panel('<text id="t">{count.‸toFixed(2)}</text>')),
  fault("NX3004", "an assignment", panel('<text id="t">{count ‸= 2}</text>')),
  fault("NX3004", "a chain of operators without end", panel(`<text id="t">{count${" + 1".repeat(256)} ‸+ 1}</text>`)),
  fault("NX3006", "a choice that is none", panel('<text id="t" size="‸xxl">One</text>'), true),
  fault("NX3006", "a span that is no number", panel('<grid id="g"><text id="t" span="‸wide">One</text></grid>')),
  fault("NX3006", "a scope that is none", data('<state name="x" type="int" scope="‸world"/>'), true),
  fault("NX3007", "computed values in a circle", data('<computed name="‸a" expr="b"/><computed name="b" expr="a"/>')),
  fault("NX3007", "queries in a circle", data('<query name="‸a" frame="b"/><query name="b" frame="a"/>')),
  fault("NX3008", "a misspelt function", panel('<text id="t">{count | ‸rond}</text>'), true),
  fault("NX3008", "too few arguments", panel('<text id="t">{‸replace(count)}</text>')),
  fault("NX3009", "a bound computed value", panel('<slider id="s" bind:value="‸twice"/>', '<computed name="twice" expr="count * 2"/>')),
  fault("NX3009", "a text bound to a slider", panel('<slider id="s" bind:value="‸word"/>', '<state name="word" type="str"/>')),
  fault("NX3010", "a misspelt type", data('<state name="x" type="list[‸itn]"/>'), true),
  fault("NX3010", "a type as other languages write it", data('<state name="x" type="‸list&lt;int&gt;"/>'), true),
  fault("NX3010", "a type nested without end", data(`<state name="x" type="${"list[".repeat(33)}‸${"list[".repeat(9)}int${"]".repeat(42)}"/>`)),
  fault("NX2011", "a misspelt section with something inside", '<panel id="p">\n  ‸<veiw><text id="t">One</text></veiw>\n</panel>', true),
  fault("NX3003", "a misspelt name in a list", panel('<text id="t" for="x in [1, &quot;a&quot;, ‸cuont]" key="x">{x}</text>'), true),
  fault("NX3011", "a query with a function that SQL has not", data(`${FRAME}<query name="q" frame="df" where="‸row.region | capitalize"/>`)),
  fault("NX3011", "a direction of order that is none", data(`${FRAME}<query name="q" frame="df" order="‸sales downwards"/>`)),
  fault("NX3011", "computed values that double without end", data(`${FRAME}${Array.from({ length: 40 }, (_, i) => `<computed name="c${i}" expr="${i ? `c${i - 1} + c${i - 1}` : "count"}"/>`).join("")}<query name="q" frame="df" where="‸row.sales > c39"/>`)),
  fault("NX3012", "a misspelt column", data(`${FRAME}<query name="q" frame="df" where="row.‸reigon == 'north'"/>`), true),
  fault("NX3012", "a misspelt column behind an entity", data(`${FRAME}<query name="q" frame="df" where="row.sales &gt; 1 and row.‸reigon == 'north'"/>`), true),
  fault("NX3013", "a misspelt action", panel('<button id="b" label="Add" on:press="‸ad()"/>', "", '<action name="add">state.count += 1;</action>'), true),
  fault("NX3013", "an argument too many", panel('<button id="b" label="Add" on:press="‸add(1)"/>', "", '<action name="add">state.count += 1;</action>')),
  fault("NX5001", "a tool that does nothing", logic('‸<tool name="t">Does nothing.</tool>')),
  fault("NX5004", "a tool without description", logic('‸<tool name="t" set="count"/>')),
  fault("NX6001", "an HTML event that runs an action", panel('<button id="b" label="Add" ‸onclick="add()"/>', "", '<action name="add">state.count += 1;</action>'), true),
  fault("NX6001", "an HTML event with a script", panel('<text id="t" ‸onmouseover="alert(1)">One</text>'), true),
  fault("NX6002", "a script as link", panel('<link id="l" href="‸java&#10;script:alert(1)">One</link>'), true),
  fault("NX6003", "a capability that is not asked for", logic('<action name="a">return ‸nx.fetch("https://example.org");</action>'), true),
  fault("NX6004", "a misspelt capability", logic('<uses cap="‸net.htp" why="fetch the weather"/>'), true),
  fault("NX6004", "a capability without reason", logic('‸<uses cap="net.http"/>')),
  fault("NX7001", "constraints that contradict each other", panel('<grid id="g" constraints="‸a.width == 2 * b.width !required; b.width == 2 * a.width"><metric id="a" label="A" value="1"/><metric id="b" label="B" value="2"/></grid>')),
  fault("NX7003", "a malformed constraint", panel('<grid id="g" constraints="‸a is wide"><metric id="a" label="A" value="1"/></grid>')),
  fault("NX7003", "a constraint of a misspelt child", panel('<grid id="g" constraints="days.width == ‸dyas.width"><metric id="days" label="A" value="1"/></grid>'), true),
];

/** The text as it is checked, and where its finding must start. */
export function unmark(marked: string): { readonly text: string; readonly line: number; readonly col: number } {
  const at = marked.indexOf(MARK);
  const before = marked.slice(0, at).split("\n");
  return { text: marked.slice(0, at) + marked.slice(at + MARK.length), line: before.length, col: (before.at(-1) as string).length + 1 };
}
