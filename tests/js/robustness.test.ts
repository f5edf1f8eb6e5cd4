import { env } from "node:process";
import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { render } from "../../js/reactor/drawing.ts";
import { check, format } from "../../js/reactor/index.ts";
import { NOTHING, panels, samples } from "./samples.ts";

/** How many mutations are tried; more by NEXUS_FUZZ. */
const MUTATIONS = Number(env["NEXUS_FUZZ"] ?? 2000);

function draw(text: string): { readonly nodes: number; readonly html: string } {
  const build = check(text, registry);
  return { nodes: build.view.length, html: render(build, components, NOTHING, "").html };
}

/** Numbers below a limit that are the same in each run (after Marsaglia's xorshift). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test.each(Object.entries(panels))("%s is drawn while it is still being written", (_, text) => {
  let last = { nodes: 0, html: "" };
  for (let length = 1; length <= text.length; length += 1) {
    const now = draw(text.slice(0, length));
    expect(now.nodes, `after ${length} characters`).toBeGreaterThanOrEqual(last.nodes);
    last = now;
  }
  expect(last).toEqual(draw(text));
});

const PIECES = ["<", ">", "</", "/>", '"', "'", "{", "}", "&", ";", "=", "(", ")", "[", "]", "|", "constructor", "__proto__", "toString", "<![CDATA[", "<!--", "-->", "&#0;", "&lt;", "\u0000", "\ud800", "for", "else", "null", "NaN", "-1", "1e999", "<text>", "<tab>", "<panel>", "</panel>", "xmlns:x", "on:", "bind:", "javascript:", " ", "\n"];

function mutated(text: string, random: (below: number) => number): string {
  let result = text;
  for (let count = 1 + random(4); count > 0; count -= 1) {
    const at = random(result.length + 1);
    const length = random(10) === 0 ? random(400) : random(12);
    const other = random(result.length + 1);
    const inserted = [() => "", () => PIECES[random(PIECES.length)] as string, () => result.slice(other, other + random(60)), () => String.fromCharCode(random(300))][random(4)] as () => string;
    result = result.slice(0, at) + inserted() + result.slice(random(2) ? at + length : at);
  }
  return result;
}

test(`${MUTATIONS} damaged panels are checked, drawn and printed without a throw`, { timeout: 60_000 + MUTATIONS * 30 }, () => {
  const random = generator(20_151);
  const texts = samples.filter((sample) => sample.nxml.length < 20_000).map((sample) => sample.nxml);
  for (let round = 0; round < MUTATIONS; round += 1) {
    const text = mutated(texts[round % 3 ? random(texts.length) : random(5)] as string, random);
    try {
      draw(text);
      expect(format(format(text, registry), registry)).toBe(format(text, registry));
    } catch (error) {
      throw new Error(`Mutation ${round} fails: ${text}`, { cause: error });
    }
  }
});
