// What stands in an attribute: a text, an expression, or the name of a state that is bound.

import { expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { check, fix } from "../../js/reactor/index.ts";
import type { ComponentSpec, PropSpec, PropType } from "../../js/reactor/registry.ts";
import type { Build, Diagnostic, ViewNode } from "../../js/protocol/index.ts";

const STATE: Readonly<Record<PropType, string>> = { str: "str", url: "str", column: "str", date: "date", any: "any", int: "int", float: "float", bool: "bool", list: "list", record: "dict", frame: "list" };
const TEXTS: readonly PropType[] = ["str", "url", "column", "date"];

interface Row {
  readonly component: ComponentSpec;
  readonly prop: string;
  readonly spec: PropSpec;
}
const ROWS: Row[] = Object.values(registry.components).flatMap((component) => Object.entries(component.props).map(([prop, spec]) => ({ component, prop, spec })));

function read({ component, prop, spec }: Row, name: string, written: string): { node: ViewNode | undefined; said: Diagnostic[]; build: Build; text: string } {
  const others = Object.entries(component.props).filter(([other, { required }]) => required && other !== prop).map(([other, { type, oneOf }]) => ` ${other}="${oneOf ? oneOf[0] : type === "list" || type === "frame" ? "[]" : type === "record" ? "{ a: 1 }" : type === "float" || type === "int" ? "1" : "x"}"`);
  const element = `<${component.name} id="e" ${name}="${written}"${others.join("")}/>`;
  const inside = component.within ? `<${component.within[0]} id="around">${element}</${component.within[0]}>` : element;
  const text = `<panel xmlns="urn:nexus:nxml:1" id="p"><view>${inside}</view><data><state name="k" type="${STATE[spec.type]}"/></data></panel>`;
  const build = check(text, registry);
  const node = component.within ? build.view[0]?.children[0] : build.view[0];
  return { node, build, text, said: build.diagnostics.filter(({ severity }) => severity !== "hint") };
}

const K = { kind: "name", name: "k" };

test.each(ROWS.map((row) => [row.component.name, row.prop, row] as const))("<%s %s>: {k} is an expression, and k what the rule says", (_, prop, row) => {
  const { type, oneOf, bindable = false } = row.spec;
  const braced = read(row, prop, "{k}");
  expect(braced.said.map(({ message }) => message).filter((message) => message.includes(`'${prop}'`))).toEqual([]);
  expect(braced.node?.props[prop]).toEqual(K);
  const plain = read(row, prop, "k");
  const about = plain.said.filter(({ message }) => message.includes(`'${prop}'`));
  if (oneOf) expect(about.map(({ code }) => code)).toEqual(["NX3006"]);
  else if (row.spec.picture) expect(plain.said.map(({ code }) => code)).toEqual(["NX6002"]);
  else if (TEXTS.includes(type)) expect(plain.node?.props[prop]).toEqual({ kind: "literal", value: "k" });
  else expect(plain.node?.props[prop]).toEqual(K);
  if (type === "any") {
    expect(about.map(({ code, fix: mend }) => [code, mend?.certain])).toEqual([["NX3022", true]]);
    const mended = fix(plain.text, registry);
    expect(mended).toBe(braced.text);
    for (const text of ["free", "free text", "a-b", "file.txt", "3 kg", "yes or no", "it's", "", "#1"]) expect(read(row, prop, text).node?.props[prop], text).toEqual({ kind: "literal", value: text });
    for (const [text, value] of [["7", 7], ["-2.5", -2.5], ["true", true], ["null", null]] as const) expect(JSON.stringify(read(row, prop, text).node?.props[prop]), text).toContain(typeof value === "number" ? String(Math.abs(value)) : `"value":${value}`);
    expect(read(row, prop, "kk | money").said.map(({ code }) => code)).toEqual(["NX3003"]);
    expect(read(row, prop, "[1, 'x'] | len").said.map(({ code }) => code)).toEqual(["NX3022"]);
  } else if (!oneOf && !row.spec.picture) expect(about).toEqual([]);
  const bound = read(row, `bind:${prop}`, "k");
  if (bindable) expect([bound.said.filter(({ code }) => code !== "NX3009"), bound.node?.bind[prop]]).toEqual([[], "k"]);
  else expect(bound.said.map(({ code }) => code)).toContain("NX2004");
});
