// The same table as a panel: text, checker and `for` over a state that is replaced as a whole, as states are.

import { computed, signal } from "@preact/signals-core";
import type { Component } from "../../reactor/component.ts";
import type { ViewHost } from "../../reactor/host.ts";
import { check } from "../../reactor/index.ts";
import { instantiate } from "../../reactor/view.ts";
import { h } from "../../reactor/vnode.ts";
import { bindChildren, Owner } from "../../runtime/binder.ts";
import { type MakeTable, relabelled, type Row, swapped } from "./table.ts";

const line: Component = {
  name: "line", category: "data", doc: "A row of two cells.", content: "none", events: {}, size: { min: 100, preferred: 200, grow: 1 }, example: "<line/>",
  props: { number: { type: "int", doc: "The first." }, label: { type: "str", doc: "The second." } },
  draw: (context) => h("tr", {}, [h("td", {}, [() => context.str("number")]), h("td", {}, [() => context.str("label")])]),
};

const TEXT = `<panel id="p">
  <view><line id="l" for="r in rows" key="r.id" number="{r.id}" label="{r.label}"/></view>
  <data><state name="rows" type="list"/></data>
</panel>`;

export const panel: MakeTable = (body) => {
  const rows = signal<readonly Row[]>([]);
  const host: ViewHost = {
    live: true,
    cell: (initial) => {
      const kept = signal(initial);
      return { get: () => kept.value, set: (value) => void (kept.value = value) };
    },
    memo: (compute) => {
      const kept = computed(compute);
      return () => kept.value;
    },
    state: () => rows.value as never,
    set: () => {},
    trigger: () => {},
    pending: () => false,
    problem: () => null,
    page: () => undefined,
    aggregate: () => null,
  };
  const build = check(TEXT, { version: "1", packs: {}, components: { line } });
  bindChildren(body, instantiate(build, { line }, host), new Owner());
  return {
    create: (given) => void (rows.value = given),
    update: (indices, label) => void (rows.value = relabelled(rows.peek(), indices, label)),
    swap: (a, b) => void (rows.value = swapped(rows.peek(), a, b)),
    reverse: () => void (rows.value = rows.peek().toReversed()),
    clear: () => void (rows.value = []),
  };
};
