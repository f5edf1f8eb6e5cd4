// Look-up tables whose keys come from texts: without a prototype, so that `constructor` is no entry.

export function table<T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null) as Record<string, T>, entries);
}
