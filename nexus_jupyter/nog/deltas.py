"""Differences of JSON values: what leads from one version of a value to another and back, at the size of what changed.

A difference is a JSON value itself, an object with one of four names::

    {"set": VALUE}                                           the whole value
    {"text": [AT, GONE, TEXT, CRC]}                          characters of a text, and the CRC-32 of the old one
    {"list": [[AT, GONE, [ITEM, ...]] or [AT, DIFFERENCE], ...], "of": LENGTH}
                                                             items, by their places in the old list, and its length
    {"dict": {KEY: DIFFERENCE}, "gone": [KEY, ...], "new": [[PLACE, KEY, VALUE], ...]}

What stays of a list is a longest row of items that are the same in both, in order. It is found as in patience diffs:
by a longest increasing subsequence of places (Fredman, 1975), in n log n.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from nexus_jupyter.nog.sharing import alike, content_of, same
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import PatchError

__all__ = ["Difference", "differences", "patched"]

Difference = dict[str, Any]  # Any: JSON, as above
#: Lists and dicts inside each other that are looked into, as in `nog.sharing`.
_DEPTH = 8
#: Characters that two values together must be longer than to be worth a difference.
_SHORT = 160
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
Pair = tuple[Difference, Difference]


def differences(old: JsonValue, new: JsonValue) -> Pair | None:
    """Return what leads from a value to another, and what leads back.

    Returns
    -------
    forward, backward or None
        ``None`` when the whole values are no longer than that.
    """
    if type(old) is not type(new) or not isinstance(old, (str, list, dict)) or not _longer([old, new], _SHORT):
        return None
    pair = _pair(old, new, _DEPTH)
    if "set" in pair[0]:
        return None
    length = sum(len(_json(one)) for one in pair)
    return pair if _longer([old, new], length) else None


def patched(value: JsonValue, difference: Difference) -> JsonValue:
    """Return the value that a difference leads to; it takes what did not change from the one given.

    Raises
    ------
    PatchError
        If the difference was not made from that value.
    """
    try:
        return _patched(value, difference)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise PatchError("The difference was made from another value.") from error


def _patched(value: Any, difference: Difference) -> JsonValue:  # Any: JSON of the kind that the difference names
    if "set" in difference:
        whole: JsonValue = difference["set"]
        return whole
    if "text" in difference:
        at, gone, text, crc = difference["text"]
        _check(isinstance(value, str) and isinstance(text, str) and _crc(value) == crc)
        _check(at >= 0 and gone >= 0 and at + gone <= len(value))
        return f"{value[:at]}{text}{value[at + gone :]}"
    if "list" in difference:
        _check(isinstance(value, list) and len(value) == difference["of"])
        return _patched_list(value, difference["list"])
    _check(isinstance(value, dict))
    return _patched_dict(value, difference)


def _patched_list(value: list[JsonValue], edits: Sequence[Any]) -> JsonValue:  # Any: JSON
    found: list[JsonValue] = []
    done = 0
    for at, *rest in edits:
        _check(done <= at)
        found += value[done:at]
        if len(rest) == 1:
            found.append(_patched(value[at], rest[0]))
            done = at + 1
        else:
            gone, items = rest
            _check(gone >= 0 and isinstance(items, list))
            found += items
            done = at + gone
        _check(done <= len(value))
    return found + value[done:]


def _patched_dict(value: dict[str, JsonValue], difference: Difference) -> JsonValue:
    edits, gone = difference["dict"], set(difference.get("gone", ()))
    _check(edits.keys() <= value.keys() and gone <= value.keys())
    kept = [(key, _patched(one, edits[key]) if key in edits else one) for key, one in value.items() if key not in gone]
    found: list[tuple[str, JsonValue]] = []
    taken = 0
    for place, key, one in difference.get("new", ()):
        until = taken + place - len(found)
        _check(taken <= until <= len(kept) and isinstance(key, str) and key not in value)
        found += kept[taken:until]
        taken = until
        found.append((key, one))
    return dict(found + kept[taken:])


def _check(fits: bool) -> None:
    if not fits:
        raise ValueError


# Making differences: both directions in one walk


def _pair(old: JsonValue, new: JsonValue, depth: int) -> Pair:
    if isinstance(old, str) and isinstance(new, str):
        return _of_texts(old, new)
    if depth and isinstance(old, list) and isinstance(new, list):
        return _of_lists(old, new, depth - 1)
    if depth and isinstance(old, dict) and isinstance(new, dict):
        return _of_dicts(old, new, depth - 1) or _whole(old, new)
    return _whole(old, new)


def _whole(old: JsonValue, new: JsonValue) -> Pair:
    return {"set": new}, {"set": old}


def _of_texts(old: str, new: str) -> Pair:
    shorter = min(len(old), len(new))
    before = _common(old, new, shorter)
    behind = _common(old[::-1], new[::-1], shorter - before)
    gone, come = old[before : len(old) - behind], new[before : len(new) - behind]
    if len(gone) == len(old) or len(come) == len(new):
        return _whole(old, new)
    return {"text": [before, len(gone), come, _crc(old)]}, {"text": [before, len(come), gone, _crc(new)]}


def _crc(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def _common(one: str, other: str, most: int) -> int:
    """Return how many characters two texts begin with alike, by halving: texts are compared in C."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _of_dicts(old: dict[str, JsonValue], new: dict[str, JsonValue], depth: int) -> Pair | None:
    if [key for key in old if key in new] != [key for key in new if key in old]:
        return None  # keys in another order
    pairs = {key: _pair(old[key], one, depth) for key, one in new.items() if key in old and not same(one, old[key])}
    return (
        _dict_difference({key: pair[0] for key, pair in pairs.items()}, old, new),
        _dict_difference({key: pair[1] for key, pair in pairs.items()}, new, old),
    )


def _dict_difference(edits: dict[str, Difference], old: dict[str, JsonValue], new: dict[str, JsonValue]) -> Difference:
    found: Difference = {"dict": edits}
    if gone := [key for key in old if key not in new]:
        found["gone"] = gone
    if come := [[place, key, one] for place, (key, one) in enumerate(new.items()) if key not in old]:
        found["new"] = come
    return found


def _of_lists(old: list[JsonValue], new: list[JsonValue], depth: int) -> Pair:
    forward: list[Any] = []  # Any: JSON
    backward: list[Any] = []  # Any: as above
    for at, until, to_at, to_until in _changed(old, new):
        # Runs of items that have nothing in common with the one in their place become one edit.
        run = 0
        count = until - at if until - at == to_until - to_at else 0
        for place in range(count):
            pair = _pair(old[at + place], new[to_at + place], depth)
            if "set" in pair[0]:
                continue
            _splice(forward, backward, old, new, (at + run, at + place, to_at + run, to_at + place))
            forward.append([at + place, pair[0]])
            backward.append([to_at + place, pair[1]])
            run = place + 1
        _splice(forward, backward, old, new, (at + run, until, to_at + run, to_until))
    return {"list": forward, "of": len(old)}, {"list": backward, "of": len(new)}


def _splice(
    forward: list[Any],  # Any: JSON
    backward: list[Any],  # Any: as above
    old: list[JsonValue],
    new: list[JsonValue],
    ends: tuple[int, int, int, int],
) -> None:
    at, until, to_at, to_until = ends
    if until > at or to_until > to_at:
        forward.append([at, until - at, new[to_at:to_until]])
        backward.append([to_at, to_until - to_at, old[at:until]])


def _changed(old: list[JsonValue], new: list[JsonValue]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the parts of two lists that are not the same: from and to in the old one, from and to in the new one."""
    before = alike(new, old)
    rest = min(len(old), len(new)) - before
    behind = alike(new[::-1], old[::-1], rest)
    ends = len(old) - behind, len(new) - behind
    between = _kept(old[before : ends[0]], new[before : ends[1]])
    at, to_at = before, before
    for kept, to_kept in [*((before + one, before + other) for one, other in between), ends]:
        if kept > at or to_kept > to_at:
            yield at, kept, to_at, to_kept
        at, to_at = kept + 1, to_kept + 1


def _kept(old: Sequence[JsonValue], new: Sequence[JsonValue]) -> list[tuple[int, int]]:
    """Return the places in both lists of items that stay, in order: as many as can be."""
    if not old or not new or len(old) == len(new) == 1:
        return []
    places = {name: at for at, name in enumerate(_named(old))}
    pairs = [(places[name], at) for at, name in enumerate(_named(new)) if name in places]
    # The least last place of a row of each length, and for each pair the one before it in its row.
    lasts: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, (place, _) in enumerate(pairs):
        length = bisect_left(lasts, place)
        previous.append(ends[length - 1] if length else -1)
        lasts[length : length + 1] = [place]
        ends[length : length + 1] = [index]
    found: list[tuple[int, int]] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        found.append(pairs[index])
        index = previous[index]
    return found[::-1]


def _named(items: Sequence[JsonValue]) -> Iterator[Hashable]:
    """Name items by what they are, and equal ones by their number among these."""
    seen = Counter[Hashable]()
    for item in items:
        content: Hashable = content_of(item)
        name = id(item) if content is None else content
        seen[name] += 1
        yield name, seen[name]


def _longer(value: JsonValue, than: int) -> bool:
    """Tell whether a value is longer as JSON, by its least length; looks at no more of it than it takes to tell."""
    length = 0
    stack: list[Iterator[JsonValue]] = [iter([value])]
    while stack and length <= than:
        for one in stack[-1]:
            if isinstance(one, str):
                length += len(one) + 3
            elif isinstance(one, list):
                length += 2
                stack.append(iter(one))
                break
            elif isinstance(one, dict):
                length += 1 + sum(len(key) + 4 for key in one)
                stack.append(iter(one.values()))
                break
            else:
                length += len(repr(one)) + 1
            if length > than:
                break
        else:
            stack.pop()
    return length > than
