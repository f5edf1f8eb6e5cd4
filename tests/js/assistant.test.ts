// What the assistant in the page works out by itself: which ops go together, what differs, and what it says of it.
import { describe, expect, it } from "vitest";
import type { Proposal, ProposedOp } from "../../js/protocol/index.ts";
import { alongWords, withOp, withoutOp } from "../../js/runtime/assistantchoice.ts";
import { differenceOf } from "../../js/runtime/assistantdiff.ts";
import { Asked } from "../../js/runtime/assistantpast.ts";
import { markupOf, money, nameFor, opWords, outcome, spent } from "../../js/runtime/assistantwords.ts";

const op = (index: number, ...needs: number[]): ProposedOp => ({ index, needs, parts: [index], touched: [], words: `op ${index}` });
/** A chain, and one that stands alone. */
const OPS = [op(0), op(1, 0), op(2, 1), op(3)];

describe("ops that need each other", () => {
  it("come and go together, through others too", () => {
    expect([...withOp(OPS, new Set(), 2)].sort()).toEqual([0, 1, 2]);
    expect([...withoutOp(OPS, new Set([0, 1, 2, 3]), 0)]).toEqual([3]);
    expect([...withoutOp(OPS, new Set([0, 1, 2, 3]), 2)].sort()).toEqual([0, 1, 3]);
  });

  it("need each other in a circle without end", () => {
    const circle = [op(0, 1), op(1, 0)];
    expect([...withOp(circle, new Set(), 0)].sort()).toEqual([0, 1]);
    expect(withoutOp(circle, new Set([0, 1]), 1).size).toBe(0);
  });

  it("are named when they come along", () => {
    expect(alongWords(new Set(), withOp(OPS, new Set(), 2), 2)).toBe("Change 3 needs 1, 2, which are chosen with it.");
    expect(alongWords(new Set([0, 1]), new Set(), 0)).toBe("Without change 1, 2 goes as well: it needs it.");
    expect(alongWords(new Set(), new Set([3]), 3)).toBe("");
  });

  it("whatever is chosen and let go, nothing is chosen without what it needs", () => {
    let seed = 7;
    const random = (most: number): number => { seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648; return seed % most; };
    for (let round = 0; round < 200; round += 1) {
      const ops = Array.from({ length: 8 }, (_, index) => op(index, ...Array.from({ length: random(3) }, () => random(8)).filter((at) => at !== index)));
      let chosen: ReadonlySet<number> = new Set(ops.map(({ index }) => index));
      for (let step = 0; step < 12; step += 1) {
        chosen = (random(2) ? withOp : withoutOp)(ops, chosen, random(8));
        for (const index of chosen) for (const need of ops[index]?.needs ?? []) expect(chosen.has(need)).toBe(true);
      }
    }
  });
});

describe("the difference of two texts", () => {
  const plain = (before: string, after: string): string[] => differenceOf(before, after).map(({ kind, text }) => `${kind}: ${text}`);

  it("shows what came and went, with two lines around it", () => {
    const lines = Array.from({ length: 12 }, (_, at) => `line ${at}`);
    const other = lines.with(5, "changed");
    expect(plain(lines.join("\n"), other.join("\n"))).toEqual(["gap: 3 lines as before", "same: line 3", "same: line 4", "removed: line 5", "added: changed", "same: line 6", "same: line 7", "gap: 4 lines as before"]);
  });

  it("is short where lines were put in between", () => {
    expect(plain("a\nb\nc", "a\nx\nb\ny\nc").filter((line) => !line.startsWith("same"))).toEqual(["added: x", "added: y"]);
    expect(plain("a\n", "a\n")).toEqual(["gap: 1 line as before"]);
    expect(plain("", "a\n")).toEqual(["added: a"]);
  });

  it("gives both texts back, whatever they are", () => {
    const before = "a\nb\nb\nc\nd\na".repeat(9);
    const after = "b\na\nb\nd\nd".repeat(9);
    const lines = differenceOf(before, after).filter(({ kind }) => kind !== "gap");
    const side = (kind: string): string => lines.filter((line) => line.kind === kind || line.kind === "same").map(({ text }) => text).join("\n");
    expect(side("removed")).toBe(before);
    expect(side("added")).toBe(after);
  });

  it("of huge texts is found at once", () => {
    const huge = (name: string): string => Array.from({ length: 5000 }, (_, at) => `${name} ${at}`).join("\n");
    expect(differenceOf(huge("a"), huge("b"))).toHaveLength(10_000);
  });
});

describe("what was asked before", () => {
  it("comes back, and so does what was being typed", () => {
    const asked = new Asked();
    for (const text of ["one", "two", "two"]) asked.add(text);
    expect(asked.step(1, "now")).toBeNull();
    expect([asked.step(-1, "now"), asked.step(-1, "two"), asked.step(-1, "one")]).toEqual(["two", "one", null]);
    expect([asked.step(1, "one"), asked.step(1, "two"), asked.step(1, "now")]).toEqual(["two", "now", null]);
  });
});

describe("words", () => {
  it("name a new panel by the wish, and never as another", () => {
    expect(nameFor("Make a panel that shows sales by region", [])).toBe("shows-sales");
    expect(nameFor("A kiosk with a price", ["kiosk-price"])).toBe("kiosk-price-2");
    expect(nameFor("\u58f2\u4e0a\u3092\u898b\u305b\u3066", [])).toBe("panel");
  });

  it("tell what an answer took", () => {
    expect(spent({ model: "m", usage: { prompt_tokens: 6066, completion_tokens: 12, cost: 0.001234, estimated: true }, seconds: 1.25 })).toBe("m \u00b7 about 6,066 tokens in, 12 out \u00b7 cost 0.0012 \u00b7 1.3 s");
    expect([money(12.345), money(0.5), money(0.000012)]).toEqual(["12.35", "0.5", "0.000012"]);
  });

  it("tell what an op does, and leave alone what it quotes", () => {
    expect([opWords("+text low"), opWords("-text low"), opWords("a: label x -> y -> z")]).toEqual(["add text low", "remove text low", "a: label x \u2192 y -> z"]);
  });

  it("show what an op brings in, inside what it lies in", () => {
    const insert = (id: string, parent: string, attrs: Record<string, string>) => ({ op: "insert", entity: { id, parent, type: "Element", order: "", attrs }, before: null, after: null, seen: null });
    const ops = [insert("p/r", "p/c", { tag: "row" }), insert("p/t", "p/r", { tag: "text", text: "<b>{x}" }), insert("p/state.x", "p/data", { tag: "state", "attr:name": "x" })];
    const proposal = { patch: { ops } } as unknown as Proposal;
    expect(markupOf(proposal, { ...op(0), parts: [0, 1] })).toEqual(["<row id=\"r\">", "  <text id=\"t\"><b>{x}"]);
    expect(markupOf(proposal, { ...op(1), parts: [2] })).toEqual(["<state name=\"x\">"]);
  });

  it("tell what came of a proposal", () => {
    const proposal = { ops: OPS, patch: {} } as unknown as Proposal;
    expect(outcome(proposal, { id: "", rev: null, accepted: [], positions: [] })).toBe("rejected");
    expect(outcome(proposal, { id: "", rev: 4, accepted: [0, 1], positions: [] })).toBe("2 of 4 accepted in rev 4");
    expect(outcome(proposal, { id: "", rev: null, accepted: [0], positions: [] })).toBe("nothing to change");
    expect(outcome({ ...proposal, patch: null }, { id: "", rev: 4, accepted: [0], positions: [] })).toBe("made in rev 4");
  });
});
