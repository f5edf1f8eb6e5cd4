// Which part of an address somebody has to register, by the public suffix list. Loaded with the first card that shows an address.

import { getDomain } from "tldts";

/** The registrable domain of a host, such as example.co.uk; null where there is none above it. */
export function registrable(host: string): string | null {
  return getDomain(host, { allowPrivateDomains: true });
}
