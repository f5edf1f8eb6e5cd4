// The assistant: its own code, which comes when the first one is shown.

import css from "../assistant.css";
import type { Kit } from "../assistant.ts";
import { AssistantView, GivenProposal } from "../assistantview.ts";
import type { Transport } from "../transport.ts";

const STYLES = "nexus-assistant-styles";

/** Show the assistant in an element, or the proposal of an id alone; returns what takes it away. */
export function show(root: HTMLElement, transport: Transport, kit: Kit, proposal: string | null): { dispose(): void } {
  if (!document.getElementById(STYLES)) document.head.append(Object.assign(document.createElement("style"), { id: STYLES, textContent: css }));
  return proposal === null ? new AssistantView(root, transport, kit) : new GivenProposal(root, transport, kit, proposal);
}
