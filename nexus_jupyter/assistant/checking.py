"""Whether an answer may become a change: the same checks as for anybody's edit, and fixes where findings carry them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nexus_jupyter.ai import Answer, Edit, Unusable, edits_to_ops, errors_of, mend, mended_edits
from nexus_jupyter.nog import apply, tree
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import ConflictError, NexusError, NXMLError, PatchError
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Op, Patch, SetOp
from nexus_jupyter.workspace import WorkspaceKernel, graph_ops
from nexus_jupyter.workspace.patches import edit_ops
from nexus_jupyter.workspace.writer import Head

__all__ = ["Checked", "check_edit", "check_panel", "free_name", "panel_id", "patch_of", "shown_text"]

_ROOT = re.compile(r"<panel\b[^>]*>")
_ROOT_ID = re.compile(r"\bid\s*=\s*(\"[^\"]*\"|'[^']*')")
_ID = re.compile(r"[A-Za-z_][\w-]*")
_NAMELESS = "panel"


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer that may become a change.

    Attributes
    ----------
    after
        The panel's text with it.
    build
        The build of that text.
    edits
        The edits; none for a new panel.
    ops
        The ops of the graph that carry it out.
    fixed
        Which findings were mended, in words.
    """

    after: str
    build: Build
    edits: Sequence[Edit] = ()
    ops: Sequence[Op] = ()
    fixed: list[str] = field(default_factory=list)


def patch_of(panel: str, rev: int, edits: Sequence[Edit]) -> Patch:
    """Return the patch that edits make together, based on a rev."""
    return Patch(panel=panel, rev=rev, ops=[op for edit in edits for op in edit.ops])


def check_edit(kernel: WorkspaceKernel, head: Head, panel: str, answer: Answer) -> Checked:
    """Return what an answer's edits lead to.

    Raises
    ------
    Unusable
        If they cannot be carried out, or the panel would have errors that no fix mends.
    """
    edits = edits_to_ops(head.graph, panel, answer.ops, kernel.reactor.check)
    if not edits:
        raise Unusable([f"There are no ops. The answer only says: {answer.say}" if answer.say else "There are no ops."])
    try:
        return applied(kernel, head, panel, edits)
    except PatchError as error:
        if not error.diagnostics:
            raise Unusable([f"{error.message} {error.hint}".strip()]) from error
    mended, fixed = _mended(kernel, head, panel, edits)
    try:
        found = applied(kernel, head, panel, mended)
    except PatchError as error:
        raise Unusable(errors_of(error.diagnostics) or [error.message]) from error
    return Checked(found.after, found.build, found.edits, found.ops, fixed)


def applied(kernel: WorkspaceKernel, head: Head, panel: str, edits: Sequence[Edit]) -> Checked:
    """Return what edits lead to; raises `PatchError` if an op does not apply, or the panel would have errors."""
    try:
        ops, build = edit_ops(head.graph, panel, patch_of(panel, head.rev, edits), kernel.reactor)
        kernel.links.refuse_circle(head.graph, build)
    except (NXMLError, ConflictError) as error:
        raise PatchError(error.message, hint=error.hint) from error
    texts = [op.attrs["nxml"] for op in ops if isinstance(op, SetOp) and op.id == panel and "nxml" in op.attrs]
    after = str(texts[-1]) if texts else kernel.panel(panel).nxml
    return Checked(after, build, edits, ops)


def _mended(kernel: WorkspaceKernel, head: Head, panel: str, edits: Sequence[Edit]) -> tuple[Sequence[Edit], list[str]]:
    sections, wanted = graph_ops(head.graph, panel, patch_of(panel, head.rev, edits))
    draft = apply(head.graph, [*sections, *wanted], rev=0).graph
    nxml, build = kernel.reactor.assemble(_with_ids(tree(draft, panel)))
    _, after, done = mend(nxml, build, kernel.reactor.check)
    if not done:
        raise Unusable(errors_of(build.diagnostics) or ["The panel would have errors."])
    return mended_edits(edits, build, after), done


def check_panel(kernel: WorkspaceKernel, name: str, nxml: str) -> Checked:
    """Return what the text of a new panel leads to.

    Raises
    ------
    Unusable
        If it has errors that no fix mends.
    """
    try:
        text = _renamed(nxml, name)
        build = kernel.reactor.check(text)
        text, build, fixed = mend(text, build, kernel.reactor.check)
        kernel.links.refuse_circle(kernel.head.graph, build)
    except NexusError as error:
        raise Unusable([f"{error.message} {error.hint}".strip()]) from error
    errors = errors_of(build.diagnostics)
    if errors or build.id != name:
        raise Unusable(errors or [f'The panel needs the id "{name}".'])
    return Checked(kernel.reactor.format(text), build, fixed=fixed)


def panel_id(nxml: str) -> str | None:
    """Return the id that a panel's text gives itself, as soon as it has arrived."""
    root = _ROOT.search(nxml)
    found = _ROOT_ID.search(root[0]) if root is not None else None
    name = found[1][1:-1] if found is not None else ""
    return (name if _ID.fullmatch(name) else _NAMELESS) if root is not None else None


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """Return a name that no panel has yet."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _renamed(nxml: str, name: str) -> str:
    """Give a text's root an id."""
    root = _ROOT.search(nxml)
    if root is None:
        return nxml
    head = root[0]
    id_ = _ROOT_ID.search(head)
    named = (
        f'{head[: id_.start()]}id="{name}"{head[id_.end() :]}'
        if id_ is not None
        else head.replace("<panel", f'<panel id="{name}"', 1)
    )
    return nxml[: root.start()] + named + nxml[root.end() :]


def shown_text(kernel: WorkspaceKernel, head: Head, panel: str) -> str:
    """Return a panel's canonical text with all ids, those that nobody wrote included, as a model can name them."""
    return kernel.reactor.assemble(_with_ids(tree(head.graph, panel)))[0]


def _with_ids(part: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Let the printer write ids that were generated."""
    made = dict(part)
    for inside in ("sections", "children"):
        found = part.get(inside)
        if isinstance(found, list):
            made[inside] = [_with_ids(one) if isinstance(one, dict) else one for one in found]
    if made.get("generated_id") and not str(made.get("tag")).startswith("#"):
        made["generated_id"] = False
    return made
