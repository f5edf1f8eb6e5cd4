"""Which panel a wish is about, when nobody has said so: the one whose words it uses."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

from nexus_jupyter.nog import Graph

__all__ = ["likely_panel", "panel_words", "words"]

_WORD = re.compile(r"[^\W\d_]{2,}|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: A word of the panel's name or title tells more than one inside of it.
_NAMED = 6
#: Words that every wish has.
_COMMON_TEXT = """
the and with for that this into from make add show change set put new please should would can all each when
then panel panels its it is are be on of to in by my me a an
"""
_COMMON = frozenset(_COMMON_TEXT.split())


def words(text: str) -> list[str]:
    """Return the words of a text that tell something, in small letters, without the plural's s."""
    found = (match.lower() for match in _WORD.findall(_CAMEL.sub(" ", text)))
    return [word.rstrip("s") if len(word) > 3 else word for word in found if word not in _COMMON]  # noqa: PLR2004


def panel_words(graph: Graph, panel: str) -> Counter[str]:
    """Return the words of a panel, those of its name and title counted more."""
    counted = Counter[str]()
    for entity in graph.subtree(panel):
        texts = [entity.id.removeprefix(f"{panel}/")]
        texts += [value for key, value in entity.attrs.items() if isinstance(value, str) and _readable(key)]
        weight = _NAMED if entity.id == panel else 1
        for word in words(" ".join(texts)):
            counted[word] += weight
    return counted


def likely_panel(graph: Graph, text: str, recent: Mapping[str, int]) -> tuple[str | None, str]:
    """Return the panel that a wish is most likely about, and why; none if there is no panel.

    Parameters
    ----------
    graph
        The workspace.
    text
        The wish.
    recent
        The rev of each panel's newest change: of equals, the newest is meant.
    """
    names = [entity.id for entity in graph.of_type("Panel")]
    if not names:
        return None, "there is no panel yet"
    if len(names) == 1:
        return names[0], "it is the only panel"
    wished = set(words(text))
    by_panel = {name: panel_words(graph, name) for name in names}
    spread = Counter(word for counted in by_panel.values() for word in counted)
    scores = {
        name: sum(
            math.log1p(counted[word]) * math.log(1 + len(names) / spread[word]) for word in wished if word in counted
        )
        for name, counted in by_panel.items()
    }
    best = max(names, key=lambda name: (scores[name], recent.get(name, 0), name))
    shared = sorted(word for word in wished if word in by_panel[best])
    if not shared:
        return best, "the request names no panel, and this one was changed last"
    return best, f"the request and the panel share the words {', '.join(shared[:5])}"


def _readable(attr: str) -> bool:
    return attr in {"title", "text"} or attr.startswith("attr:")
