// Which URLs may stand in a panel. What a browser would ignore in front of a scheme is removed before looking.

const ALLOWED = new Set(["http", "https", "mailto"]);

/** Whether a URL is http, https or mailto, or has no scheme at all. */
export function allowedUrl(url: string): boolean {
  let plain = "";
  for (const char of url) {
    const code = char.codePointAt(0) as number;
    if (code > 32 && !(code >= 0x7f && code <= 0xa0) && code !== 0xad && !(code >= 0x200b && code <= 0x200f) && code !== 0xfeff) plain += char;
  }
  const colon = plain.indexOf(":");
  if (colon < 0) return true;
  const before = plain.search(/[/?#]/);
  if (before >= 0 && before < colon) return true;
  return ALLOWED.has(plain.slice(0, colon).toLowerCase());
}
