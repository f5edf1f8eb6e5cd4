import { expect, test } from "vitest";
import { registry } from "../../js/components/index.ts";
import { arrange, CLASSES, type Item, readRelations } from "../../js/reactor/layout.ts";
import { layoutCss } from "../../js/reactor/layoutcss.ts";
import { check } from "../../js/reactor/index.ts";

const GAP = 12;

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function randomItems(random: (below: number) => number): Item[] {
  return Array.from({ length: 1 + random(9) }, (_, i) => {
    const min = 40 + random(400);
    return { id: `i${i}`, min, preferred: min + random(600), grow: random(3), priority: random(4), span: random(6) ? null : random(3) ? 1 + random(12) : "full" };
  });
}

function randomRelations(items: readonly Item[], random: (below: number) => number): string {
  const id = (): string => `i${random(items.length)}`;
  return Array.from({ length: random(4) }, () => `${id()}.width ${["==", ">=", "<="][random(3)]} ${random(3) ? `${[1, 2, 0.5][random(3)]} * ${id()}.width` : 100 + random(400)}${["", " !weak", " !required"][random(3)]}`).join("; ");
}

/** Spans as the browser puts them into rows, in order. */
function rowsOf(spans: readonly number[], columns: number): number[][] {
  const rows: number[][] = [];
  let room = 0;
  for (const span of spans) {
    if (span > room) {
      rows.push([]);
      room = columns;
    }
    (rows.at(-1) as number[]).push(span);
    room -= span;
  }
  return rows;
}

test("1000 random grids: rows are full, order and least widths are kept", () => {
  const random = generator(7);
  for (let round = 0; round < 1000; round += 1) {
    const items = randomItems(random);
    const text = randomRelations(items, random);
    const { relations, malformed } = readRelations(text);
    expect(malformed).toEqual([]);
    const { rule } = arrange("g", items, relations);
    rule.widths.forEach((kind, at) => {
      const where = `${JSON.stringify(items)} ${text} at ${kind.min_width}`;
      expect(Object.keys(kind.spans), where).toEqual(items.map((item) => item.id));
      const spans = items.map((item) => kind.spans[item.id] as number);
      const column = ((CLASSES[at] as { width: number }).width + GAP) / kind.columns;
      items.forEach((item, i) => {
        const span = spans[i] as number;
        expect(Number.isInteger(span) && span >= 1 && span <= kind.columns, where).toBe(true);
        if (item.span === "full") expect(span, where).toBe(kind.columns);
        if (item.span === null && span < kind.columns) expect(span * column - GAP + 1e-6, where).toBeGreaterThanOrEqual(item.min);
      });
      for (const row of rowsOf(spans, kind.columns)) expect(row.reduce((a, b) => a + b, 0), where).toBe(kind.columns);
    });
  }
});

test("1000 random grids: a constraint that is not reported holds wherever its members share a row", () => {
  const random = generator(11);
  for (let round = 0; round < 1000; round += 1) {
    const items = randomItems(random).map((item) => ({ ...item, span: null }));
    const text = randomRelations(items, random);
    const { relations } = readRelations(text);
    const { rule, dropped } = arrange("g", items, relations);
    for (const kind of rule.widths) {
      const rows = rowIndices(items.map((item) => kind.spans[item.id] as number), kind.columns);
      for (const relation of relations) {
        if (dropped.includes(relation.text) || relation.strength === "weak" || relation.right === null || relation.left === relation.right) continue;
        const [left, right] = [relation.left, relation.right].map((id) => items.findIndex((item) => item.id === id)) as [number, number];
        if (rows[left] !== rows[right]) continue;
        const difference = (kind.spans[relation.left] as number) - relation.factor * (kind.spans[relation.right] as number);
        const broken = relation.op === "==" ? Math.abs(difference) : relation.op === ">=" ? -difference : difference;
        // Whole columns: half a column on each side.
        expect(broken, `${JSON.stringify(items)} ${text}: ${relation.text} at ${kind.min_width}: ${JSON.stringify(kind.spans)}`).toBeLessThanOrEqual(1 + relation.factor);
      }
    }
  }
});

function rowIndices(spans: readonly number[], columns: number): number[] {
  return rowsOf(spans, columns).flatMap((row, i) => row.map(() => i));
}

test.each([
  ["a.width == b.width", { a: 6, b: 6 }],
  ["a.width == 2 * b.width", { a: 8, b: 4 }],
  ["a.width >= 3 * b.width !required", { a: 9, b: 3 }],
  ["a.width <= 0.5 * b.width", { a: 2, b: 10 }],
])("%s", (text, spans) => {
  const item = (id: string): Item => ({ id, min: 60, preferred: 200, grow: 1, priority: 0, span: null });
  const { rule, dropped } = arrange("g", [item("a"), item("b")], readRelations(text).relations);
  expect(dropped).toEqual([]);
  expect(rule.widths.at(-1)?.spans).toEqual(spans);
});

test.each([
  ["a.width == b.width", true], ["a.width>=2*b.width !weak", true], ["a.width >= 200", true], ["a.width >= 2 b.width", true], [" ", true], ["a.width == b.width;", true],
  ["a.width", false], ["a.width = b.width", false], ["a.height == b.height", false], ["a.width == -1", false], ["2 * a.width == b.width", false], ["a.width == b.width !soft", false],
])("the constraint %j is understood: %s", (text, understood) => {
  expect(readRelations(text).malformed.length === 0).toBe(understood);
});

test("elements repeated by a for keep their width in the grid", () => {
  const build = check('<panel id="p"><view><grid id="g"><metric id="m" for="x in [1, 2]" key="x" label="A" value="{x}"/></grid></view></panel>', registry);
  expect(layoutCss(build)).toContain('[data-nx="p"] [data-id="g"]>.nx-cells>[data-id^="m["]{grid-column:span');
});
