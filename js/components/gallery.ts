// A panel that shows every component with its example, its source and its properties: made from the registry.

import type { ComponentSpec, Registry } from "../reactor/registry.ts";

const TABS: readonly (readonly [string, string])[] = [["layout", "Layout"], ["text", "Text"], ["input", "Input"], ["data", "Data"], ["code", "Others"]];

const attribute = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;").replaceAll("{", "{{").replaceAll("}", "}}");
const content = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("{", "{{").replaceAll("}", "}}");
const literal = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** The text of the gallery. */
export function gallery(registry: Registry): string {
  const packs = Object.entries(registry.packs);
  const shown = (category: string): string => Object.values(registry.components).filter((spec) => spec.category === category).map((spec) => entry(spec, spec.name, "")).join("\n");
  const packed = packs.flatMap(([pack, { doc, components }]) => [`<heading id="pack-${pack.split("@")[0]}">${content(`${pack}: ${doc}`)}</heading>`, ...Object.values(components).map((spec) => entry(spec, `s-${spec.name}`, "s:"))]).join("\n");
  const tabs = TABS.map(([category, label]) => `<tab id="kind-${category}" label="${label}">\n${shown(category)}${category === "code" ? `\n${packed}` : ""}\n</tab>`).join("\n");
  const opened = Object.values(registry.components).filter((spec) => spec.props["open"]?.bindable);
  const states = opened.map(({ name }) => `<state name="open_${name}" type="bool" scope="view"/>`).join("\n");
  const namespaces = packs.map(([pack]) => ` xmlns:s="nexus:lib/${pack}"`).join("");
  return `<panel xmlns="urn:nexus:nxml:1"${namespaces} id="gallery" title="Components">\n<view>\n<tabs id="kinds">\n${tabs}\n</tabs>\n</view>\n<data>\n${states}\n</data>\n</panel>\n`;
}

function entry(spec: ComponentSpec, id: string, prefix: string): string {
  const props = Object.entries(spec.props).map(([name, prop]) => `{ name: ${literal(name)}, takes: ${literal(prop.oneOf ? prop.oneOf.slice(0, 8).join(", ") : prop.type)}, meaning: ${literal(`${prop.doc}${prop.required ? " Required." : ""}${prop.bindable ? " Can be bound." : ""}`)} }`);
  const events = Object.entries(spec.events).map(([name, gives]) => `{ name: ${literal(`on:${name}`)}, takes: 'an action', meaning: ${literal(`$event is ${gives}.`)} }`);
  const rows = [...props, ...events].join(", ");
  const table = rows ? `<table id="${id}-props" page="30" title="${attribute(prefix + spec.name)}: attributes" data="[${rows.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")}]"/>` : "";
  const source = `<code id="${id}-code" lang="xml">${content(spec.example)}</code>`;
  return `<card id="${id}-card" title="${prefix}${spec.name}">\n<text id="${id}-doc" muted="true">${content(spec.doc)}</text>\n${example(spec, id)}\n<accordion id="${id}-more"><section id="${id}-source" title="${prefix}${spec.name}: source and attributes">\n${source}\n${table}\n</section></accordion>\n</card>`;
}

/** The example with ids of its own; what has to be opened gets a switch. */
function example(spec: ComponentSpec, id: string): string {
  const own = spec.example.replace(/ id="([^"]*)"/g, (_, name: string) => ` id="${id}-x-${name}"`);
  if (!spec.props["open"]?.bindable) return own;
  const state = `open_${spec.name}`;
  return `<toggle id="${id}-open" label="Open the ${spec.name}" bind:value="${state}"/>\n${own.replace(`<${spec.name} `, `<${spec.name} bind:open="${state}" `)}`;
}
