// Arrow pages to rows that components and expressions can use.

import { DataType, type Field, tableFromIPC } from "apache-arrow";
import type { Value } from "../reactor/expression/index.ts";
import type { ColumnInfo, Row } from "../reactor/host.ts";

export function rowsOf(arrow: Uint8Array): { rows: Row[]; columns: ColumnInfo[] } {
  const table = tableFromIPC(arrow);
  const columns = table.schema.fields.map((field) => ({ name: field.name, type: kind(field), zone: field.metadata.get("zone") ?? null }));
  const vectors = table.schema.fields.map((field, i) => ({ name: field.name, vector: table.getChildAt(i), date: kind(field) === "date" }));
  const rows: Row[] = [];
  for (let i = 0; i < table.numRows; i += 1) {
    const row: Record<string, Value> = {};
    for (const { name, vector, date } of vectors) row[name] = plain(vector?.get(i), date);
    rows.push(row);
  }
  return { rows, columns };
}

function kind(field: Field): string {
  const { type } = field;
  if (DataType.isInt(type)) return "int";
  if (DataType.isFloat(type) || DataType.isDecimal(type)) return "float";
  if (DataType.isBool(type)) return "bool";
  return DataType.isDate(type) || DataType.isTimestamp(type) ? "date" : "str";
}

function plain(value: unknown, date: boolean): Value {
  if (value === null || value === undefined) return null;
  if (date) return new Date(Number(value)).toISOString().replace(/T00:00:00\.000Z$/, "").replace(/\.000Z$/, "Z");
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  return String(value);
}
