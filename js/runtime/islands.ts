// Components that other extensions of the page offer to panels. They run as part of the page, outside of every wall:
// whoever registers one answers for it. A panel can only name it and give it values.

import { type Signal, signal } from "@preact/signals-core";
import type { Island } from "../components/embedded.ts";

const islands = new Map<string, Signal<Island | null>>();

function slot(name: string): Signal<Island | null> {
  let found = islands.get(name);
  if (!found) {
    found = signal<Island | null>(null);
    islands.set(name, found);
  }
  return found;
}

/** The component of a name, followed: one that is registered later appears where it is waited for. */
export function islandOf(name: string): Island | null {
  return slot(name).value;
}

/** Offer a component to all panels of the page; returns what takes it back. */
export function registerIsland(name: string, island: Island): () => void {
  slot(name).value = island;
  return () => { slot(name).value = null; };
}

interface ReactLike {
  createElement(component: unknown, props: object): unknown;
}
interface ReactRoots {
  createRoot(element: unknown): { render(node: unknown): void; unmount(): void };
}

/** A React component as an island: it gets the props, and `emit`. The page brings its own React. */
export function reactIsland(react: ReactLike, dom: ReactRoots, component: unknown): Island {
  return {
    mount(element, props, emit) {
      const root = dom.createRoot(element);
      const render = (given: unknown): void => root.render(react.createElement(component, { ...(given as object), emit }));
      render(props);
      return { update: render, unmount: () => root.unmount() };
    },
  };
}
