/** The beginning of a trace, at the click: W3C's trace context, so that what comes of it can be followed. */

/** Return a new trace and span in the form of the header `traceparent`. */
export function traceparent(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-01`;
}
