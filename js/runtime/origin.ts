// Addresses as people have to read them: the canonical origin, and in it the part that says whose it is.

/** An origin in three parts; `domain` is what somebody had to register, or the whole host where nobody has to. */
export interface Origin {
  readonly before: string;
  readonly domain: string;
  readonly after: string;
  /** Whether it stands for more than one registered domain, which nobody can allow. */
  readonly tooWide: boolean;
}

const SCHEMES = new Set(["http:", "https:", "ws:", "wss:"]);

/** Take a target apart; null when it is no address. Names before an `@`, default ports and paths are no part of an origin. */
export function originOf(target: string, registrable: (host: string) => string | null): Origin | null {
  const wild = target.replace(/^([a-z]+:\/\/)\*\./i, "$1");
  const url = URL.canParse(wild) ? new URL(wild) : null;
  if (!url || !SCHEMES.has(url.protocol) || !url.hostname || wild.includes("*")) return null;
  const host = url.hostname;
  const domain = registrable(host);
  const shown = domain ?? host;
  const under = host.slice(0, host.length - shown.length);
  return { before: `${url.protocol}//${wild === target ? "" : "*."}${under}`, domain: shown, after: url.port ? `:${url.port}` : "", tooWide: wild !== target && domain === null };
}

/** Whether a target, with or without a wildcard, stands for an address. */
export function covers(target: string, address: string): boolean {
  const wild = /^([a-z]+:\/\/)\*\.(.+)$/i.exec(target);
  const plain = wild ? `${wild[1]}${wild[2]}` : target;
  if (!URL.canParse(plain) || !URL.canParse(address)) return false;
  const [granted, wanted] = [new URL(plain), new URL(address)];
  if (granted.protocol !== wanted.protocol || granted.port !== wanted.port) return false;
  return wild ? wanted.hostname.endsWith(`.${granted.hostname}`) : wanted.hostname === granted.hostname;
}

/** Whether an address is of another origin than the page, whose cookies would go with the request. */
export function isElsewhere(address: string): boolean {
  return URL.canParse(address) && new URL(address).host !== location.host && new URL(address).username === "";
}
