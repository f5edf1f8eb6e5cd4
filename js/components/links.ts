// Links out of a panel: they say where they go, and tell that place nothing of where they were followed from.

import { allowedUrl } from "../reactor/url.ts";
import { type AttrValue, type Follow, h, type VChild } from "../reactor/vnode.ts";

const HOST = /^(?:https?:)?\/\/(?:[^/?#@\\]*@)?([^/?#\\]+)/i;
/** Text that a reader takes for an address. */
const READS_AS_ADDRESS = /(?:[a-z]+:\/\/|\b[\w-]+\.(?:[a-z]{2,}|\d+)\b)/i;

function hostOf(href: string): string | null {
  return HOST.exec(href.trim())?.[1]?.toLowerCase() ?? null;
}

/** Attributes of a link to an address, which may change. */
export function linkAttributes(href: () => string): Record<string, Follow<AttrValue>> {
  return { href, title: () => goesTo(href()), target: "_blank", rel: "noreferrer noopener", referrerpolicy: "no-referrer" };
}

function goesTo(href: string): string {
  const host = hostOf(href);
  if (host !== null) return `Opens ${host} in a new tab: ${href}`;
  return href.startsWith("mailto:") ? `Writes a mail: ${href}` : `Opens ${href} of this server in a new tab`;
}

/** The host, where the text of a link reads like another one. */
export function trueHost(href: string, text: string): string {
  const host = hostOf(href);
  return host !== null && READS_AS_ADDRESS.test(text) && !text.toLowerCase().includes(host) ? ` (${host})` : "";
}

/** A link, or its text alone where its address is not allowed. */
export function link(href: string, text: string, inner: readonly VChild[]): VChild {
  if (!allowedUrl(href)) return h("span", {}, inner);
  const host = trueHost(href, text);
  return h("a", linkAttributes(() => href), host ? [...inner, h("span", { class: "nx-link-host" }, [host])] : inner);
}
