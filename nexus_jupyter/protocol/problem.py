"""Errors on the wire: RFC 9457 problem details with a code and a hint."""

from __future__ import annotations

from nexus_jupyter.protocol.base import Contract
from nexus_jupyter.protocol.diagnostics import Diagnostic, Span
from nexus_jupyter.protocol.errors import NexusError

__all__ = ["Problem"]


class Problem(Contract):
    """RFC 9457 problem details.

    ``kind`` and ``span`` are given for failed actions, ``diagnostics`` for refused texts and patches, ``index`` for
    the offending op of a patch. ``trace_id`` is the trace of what failed, if it was recorded.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""
    kind: str | None = None
    span: Span | None = None
    index: int | None = None
    diagnostics: list[Diagnostic] = []
    trace_id: str = ""

    @classmethod
    def of(cls, error: NexusError) -> Problem:
        """Describe an error for the other side of a wire."""
        return cls(
            title=type(error).__name__,
            status=error.status,
            detail=error.message,
            code=error.code,
            hint=error.hint,
            kind=getattr(error, "kind", None),
            span=getattr(error, "span", None),
            index=getattr(error, "index", None),
            diagnostics=getattr(error, "diagnostics", []),
            trace_id=error.trace_id,
        )
