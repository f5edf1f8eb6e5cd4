// Entities and character references: the five names of XML, and numbers.

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** What may be one; the name stands in the first group. Sticky for those who look at one place. */
export const ENTITY = /&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]*);/y;

/** The text that an entity stands for: empty for a number that is no character, null for an unknown name. */
export function entityText(name: string): string | null {
  if (name[0] !== "#") return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] as string) : null;
  const code = name[1] === "x" ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  const allowed = code === 9 || code === 10 || code === 13 || (code >= 32 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
  return allowed ? String.fromCodePoint(code) : "";
}
