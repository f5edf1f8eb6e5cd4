// A view as it is drawn in the page: made anew when its text changes, with the person kept where they are.

import { components } from "../components/index.ts";
import type { Build } from "../protocol/index.ts";
import type { ViewHost } from "../reactor/host.ts";
import { Budget, cutWords, LIVE_ELEMENTS } from "../reactor/budget.ts";
import { layoutCss } from "../reactor/layoutcss.ts";
import { instantiate } from "../reactor/view.ts";
import { h, type VChild } from "../reactor/vnode.ts";
import { bindChildren, hydrateChildren, Owner } from "./binder.ts";
import { element } from "./element.ts";
import { Place, watchTyping } from "./place.ts";

export class Picture {
  readonly body: HTMLElement;
  readonly layout = document.createElement("style");
  private readonly cut = element("div", "nx-cut", cutWords(LIVE_ELEMENTS));
  private readonly unfinished = element("div", "nx-cut");
  private view = new Owner();
  /** Whether the body still is what the server has drawn. */
  private drawn: boolean;

  constructor(drawn: HTMLElement | null = null) {
    this.drawn = drawn !== null;
    for (const note of [this.cut, this.unfinished]) note.setAttribute("role", "alert");
    this.body = drawn ?? element("div", "nx-body");
    watchTyping(this.body);
  }

  show(build: Build, host: ViewHost): void {
    const place = new Place(this.body);
    this.view.dispose();
    this.cut.remove();
    const budget = new Budget(LIVE_ELEMENTS, {
      cut: () => this.body.after(this.cut),
      unfinished: (why) => {
        this.unfinished.textContent = why.join(" ");
        if (why.length) this.body.after(this.unfinished);
        else this.unfinished.remove();
      },
    });
    this.view = new Owner(budget);
    this.layout.textContent = layoutCss(build);
    budget.effort.during(() => this.draw(build, host));
    this.drawn = false;
    place.restore();
  }

  private draw(build: Build, host: ViewHost): void {
    const children: VChild[] = build.view.length ? instantiate(build, components, host) : [h("div", { class: "nx-empty" }, ["This panel has nothing to show yet. Put elements into its <view>."])];
    if (this.drawn) return hydrateChildren(this.body, children, this.view);
    const container = document.createElement("div");
    bindChildren(container, children, this.view);
    this.body.replaceChildren(...container.childNodes);
  }

  /** Say something in place of the view. */
  say(text: string): void {
    this.view.dispose();
    this.body.replaceChildren(element("div", "nx-empty", text));
  }

  dispose(): void {
    this.view.dispose();
  }
}
