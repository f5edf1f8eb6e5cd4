// Waiting, which only the browser does: the engine has no timers and never waits.

const scope = globalThis as unknown as { setTimeout(run: () => void, milliseconds: number): number; clearTimeout(timer: number): void };

/** Run later; returns what prevents it. */
export function after(milliseconds: number, run: () => void): () => void {
  const timer = scope.setTimeout(run, milliseconds);
  return () => scope.clearTimeout(timer);
}

interface Page {
  readonly activeElement: unknown;
  readonly body: unknown;
}

let followed = 0;

/**
 * Begin to follow something with the focus; what was followed before is followed no longer, or it would take the focus from what
 * the person did last. Returns whether the focus may be put there now: only where what had it has gone, since the person may have
 * moved on meanwhile.
 */
export function followWithFocus(): () => boolean {
  followed += 1;
  const mine = followed;
  const page = (globalThis as unknown as { document: Page }).document;
  return () => mine === followed && page.activeElement === page.body;
}
