"""What a person consents to: the parts of a panel's text that act, as a text that can be compared.

A grant holds for the code that it was given to. Other code under the same name, whoever brought it (an edit, a
checkout, a merge, a model), is asked about again, with the difference. Titles, layout and styles may change freely;
pictures may not, since text can leave by their addresses.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from nexus_jupyter.protocol.panel import Build, ViewNode

__all__ = ["Code", "code_of", "difference"]

#: Elements that load something from an address.
_LOADING = frozenset({"image", "markdown", "vega"})
#: Lines of a difference that are shown.
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Code:
    """The parts of a panel's text that act, and their digest."""

    digest: str
    text: str


def code_of(build: Build) -> Code:
    """Return what of a panel acts, in an order that does not depend on the text's."""
    return build.remembered(Code, lambda: _code(build))


def _code(build: Build) -> Code:
    lines = [line for part in sorted(_parts(build)) for line in part.splitlines()]
    text = "\n".join(lines)
    return Code(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(), text)


def difference(before: str, after: str) -> str:
    """Return what was removed (``-``) and added (``+``) between two texts of code, cut to a length that can be read."""
    changed = [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    if len(changed) > _SHOWN:
        changed = [*changed[:_SHOWN], f"and {len(changed) - _SHOWN} more lines"]
    return "\n".join(changed)


def _parts(build: Build) -> Iterator[str]:
    for handler in build.handlers:
        params = ", ".join(f"{one.name}: {_plain(one.type)} = {_plain(one.default)}" for one in handler.params)
        yield f"{handler.name}({params})\n" + "\n".join(
            f"  {line.strip()}" for line in handler.body.strip().splitlines()
        )
    for effect in build.effects:
        yield f"effect {effect.name} on {_plain(effect.on)}"
    for one in build.lifecycle:
        yield f"lifecycle {one.on} {one.every or ''} {_plain(one.run)}"
    for frame in build.frames:
        if frame.call is not None:
            yield f"frame {frame.name} from {frame.source} {_plain(frame.call)}"
    for use in build.uses:
        yield f"uses {use.cap} {use.target or ''}: {use.why}"
    for node in _loading(build.view):
        yield f"{node.tag} {_plain({'props': node.props, 'text': node.text})}"


def _loading(nodes: list[ViewNode]) -> Iterator[ViewNode]:
    for node in nodes:
        if node.tag in _LOADING:
            yield node
        yield from _loading(node.children)


def _plain(value: Any) -> str:  # Any: models, and values of JSON
    """Write a value without the places in the text that it was read from."""

    def bare(one: Any) -> Any:  # Any: as above
        if isinstance(one, BaseModel):
            one = one.model_dump(mode="json")
        if isinstance(one, dict):
            return {key: bare(inner) for key, inner in one.items() if key not in {"span", "line"}}
        return [bare(inner) for inner in one] if isinstance(one, list) else one

    return json.dumps(bare(value), ensure_ascii=False, sort_keys=True)
