"""Structural sharing of JSON values: a version of a value costs what is different from the version before it.

Handlers and people hand over whole values, even when they changed one item of a list. Before such a value is kept,
`share` takes the parts that are the same from the value that it replaces. Values are never changed in place, so both
versions can have them. The idea is that of persistent data structures (Driscoll, Sarnak, Sleator and Tarjan, 1989),
with plain lists and dicts: a changed list costs its references, eight bytes an item, and the items that are new.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Sequence
from itertools import islice

from nexus_jupyter.protocol.base import JsonValue

__all__ = ["alike", "content_of", "same", "share", "weight"]

#: Lists and dicts inside each other that are looked into; what is nested deeper is taken as a whole.
_DEPTH = 8
#: The version of `marshal` that writes equal values as equal bytes: later ones write references to equal objects.
_PLAIN = 2


def share(value: JsonValue, old: JsonValue) -> tuple[JsonValue, int]:
    """Return a value that takes its parts from an older one where they are the same.

    Parameters
    ----------
    value
        A JSON value; it is not changed.
    old
        The value that it replaces.

    Returns
    -------
    shared, replaced
        The same value, to the type of each number and the order of each dict's keys, and about how many bytes of the
        old value are not in it.
    """
    sharing = _Sharing()
    return sharing.of(value, old, _DEPTH), sharing.replaced


def weight(*values: JsonValue) -> int:
    """Return about how many bytes of memory values take; a part that occurs twice counts once."""
    known: set[int] = set()
    total = 0
    stack: list[JsonValue] = list(values)
    while stack:
        one = stack.pop()
        if id(one) in known or one is None or one is True or one is False:
            continue
        known.add(id(one))
        total += sys.getsizeof(one)
        if isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            stack += one
    return total


class _Sharing:
    """One comparison of a value with the one before it."""

    def __init__(self) -> None:
        self.replaced = 0

    def of(self, value: JsonValue, old: JsonValue, depth: int) -> JsonValue:
        if value is old or same(value, old):
            return old
        if depth and isinstance(value, list) and isinstance(old, list):
            return self._of_list(value, old, depth - 1)
        if depth and isinstance(value, dict) and isinstance(old, dict):
            return self._of_dict(value, old, depth - 1)
        self.replaced += weight(old)
        return value

    def _of_dict(self, value: dict[str, JsonValue], old: dict[str, JsonValue], depth: int) -> JsonValue:
        self.replaced += sys.getsizeof(old) + weight(*(part for key, part in old.items() if key not in value))
        return {key: self.of(part, old[key], depth) if key in old else part for key, part in value.items()}

    def _of_list(self, value: list[JsonValue], old: list[JsonValue], depth: int) -> JsonValue:
        self.replaced += sys.getsizeof(old)
        before = alike(value, old)
        rest = min(len(value), len(old)) - before
        behind = alike(value[::-1], old[::-1], rest)
        middle, gone = value[before : len(value) - behind], old[before : len(old) - behind]
        found = self._of_items(middle, gone, depth)
        return [*old[:before], *found, *old[len(old) - behind :]]

    def _of_items(self, value: list[JsonValue], old: list[JsonValue], depth: int) -> list[JsonValue]:
        """Take items from wherever they were; what is new shares with the item that was in its place, if one was."""
        if len(value) == len(old) == 1:
            return [self.of(value[0], old[0], depth)]
        known = {content: part for part in old if (content := content_of(part)) is not None}
        found = [known.get(content) if (content := content_of(part)) is not None else None for part in value]
        taken = {id(part) for part in found}
        paired = set[int]()
        for at, part in enumerate(value):
            if found[at] is not None:
                continue
            found[at] = part
            if len(value) == len(old):
                paired.add(at)
                found[at] = self.of(part, old[at], depth) if id(old[at]) not in taken else share(part, old[at])[0]
        gone = (part for at, part in enumerate(old) if id(part) not in taken and at not in paired)
        self.replaced += weight(*gone)
        return found


def alike(value: Sequence[JsonValue], old: Sequence[JsonValue], most: int | None = None) -> int:
    """Return how many items are the same from the beginning."""
    count = 0
    for part, was in islice(zip(value, old, strict=False), most):
        if part is not was and not same(part, was):
            return count
        count += 1
    return count


def same(value: JsonValue, old: JsonValue) -> bool:
    """Tell whether values are the same to the last bit: 1 is neither true nor 1.0."""
    if type(value) is not type(old) or value != old:
        return False
    if isinstance(value, str | int):
        return True
    content = content_of(value)
    return content is not None and content == content_of(old)


def content_of(value: JsonValue) -> bytes | None:
    """Return bytes that are the same for the same value, and for no other; ``None`` when it is nested too deeply."""
    try:
        return marshal.dumps(value, _PLAIN)
    except ValueError:
        return None
