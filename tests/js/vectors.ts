// What every engine must make of the samples, by the functions that the engine offers.

import "../../js/engine/reactor.ts";
import { stylesheet } from "../../js/components/index.ts";
import type { Build } from "../../js/protocol/index.ts";
import { type Sample, samples } from "./samples.ts";

/** One file of tests/vectors. */
export interface Vector extends Sample {
  readonly build: Build;
  /** What is drawn, without the text of js/components/panel.css in its style. */
  readonly html: string;
  readonly formatted: string;
}

interface Reactor {
  check(input: { text: string }): Build;
  format(input: { text: string }): string;
  render(input: { text: string; inputs: Sample["inputs"] }): { html: string };
}

export function vectors(): Vector[] {
  const { nexus } = globalThis as unknown as { nexus: Reactor };
  return samples.map(({ name, nxml, inputs }) => ({
    name, nxml, inputs,
    build: nexus.check({ text: nxml }),
    html: nexus.render({ text: nxml, inputs }).html.replace(stylesheet, ""),
    formatted: nexus.format({ text: nxml }),
  }));
}
