// What belongs to a proposal beside its ops: what it would ask for and touch, how it would look, and what its text would be.

import type { Proposal } from "../protocol/index.ts";
import type { Drawing, Kit } from "./assistant.ts";
import { differenceOf } from "./assistantdiff.ts";
import { count, opWords } from "./assistantwords.ts";
import { element } from "./element.ts";

const SIGNS = { same: " ", added: "+", removed: "-", gap: "" } as const;
const READ_OUT = { same: "", added: "added: ", removed: "removed: ", gap: "" } as const;

/** What a panel would newly ask for; null if nothing. */
export function asksOf({ asks }: Proposal): HTMLElement | null {
  if (!asks.length) return null;
  const box = element("div", "nx-note nx-asks");
  box.dataset["kind"] = "warning";
  const list = element("ul", "");
  list.append(...asks.map(({ cap, target, why, allowed }) => {
    const item = element("li", "");
    item.append(element("code", "", target ? `${cap} ${target}` : cap), why ? ` \u2014 \u201c${why}\u201d` : "", allowed ? " (granted to this panel earlier)" : "");
    return item;
  }));
  box.append(element("div", "nx-asks-title", "The panel would ask for"), list, element("div", "nx-op-note", "Accepting grants nothing: you are asked when it is first used."));
  return box;
}

/** Findings about the text, and how the answer was mended. */
export function notesOf({ diagnostics, fixed, repaired }: Proposal): HTMLElement | null {
  const found = diagnostics.filter(({ severity }) => severity !== "hint");
  if (!found.length && !fixed.length && !repaired) return null;
  const list = element("ul", "nx-proposal-notes");
  if (repaired) list.append(element("li", "", "The first answer had errors; the model mended them when it was told."));
  list.append(...fixed.map((text) => element("li", "", `Mended without a model: ${text}`)));
  list.append(...found.map(({ severity, span, message }) => {
    const item = element("li", "", `Line ${span.line}: ${message}`);
    item.dataset["kind"] = severity;
    return item;
  }));
  return list;
}

/** All that would be touched, each with the way there. */
export function impactOf({ impact }: Proposal): HTMLElement | null {
  if (!impact.length) return null;
  return folded(`Touches ${impact.length === 1 ? "1 other thing" : `${count(impact.length)} other things`}`, false, (place) => {
    const list = element("ul", "nx-impact");
    list.append(...impact.map(({ entity, path }) => {
      const item = element("li", "");
      item.append(element("span", "nx-badge", entity.type), element("code", "", entity.id), element("span", "nx-op-note", path.map(({ relation, id }) => `${relation} ${id}`).join(" \u203a ")));
      return item;
    }));
    place.append(list);
  });
}

/** The differences in meaning, where the ops do not say just these. */
export function changesOf({ changes, ops }: Proposal): HTMLElement | null {
  const said = new Set(ops.flatMap(({ words }) => words.split("; ")));
  if (changes.every(({ words }) => said.has(words)) || ops.length === 1) return null;
  return folded("What it comes to", false, (place) => {
    const list = element("ul", "nx-proposal-notes");
    list.append(...changes.map(({ words }) => element("li", "", opWords(words))));
    place.append(list);
  });
}

/** The text line by line: what differs, or the whole of a new one. */
export function textOf({ before, after, patch }: Proposal): HTMLElement {
  return folded(patch === null ? "Its text" : "The text, line by line", false, (place) => {
    const pre = element("pre", "nx-diff");
    pre.tabIndex = 0;
    pre.setAttribute("aria-label", "Text of the panel");
    const lines = patch === null ? after.split("\n").map((text) => ({ kind: "same" as const, text })) : differenceOf(before, after);
    pre.append(...lines.map(({ kind, text }) => {
      const line = element("span", "nx-diff-line");
      line.dataset["kind"] = kind;
      line.append(element("span", "nx-hidden", READ_OUT[kind]), element("i", "nx-diff-sign", SIGNS[kind]), `${text}\n`);
      return line;
    }));
    place.append(pre);
  });
}

/** How the panel would look with all of it. `drawn` is given what is drawn, to be taken away at the end. */
export function lookOf({ after, patch, ops }: Proposal, kit: Kit, drawn: (drawing: Drawing) => void): HTMLElement {
  return folded(patch === null ? "How it looks" : ops.length > 1 ? "How it would look with all changes" : "How it would look", patch === null, (place) => {
    const frame = element("div", "nx-proposal-look");
    place.append(frame);
    const drawing = kit.preview(frame);
    drawing.update(after);
    drawn(drawing);
  });
}

/** What is shown when one asks for it; made when it is first opened. */
function folded(title: string, open: boolean, fill: (place: HTMLElement) => void): HTMLElement {
  const box = element("details", "nx-fold") as HTMLDetailsElement;
  const place = element("div", "nx-fold-body");
  box.append(element("summary", "", title), place);
  let filled = false;
  const fillOnce = (): void => {
    if (filled || !box.open) return;
    filled = true;
    fill(place);
  };
  box.addEventListener("toggle", fillOnce);
  box.open = open;
  fillOnce();
  return box;
}
