// Waiting, which only the browser does: the engine has no timers and never waits.

const scope = globalThis as unknown as { setTimeout(run: () => void, milliseconds: number): number; clearTimeout(timer: number): void };

/** Run later; returns what prevents it. */
export function after(milliseconds: number, run: () => void): () => void {
  const timer = scope.setTimeout(run, milliseconds);
  return () => scope.clearTimeout(timer);
}
