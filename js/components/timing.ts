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

/** Whether what had the focus has gone. Only then may it be put elsewhere: the person may have moved on meanwhile. */
export function focusIsLost(): boolean {
  const page = (globalThis as unknown as { document: Page }).document;
  return page.activeElement === page.body;
}
