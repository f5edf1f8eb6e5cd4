// Real panels to start from: the examples, each component, what the engines are compared with.

import { readdirSync, readFileSync } from "node:fs";
import { components } from "../components/index.ts";

function texts(folder: URL, ending: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(ending)).sort().map((name) => readFileSync(new URL(name, folder), "utf8"));
}

/** The panels of the examples. */
export function examples(root: URL): string[] {
  return texts(new URL("examples/panels/", root), ".nxml");
}

/** All panels, each once. */
export function corpus(root: URL): string[] {
  const vectors = texts(new URL("tests/vectors/", root), ".json").map((text) => (JSON.parse(text) as { nxml: string }).nxml);
  const single = Object.values(components).map(({ example }) => `<panel id="p"><view>${example}</view></panel>`);
  return [...new Set([...examples(root), ...vectors, ...single])];
}
