"""What an edit would come to, without making it."""

from __future__ import annotations

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.patch import Patch, SetOp
from nexus_jupyter.workspace.kernel import WorkspaceKernel
from nexus_jupyter.workspace.patches import edit_ops

__all__ = ["preview_edit"]


def preview_edit(kernel: WorkspaceKernel, name: str, patch: Patch) -> dict[str, JsonValue]:
    """Return the text that a panel would have, the findings about it, and what the edit would touch.

    Raises
    ------
    PatchError
        If an op does not apply, or the panel would have errors.
    ConflictError
        If somebody else edited the same thing after the patch's rev.
    """
    head = kernel.head
    ops, build = edit_ops(head.graph, name, patch, kernel.reactor)
    text = next((op.attrs["nxml"] for op in ops if isinstance(op, SetOp) and "nxml" in op.attrs), None)
    touched = dict[str, JsonValue]()
    for op in patch.ops:
        asked = getattr(op, "id", None)
        if asked is None:
            continue
        try:
            found = kernel.graphs.impact(f"{name}/{asked}" if f"{name}/{asked}" in head.graph else asked, head.rev)
        except NotFoundError:
            continue  # what the edit itself brings touches nothing yet
        touched |= {one.entity.id: one.entity.type for one in found.touched}
    return {
        "rev": head.rev,
        "nxml": text,
        "diagnostics": [one.model_dump(mode="json") for one in build.diagnostics],
        "touched": touched,
    }
