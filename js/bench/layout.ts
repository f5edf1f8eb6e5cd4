// The layout of panels, compiled for four widths by us, by one constraint solver for the whole panel, and by Yoga.
// node run.mjs bench/layout.ts prints times in milliseconds as JSON.

import { Constraint, Expression, Operator, Solver, Strength, Variable } from "@lume/kiwi";
import Yoga, { Direction, FlexDirection, Gutter, Wrap } from "yoga-layout";
import { components } from "../components/index.ts";
import { arrange, CLASSES, type Item, type Relation } from "../reactor/layout.ts";

const GAP = 12;
const SIZES = [10, 30, 100];
const ROUNDS = 40;
const KINDS = ["metric", "metric", "metric", "select", "chart", "chart", "markdown", "table", "slider", "button"];

interface Sheet {
  readonly items: readonly Item[];
  readonly relations: readonly Relation[];
}

/** A panel of so many children, of the kinds that dashboards have; three relations among every ten. */
function sheet(count: number): Sheet {
  const items = Array.from({ length: count }, (_, i): Item => {
    const kind = KINDS[i % KINDS.length] as string;
    const size = components[kind]?.size ?? { min: 120, preferred: 240, grow: 1 };
    return { id: `e${i}`, ...size, priority: 0, span: kind === "table" ? "full" : null };
  });
  const relations = items.flatMap((_, i): Relation[] => {
    const relation = (left: number, op: Relation["op"], factor: number, right: number): Relation => ({ left: `e${left}`, op, factor, right: `e${right}`, strength: "strong", text: `e${left} ${op} e${right}` });
    return i % 10 ? [] : [relation(i, "==", 1, i + 1), relation(i + 1, "==", 1, i + 2), relation(i + 4, ">=", 1.5, i + 5)];
  });
  return { items, relations };
}

/** Rows filled greedily: neither of the peers' constraints can say where a line breaks. */
function lines(items: readonly Item[], width: number): Item[][] {
  const found: Item[][] = [];
  let left = -1;
  for (const item of items) {
    const wanted = Math.min(width, item.span === "full" ? width : item.preferred);
    if (wanted > left) {
      found.push([]);
      left = width;
    }
    found.at(-1)?.push(item);
    left -= wanted + GAP;
  }
  return found;
}

function cassowary({ items, relations }: Sheet): number {
  let sum = 0;
  for (const { width } of CLASSES) {
    const solver = new Solver();
    const require = (left: Variable | Expression, op: Operator, right: number | Variable | Expression, strength = Strength.required): void => solver.addConstraint(new Constraint(left, op, right, strength));
    const widths = new Map<string, Variable>();
    let top: Variable | null = null;
    for (const row of lines(items, width)) {
      const [y, next] = [new Variable(), new Variable()];
      require(top ?? y, Operator.Eq, top ? y : 0);
      require(next, Operator.Ge, y.plus(40 + GAP));
      let end: Expression | null = null;
      for (const item of row) {
        const [x, wide] = [new Variable(), new Variable()];
        widths.set(item.id, wide);
        require(x, Operator.Eq, end ?? 0);
        require(wide, Operator.Ge, Math.min(item.min, (width - GAP * (row.length - 1)) / row.length));
        require(wide, Operator.Eq, item.span === "full" ? width : item.preferred, Strength.weak);
        end = x.plus(wide).plus(GAP);
      }
      require(end as Expression, Operator.Eq, width + GAP);
      top = next;
    }
    for (const { left, op, factor, right } of relations) {
      const [a, b] = [widths.get(left) as Variable, widths.get(right ?? "") as Variable];
      require(a, op === "==" ? Operator.Eq : Operator.Ge, b.multiply(factor), Strength.strong);
    }
    solver.updateVariables();
    for (const wide of widths.values()) sum += wide.value();
  }
  return sum;
}

/** Relations are left out: Yoga has none. */
function yoga({ items }: Sheet): number {
  const root = Yoga.Node.create();
  root.setFlexDirection(FlexDirection.Row);
  root.setFlexWrap(Wrap.Wrap);
  root.setGap(Gutter.All, GAP);
  items.forEach((item, i) => {
    const node = Yoga.Node.create();
    node.setMinWidth(item.min);
    node.setHeight(40);
    if (item.span === "full") node.setFlexBasisPercent(100);
    else node.setFlexBasis(item.preferred);
    node.setFlexGrow(item.grow);
    root.insertChild(node, i);
  });
  let sum = 0;
  for (const { width } of CLASSES) {
    root.calculateLayout(width, undefined, Direction.LTR);
    for (let i = 0; i < items.length; i += 1) sum += root.getChild(i).getComputedWidth();
  }
  root.freeRecursive();
  return sum;
}

function ours({ items, relations }: Sheet): number {
  return arrange("g", items, relations).rule.widths.length;
}

/** Times of a task in milliseconds, each the mean of as many runs as take some. */
function times(task: () => unknown): number[] {
  const found: number[] = [];
  for (let round = -5; round < ROUNDS; round += 1) {
    const started = performance.now();
    let runs = 0;
    while (performance.now() - started < 5) {
      task();
      runs += 1;
    }
    if (round >= 0) found.push((performance.now() - started) / runs);
  }
  return found;
}

export function main(): number {
  const results = SIZES.map((children) => {
    const made = sheet(children);
    return { children, cassowary: times(() => cassowary(made)), yoga: times(() => yoga(made)), nexus: times(() => ours(made)) };
  });
  console.log(JSON.stringify(results));
  return 0;
}
