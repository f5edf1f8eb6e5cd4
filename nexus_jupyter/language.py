"""The NXML language, for texts that are in no workspace (yet)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.diagnostics import Diagnostic, Span
from nexus_jupyter.reactor import LONGEST, Reactor

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check", "components", "fix", "format", "gallery_text", "language"]


@cache
def _reactor() -> Reactor:
    return Reactor(Engine.shared())


def check(nxml: str) -> list[Diagnostic]:
    """Return all findings about a text, in its order: code, severity, message, span, node, fix.

    Examples
    --------
    >>> [finding.code for finding in check('<panel id="p"><view><buton id="b" label="x"/></view></panel>')]
    ['NX2002']
    """
    if len(nxml) > LONGEST:
        message = f"The text is {len(nxml)} characters long; {LONGEST} are allowed."
        return [Diagnostic(code="NX1001", severity="error", message=message, span=Span(start=0, end=1, line=1, col=1))]
    return _reactor().check(nxml).diagnostics


def fix(nxml: str) -> str:
    """Return a text with all certain fixes applied: those after which nothing can mean something else.

    What is only a suggestion (``finding.fix.certain`` is false) is left to people.

    Examples
    --------
    >>> fix('<panel id="p"><view><buton id="b" label="x"/></view></panel>')
    '<panel id="p"><view><button id="b" label="x"/></view></panel>'
    """
    return _reactor().fix(nxml)


def format(nxml: str) -> str:  # noqa: A001 - the language's own verb, used as nexus.format
    """Return a text as the canonical printer writes it; comments are not kept."""
    return _reactor().format(nxml)


def gallery_text() -> str:
    """Return the text of the panel that shows all components."""
    return _reactor().gallery()


def language() -> dict[str, Any]:  # Any: a table of the language
    """Return the language as data, from the tables that the checker uses."""
    return _reactor().language()


def components() -> pd.DataFrame:
    """Return the component registry: name, category, doc, props, events, slots, content, example."""
    import pandas as pd

    return pd.DataFrame(_reactor().components())
