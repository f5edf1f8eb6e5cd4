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
  private view = new Owner();
  /** Whether the body still is what the server has drawn. */
  private drawn: boolean;

  constructor(drawn: HTMLElement | null = null) {
    this.drawn = drawn !== null;
    this.cut.setAttribute("role", "alert");
    this.body = drawn ?? element("div", "nx-body");
    watchTyping(this.body);
  }

  show(build: Build, host: ViewHost): void {
    const place = new Place(this.body);
    this.view.dispose();
    this.cut.remove();
    this.view = new Owner(new Budget(LIVE_ELEMENTS, () => this.body.after(this.cut)));
    this.layout.textContent = layoutCss(build);
    const children: VChild[] = build.view.length ? instantiate(build, components, host) : [h("div", { class: "nx-empty" }, ["This panel has nothing to show yet. Put elements into its <view>."])];
    if (this.drawn) hydrateChildren(this.body, children, this.view);
    else {
      const container = document.createElement("div");
      bindChildren(container, children, this.view);
      this.body.replaceChildren(...container.childNodes);
    }
    this.drawn = false;
    place.restore();
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
