// The names that a panel declares, as suggestions.

import type { Build } from "../../protocol/index.ts";
import { spell } from "../types.ts";
import type { Suggestion, SuggestionKind } from "./types.ts";

const item = (kind: SuggestionKind, doc: string) => (name: string, detail: string): Suggestion => ({ label: name, kind, detail, doc });
const stateItem = item("state", "A state of this panel.");
const computedItem = item("computed", "Computed from other values.");
const frameItem = item("rows", "A table of the notebook.");
const queryItem = item("rows", "Rows of a query.");
const linkItem = item("link", "A value of another panel.");
const actionItem = item("action", "An action of this panel.");

export const states = (build: Build): Suggestion[] => build.state.map(({ name, type }) => stateItem(name, spell(type)));

export const rows = (build: Build): Suggestion[] => [
  ...build.frames.map(({ name, source }) => frameItem(name, source)),
  ...build.queries.filter(({ pipe }) => pipe === null).map(({ name, frame }) => queryItem(name, `of ${frame}`)),
];

export const actions = (build: Build): Suggestion[] =>
  build.actions.map(({ name, params }) => actionItem(name, `(${params.map((param) => `${param.name}: ${spell(param.type)}`).join(", ")})`));

/** All that an expression may read. */
export const values = (build: Build): Suggestion[] => [
  ...states(build),
  ...build.computed.map(({ name }) => computedItem(name, "computed")),
  ...build.links.map(({ name, panel, value }) => linkItem(name, `${panel}.${value}`)),
  ...rows(build),
];

/** Columns of a frame or query, as far as the panel says them. */
export function columns(build: Build, name: string): Suggestion[] {
  const frame = build.frames.find((found) => found.name === name);
  const of = item("column", `A column of ${name}.`);
  if (frame) return frame.columns.map((column) => of(column.name, spell(column.type)));
  const query = build.queries.find((found) => found.name === name);
  if (!query) return [];
  if (query.distinct) return [of(query.distinct, "")];
  if (query.group.length || query.agg.length) return [...query.group, ...query.agg].map((column) => of(column.name, ""));
  // A query over itself is an error, and is not declared.
  return columns(build, query.frame);
}

/** Fields of a state whose type is a declared record, or of the items of one that is a list of them. */
export function fields(build: Build, name: string, ofItems: boolean): Suggestion[] {
  const declared = build.state.find((found) => found.name === name)?.type;
  const type = ofItems ? (declared?.kind === "list" ? declared.item : undefined) : declared;
  return type?.kind === "record" ? type.fields.map((field) => item("column", `A field of ${type.name}.`)(field.name, spell(field.type))) : [];
}
