// A table of rows as each library is to draw it, and what is done to it.

export interface Row {
  readonly id: number;
  readonly label: string;
}

/** A table in a `<tbody>`. Each call is done when the document has changed. */
export interface Table {
  create(rows: readonly Row[]): void;
  /** Give some rows other labels, in one go. */
  update(indices: readonly number[], label: string): void;
  swap(a: number, b: number): void;
  reverse(): void;
  clear(): void;
}

export type MakeTable = (body: HTMLElement) => Table;

export function relabelled(rows: readonly Row[], indices: readonly number[], label: string): Row[] {
  const changed = [...rows];
  for (const index of indices) changed[index] = { ...(rows[index] as Row), label };
  return changed;
}

export function swapped<T>(rows: readonly T[], a: number, b: number): T[] {
  const changed = [...rows];
  [changed[a], changed[b]] = [rows[b] as T, rows[a] as T];
  return changed;
}
