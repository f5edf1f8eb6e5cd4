// The reactor's entry in the engine: functions that take and return JSON values.

import "./platform.ts";
import { gallery } from "../components/gallery.ts";
import { components, registry, stylesheet } from "../components/index.ts";
import { judging } from "../reactor/checker/script.ts";
import { describe } from "../reactor/describe.ts";
import { render as draw, type Inputs, type Part, work } from "../reactor/drawing.ts";
import { assemble, check, fix, format, parsePatch, type PrintTree } from "../reactor/index.ts";

/** Who draws does not ask whether code compiles. */
const whole = judging(registry);

interface Text {
  readonly text: string;
}

const nexus = {
  check: ({ text }: Text) => check(text, whole),
  format: ({ text }: Text) => format(text, registry),
  formatAll: ({ texts }: { readonly texts: readonly string[] }) => texts.map((text) => format(text, registry)),
  fix: ({ text }: Text) => fix(text, whole),
  assemble: ({ tree }: { readonly tree: PrintTree }) => assemble(tree, whole),
  patch: ({ text }: Text) => parsePatch(text),
  render: ({ text, inputs }: Text & { readonly inputs: Inputs }) => draw(check(text, registry), components, inputs, stylesheet),
  work: ({ text, part, inputs }: Text & { readonly part: Part; readonly inputs: Inputs }) => work(check(text, registry), part, inputs),
  components: () => Object.values(components).map(({ name, category, doc, props, events, slots = {}, content, example }) => ({ name, category, doc, props, events, slots, content, example })),
  gallery: () => gallery(registry),
  language: () => describe(registry),
};

type Function = keyof typeof nexus;
let result: unknown = null;
const scope = globalThis as { nexus?: typeof nexus; engine?: object };
scope.nexus = nexus;
scope.engine = {
  receive: (message: { readonly call: Function; readonly argument: never }) => { result = nexus[message.call](message.argument); },
  report: () => result,
};
