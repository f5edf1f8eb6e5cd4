import { stylesheet } from "../components/index.ts";

/** In shadow roots, which a page's styles do not reach: one sheet for all of them. */
let sheet: CSSStyleSheet | null = null;

function addTo(root: Node): void {
  if (root instanceof ShadowRoot) {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(stylesheet);
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } else if (!document.getElementById("nexus-styles")) document.head.append(Object.assign(document.createElement("style"), { id: "nexus-styles", textContent: stylesheet }));
}

/** The components' stylesheet, once in the page, and once in each shadow root that has panels. */
export function addStyles(element: Element): void {
  if (element.isConnected) return addTo(element.getRootNode());
  // Hosts may give out an element before they put it anywhere; it has a size once it is somewhere.
  const observer = new ResizeObserver(() => {
    if (!element.isConnected) return;
    observer.disconnect();
    addTo(element.getRootNode());
  });
  observer.observe(element);
  addTo(document);
}
