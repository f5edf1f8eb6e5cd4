// What browsers and Node.js have and the engine has not, as far as the libraries in the reactor use it.

/** A deep copy of plain data, which is all that is copied here. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
}

const scope = globalThis as unknown as { structuredClone?: (value: unknown) => unknown };
scope.structuredClone ??= copy;

export {};
