"""The order of siblings that two sides have changed: a three-way merge of sequences of ids.

Order keys are not compared, for two texts of the same panel have different ones: a sibling was moved when it is not
part of the longest subsequence that kept its order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

__all__ = ["kept_in_order", "merge_sequence"]


def kept_in_order(base: Sequence[str], side: Sequence[str]) -> set[str]:
    """Return the largest set of ids of ``side`` that stand in the order of ``base``."""
    position = {item: index for index, item in enumerate(base)}
    tails: list[int] = []
    ends: list[str] = []
    before: dict[str, str | None] = {}
    for item in side:
        if item not in position:
            continue
        at = bisect_left(tails, position[item])
        before[item] = ends[at - 1] if at else None
        tails[at : at + 1] = [position[item]]
        ends[at : at + 1] = [item]
    chain: set[str] = set()
    last = ends[-1] if ends else None
    while last is not None:
        chain.add(last)
        last = before[last]
    return chain


def merge_sequence(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], members: Collection[str]
) -> tuple[list[str], set[str]]:
    """Merge the order of one parent's children.

    What either side moved stands where that side put it; what either side added stands behind the sibling that it was
    put behind, wherever that is now. Where both added in one place, the group whose first id is smaller comes first.

    Parameters
    ----------
    base, ours, theirs
        The children on each side, in order.
    members
        Those that the parent has after the merge.

    Returns
    -------
    order, clashes
        All members in order, and those that both sides moved to different places, which stand where ours has them.
    """
    sides = (ours, theirs)
    old = [item for item in base if item in members]
    moved = [set(old) & set(side) - kept_in_order(base, side) for side in sides]
    still = [item for item in old if item not in moved[0] | moved[1]]
    anchors = [_anchors(side, set(still), own) for side, own in zip(sides, moved, strict=True)]
    clashes = {item for item in moved[0] & moved[1] if anchors[0][item] != anchors[1][item]}
    for item in clashes:
        del anchors[1][item]
    placed = _placed(still, anchors, sides)
    fresh = [[item for item in side if item in members and item not in placed] for side in sides]
    anchors = [_anchors(side, set(placed), own) for side, own in zip(sides, fresh, strict=True)]
    for item in anchors[0].keys() & anchors[1].keys():
        smaller = min(anchors[0][item] or "", anchors[1][item] or "") or None
        anchors[0][item] = anchors[1][item] = smaller
    order = _placed(placed, anchors, sides)
    return [*order, *sorted(set(members) - set(order))], clashes


def _anchors(side: Sequence[str], fixed: set[str], items: Collection[str]) -> dict[str, str | None]:
    """Return for each of some items what fixed one it stands behind; None is the beginning."""
    found: dict[str, str | None] = {}
    last: str | None = None
    for item in side:
        if item in fixed:
            last = item
        elif item in items:
            found[item] = last
    return found


def _placed(
    fixed: Sequence[str], anchors: Sequence[dict[str, str | None]], sides: Sequence[Sequence[str]]
) -> list[str]:
    order: list[str] = []
    for anchor in [None, *fixed]:
        if anchor is not None:
            order.append(anchor)
        groups = [
            [item for item in side if item in own and own[item] == anchor]
            for side, own in zip(sides, anchors, strict=True)
        ]
        order += _interleaved(*sorted(group for group in groups if group))
    return list(dict.fromkeys(order))


def _interleaved(first: Sequence[str] = (), second: Sequence[str] = ()) -> Iterable[str]:
    """Yield two groups one after the other; what both have stands where both sides' items before it have been."""
    rest = list(second)
    for item in first:
        if item in rest:
            at = rest.index(item)
            yield from rest[:at]
            rest = rest[at + 1 :]
        yield item
    yield from rest
