// What a panel declares, and the check of expressions against it.

import type { Aggregate, ComputedDeclaration, EffectDeclaration, ExportDeclaration, Expression, FrameDeclaration, LinkDeclaration, QueryDeclaration, RecordType, StateDeclaration, ActionDeclaration } from "../../protocol/index.ts";
import { EXPRESSION_ROWS, ExpressionError, FUNCTIONS, OPERATORS, parseExpression, splitTemplate, type Parsed } from "../expression/index.ts";
import type { RawAttribute } from "../parser.ts";
import type { Registry } from "../registry.ts";
import { isSlip, replaceFix, type Source } from "../source.ts";
import { table } from "../table.ts";
import { everyPart, mapParts } from "../walk.ts";
import { OVER_ALL } from "./pipes.ts";

const AGGREGATES = new Set(["len", "sum", "mean", "min", "max"]);
/** What people write for the operators of `where`. */
const MEANT = table<string>({ "=": "==", "===": "==", eq: "==", is: "==", "!==": "!=", "<>": "!=", ne: "!=", "=>": ">=", gte: ">=", ge: ">=", gt: ">", "=<": "<=", lte: "<=", le: "<=", lt: "<", includes: "contains", like: "contains", isin: "in" });
const NOTHING: Expression = { kind: "literal", value: null };

/** Where an expression stands: its text, the offset of that text, the element it belongs to, and names only known there. */
export interface Place {
  readonly text: string;
  readonly offset: number;
  readonly node: string;
  readonly locals: readonly string[];
  /** Inside a query: `row.x` is a column. */
  readonly inQuery?: boolean;
  /** The columns there, as far as they are known. */
  readonly columns?: readonly string[] | null;
}

export interface Checked {
  readonly expression: Expression;
  /** Declared names that it depends on. */
  readonly names: readonly string[];
}

export type ValueKind = "state" | "computed" | "link" | "frame" | "query";

export class Names {
  readonly source: Source;
  /** Elements that read what is not declared, in a text that is still arriving. */
  readonly pending = new Set<string>();
  readonly types = new Map<string, RecordType>();
  readonly states = new Map<string, StateDeclaration>();
  readonly computed = new Map<string, ComputedDeclaration>();
  readonly frames = new Map<string, FrameDeclaration>();
  readonly queries = new Map<string, QueryDeclaration>();
  readonly links = new Map<string, LinkDeclaration>();
  readonly actions = new Map<string, ActionDeclaration>();
  /** Actions that are those of other panels. */
  readonly orders = new Map<string, { readonly panel: string; readonly value: string }>();
  readonly effects = new Map<string, EffectDeclaration>();
  readonly exports = new Map<string, ExportDeclaration>();
  /** All names that values may be read from, known before any expression is checked, so that order does not matter. */
  readonly values = new Map<string, ValueKind>();
  /** Where each of them is declared. */
  readonly places = new Map<string, RawAttribute>();
  private readonly reported = new Set<string>();

  /** Says what of a handler's code does not compile, where that is known. */
  readonly script: Registry["script"];

  constructor(source: Source, script?: Registry["script"]) {
    this.source = source;
    this.script = script;
  }

  isRows(name: string): boolean {
    const kind = this.values.get(name);
    return kind === "frame" || kind === "query";
  }

  /** Check an expression; one with errors becomes null. */
  expression(place: Place): Checked {
    const parsed = this.parse(place);
    if (!parsed) return { expression: NOTHING, names: [] };
    this.checkNames(parsed, place);
    this.checkCalls(parsed, place);
    const names = [...new Set(parsed.names.map((item) => item.name))].filter((name) => this.values.has(name) && !place.locals.includes(name));
    return { expression: this.resolve(parsed.expression, place), names };
  }

  /** Check a text with holes; one that is a single hole gives that hole's own value. */
  template(place: Place): Checked {
    try {
      const parts = splitTemplate(place.text).map((part) => {
        if (!part.hole) return { expression: { kind: "literal", value: part.text } as Expression, names: [] };
        return this.expression({ ...place, text: part.text, offset: this.at(place, part.start) });
      });
      const only = parts[0];
      if (!only) return { expression: { kind: "literal", value: "" }, names: [] };
      if (parts.length === 1) return only;
      return { expression: { kind: "template", parts: parts.map((part) => part.expression) }, names: parts.flatMap((part) => part.names) };
    } catch (error) {
      this.syntaxError(error, place);
      return { expression: NOTHING, names: [] };
    }
  }

  parse(place: Place): Parsed | null {
    try {
      return parseExpression(place.text);
    } catch (error) {
      this.syntaxError(error, place);
      return null;
    }
  }

  /** Where a character of a place's text stands in the source: entities there are longer than what they stand for. */
  at(place: Place, index: number): number {
    return this.source.place(place.offset, place.text, index);
  }

  private syntaxError(error: unknown, place: Place): void {
    if (!(error instanceof ExpressionError)) throw error;
    const at = this.at(place, Math.min(error.at, place.text.length));
    const stray = /^'(.)' is not expected here$/.exec(error.message);
    const missing = error.missing && this.at(place, error.missing.at);
    const fix = stray && place.text[error.at] === stray[1] ? replaceFix("remove it", at, at + 1, "", false) : error.missing && missing !== null ? replaceFix(`add ${error.missing.text}`, missing, missing, error.missing.text, true) : null;
    this.source.report("NX3004", `In '${excerpt(place.text)}': ${error.message}.`, at, at + 1, { node: place.node, fix });
  }

  private checkNames(parsed: Parsed, place: Place): void {
    for (const item of parsed.names) {
      if (this.values.has(item.name) || place.locals.includes(item.name) || (place.inQuery && item.name === "row")) continue;
      if (this.source.leavesOut()) {
        this.pending.add(place.node);
        continue;
      }
      const [start, end] = [this.at(place, item.start), this.at(place, item.end)];
      if (place.inQuery) this.unknownInQuery(item.name, start, end, place);
      else this.unknown(item.name, start, end, [...this.values.keys(), ...place.locals], place.node);
    }
  }

  /** Report an unknown name in a query: most are columns without their `row.`; rows are no values there. */
  private unknownInQuery(name: string, start: number, end: number, { columns = null, node }: Place): void {
    const known = [...this.values.keys()].filter((other) => !this.isRows(other));
    const near = columns?.includes(name) ? null : this.source.nearest(name, known);
    if (near || !this.once(name, start)) return this.unknown(name, start, end, known, node);
    this.pending.add(node);
    const column = columns ? (columns.includes(name) ? name : this.source.nearest(name, columns)) : name;
    const hint = column ? `write row.${column} for the column` : `columns are written row.NAME: ${(columns ?? []).map((other) => `row.${other}`).join(", ")}`;
    this.source.report("NX3003", `'${name}' is not declared; ${hint}.`, start, end, { node, fix: column ? replaceFix(`write row.${column}`, start, end, `row.${column}`, columns?.includes(name) === true) : null });
  }

  /** Whether an unknown name is reported for the first time at its place. */
  private once(name: string, start: number): boolean {
    const key = `${name}@${start}`;
    if (this.reported.has(key)) return false;
    this.reported.add(key);
    return true;
  }

  /** Report an unknown name with what was probably meant. */
  unknown(name: string, start: number, end: number, known: readonly string[], node: string): void {
    this.pending.add(node);
    if (!this.once(name, start)) return;
    const near = this.source.nearest(name, known);
    const hint = near ? `; did you mean '${near}'?` : known.length ? `. Known here: ${known.slice(0, 8).join(", ")}.` : ". Declare it in <data>.";
    this.source.report("NX3003", `'${name}' is not declared${hint}`, start, end, { node, fix: near ? this.source.correction(name, near, known, start, end) : null });
  }

  private checkCalls(parsed: Parsed, place: Place): void {
    for (const call of parsed.calls) {
      const [start, end] = [this.at(place, call.start), this.at(place, call.end)];
      const spec = Object.hasOwn(FUNCTIONS, call.name) ? FUNCTIONS[call.name] : undefined;
      if (!spec) {
        const near = this.source.nearest(call.name, Object.keys(FUNCTIONS));
        this.source.report("NX3008", `There is no function '${call.name}'${near ? `; did you mean '${near}'?` : "."}`, start, end, { node: place.node, fix: near ? replaceFix(`write ${near}`, start, end, near, isSlip(call.name, near, Object.keys(FUNCTIONS))) : null });
      } else if (!(place.inQuery && call.name === "len" && call.count === 0) && (call.count < spec.arity[0] || call.count > spec.arity[1])) {
        const [least, most] = spec.arity;
        this.source.report("NX3008", `${call.name} takes ${least === most ? least : `${least} to ${most}`} arguments (the piped one included), not ${call.count}.`, start, end, { node: place.node });
      }
    }
  }

  /** Hint at a function that no query can work out: it reads all rows at a time, and there may be more than it can. */
  private hintWhole(fn: string, args: readonly Expression[], place: Place): void {
    const rows = args.map((arg) => this.unboundedRows(arg, place.locals)).find((name) => name !== null) ?? null;
    if (rows === null) return;
    this.source.report("NX3019", `'${fn}' reads all rows of '${rows}' at a time, at most ${EXPRESSION_ROWS}. Where there may be more, let a query choose them: <query name="chosen" frame="${rows}" where="row.COLUMN == VALUE" limit="${EXPRESSION_ROWS}"/>.`, place.offset, place.offset + place.text.length, { node: place.node });
  }

  /** The name of the rows that an expression gives all of, where nothing in the text bounds how many there are. */
  private unboundedRows(expression: Expression, locals: readonly string[]): string | null {
    if (expression.kind === "call") return ["where", "sort", "reverse", "pluck"].includes(expression.fn) && expression.args[0] ? this.unboundedRows(expression.args[0], locals) : null;
    if (expression.kind !== "name" || locals.includes(expression.name)) return null;
    const query = this.queries.get(expression.name);
    const unbounded = query ? query.distinct === null && !query.group.length && !query.agg.length && query.limit === null : this.values.get(expression.name) === "frame";
    return unbounded ? expression.name : null;
  }

  /** Report an operator that `where` has not. */
  private checkOperator(written: Expression | undefined, place: Place): void {
    if (written?.kind !== "literal" || (typeof written.value === "string" && OPERATORS.includes(written.value))) return;
    const text = String(written.value);
    const found = [`'${text}'`, `"${text}"`, text].map((quoted) => place.text.indexOf(quoted)).find((at) => at >= 0) ?? 0;
    const [start, end] = [this.at(place, found), this.at(place, found + text.length + 2)];
    const meant = MEANT[text] ?? null;
    this.source.report("NX3008", `'where' has no operator '${text}'${meant ? `; did you mean '${meant}'?` : "."} Operators: ${OPERATORS.join(", ")}.`, start, end, { node: place.node, fix: meant ? replaceFix(`write '${meant}'`, start, end, `'${meant}'`, meant !== "contains") : null });
  }

  /** Turn numbers over rows into aggregates, and `row.x` into columns. */
  private resolve(expression: Expression, place: Place): Expression {
    const again = (inner: Expression): Expression => this.resolve(inner, place);
    switch (expression.kind) {
      case "call": {
        if (expression.fn === "where") this.checkOperator(expression.args[2], place);
        // A query does not know the item of a `for`.
        const ofItem = expression.fn === "where" && [...everyPart(expression)].some((part) => part.kind === "name" && place.locals.includes(part.name));
        if (!place.inQuery && (ofItem || !OVER_ALL.has(expression.fn))) this.hintWhole(expression.fn, expression.args, place);
        const [rows, column] = expression.args;
        if (!place.inQuery && rows?.kind === "name" && AGGREGATES.has(expression.fn) && this.isRows(rows.name) && !place.locals.includes(rows.name)) {
          const fn = expression.fn as Aggregate["fn"];
          const name = column?.kind === "literal" && typeof column.value === "string" ? column.value : null;
          if (fn === "len" || name !== null) return { kind: "aggregate", query: rows.name, fn, column: fn === "len" ? null : name };
          this.source.report("NX3008", `${fn} over rows needs the name of a column: ${rows.name} | ${fn}('column').`, place.offset, place.offset + place.text.length, { node: place.node });
        }
        break;
      }
      case "member":
        if (place.inQuery && expression.object.kind === "name" && expression.object.name === "row") return { kind: "column", name: expression.key };
    }
    return mapParts(expression, again);
  }
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 40 ? `${line.slice(0, 37)}...` : line;
}
