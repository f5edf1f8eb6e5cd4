// The assistant: its own code, which comes when the first one is shown.

import type { Proposal } from "../../protocol/index.ts";
import css from "../assistant.css";
import type { Kit } from "../assistant.ts";
import { AssistantView, GivenProposal } from "../assistantview.ts";
import type { Transport } from "../transport.ts";

const STYLES = "nexus-assistant-styles";

/** Show the assistant in an element, or a proposal alone; returns what takes it away. */
export function show(root: HTMLElement, transport: Transport, kit: Kit, proposal: Proposal | null): { dispose(): void } {
  if (!document.getElementById(STYLES)) document.head.append(Object.assign(document.createElement("style"), { id: STYLES, textContent: css }));
  return proposal === null ? new AssistantView(root, transport, kit) : new GivenProposal(root, transport, kit, proposal);
}
