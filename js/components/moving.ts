// The focus of what is moved by keys: it is drawn anew elsewhere once the change has come back, which may take a while.

import { after, followWithFocus } from "./timing.ts";

/** What is moved, as it is drawn now. */
export interface Moved {
  readonly parentElement: unknown;
  readonly nextElementSibling: unknown;
  focus(): void;
}

/** Milliseconds between two looks, how many of them, and how many once it has moved. */
const [LOOK, LOOKS, MORE] = [60, 500, 20];

/** Move something, and keep the focus on it, unless the person goes on elsewhere meanwhile. */
export function moveWithFocus(find: () => Moved | null, move: () => void): void {
  const before = placeOf(find);
  move();
  follow(find, before, followWithFocus(), LOOKS);
}

function placeOf(find: () => Moved | null): readonly [Moved | null, unknown, unknown] {
  const now = find();
  return [now, now?.parentElement, now?.nextElementSibling];
}

function follow(find: () => Moved | null, before: ReturnType<typeof placeOf>, may: () => boolean, looks: number): void {
  const now = placeOf(find);
  const moved = now[0] !== null && now.some((part, i) => part !== before[i]);
  if (moved && may()) now[0]?.focus();
  const left = moved ? Math.min(looks, MORE) : looks;
  if (left) after(LOOK, () => follow(find, before, may, left - 1));
}
