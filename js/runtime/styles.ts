import { stylesheet } from "../components/index.ts";

/** The components' stylesheet, once per page. */
export function addStyles(): void {
  if (document.getElementById("nexus-styles")) return;
  document.head.append(Object.assign(document.createElement("style"), { id: "nexus-styles", textContent: stylesheet }));
}
