"""What the checker says about a text: where, what, and how to mend it."""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import Contract

__all__ = ["Diagnostic", "Fix", "Severity", "Span", "TextEdit"]

Severity = Literal["error", "warning", "hint"]


class Span(Contract):
    """A range of text. Offsets are zero-based UTF-16 code units, ``end`` excluded; line and column are one-based."""

    start: int
    end: int
    line: int
    col: int


class TextEdit(Contract):
    """Replace the text between two offsets (UTF-16 code units)."""

    start: int
    end: int
    text: str


class Fix(Contract):
    """A change of the text that removes the finding. Its edits do not overlap.

    It is ``certain`` when the author can have meant nothing else, and may be applied without asking; others are
    suggestions.
    """

    title: str
    edits: list[TextEdit]
    certain: bool

    @property
    def sentence(self) -> str:
        """What it does, and whether it is more than a suggestion, in words."""
        return f"{'Fix' if self.certain else 'Suggestion'}: {self.title}."


class Diagnostic(Contract):
    """One finding. ``code`` is stable (``NX2002``); ``node`` is the id of the element concerned, if it has one."""

    code: str
    severity: Severity
    message: str
    span: Span
    node: str | None = None
    fix: Fix | None = None

    def __str__(self) -> str:
        where = f"line {self.span.line}, column {self.span.col}"
        mend = f" {self.fix.sentence}" if self.fix else ""
        return f"{self.severity} {self.code} at {where}: {self.message}{mend}"
