"""Three-way merge of texts by lines (diff3; Khanna, Kunal and Pierce: A Formal Investigation of Diff3, 2007)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Part", "marked", "merge_lines", "parts"]

Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the three texts. ``merged`` is what it comes to; ``None`` where the sides exclude each other."""

    base: Lines
    ours: Lines
    theirs: Lines
    merged: Lines | None


def parts(base: Lines, ours: Lines, theirs: Lines) -> Iterator[Part]:
    """Cut three texts into stretches: those that are the same in all, and those in between."""
    at_base = at_ours = at_theirs = 0
    for start, end, in_ours, in_theirs in _common(base, ours, theirs):
        between = base[at_base:start], ours[at_ours:in_ours], theirs[at_theirs:in_theirs]
        if any(between):
            yield Part(*between, merged=_merged(*between))
        if end > start:
            yield Part(*(base[start:end],) * 3, merged=base[start:end])
        at_base, at_ours, at_theirs = end, in_ours + end - start, in_theirs + end - start


def merge_lines(base: Lines, ours: Lines, theirs: Lines) -> list[str] | None:
    """Merge texts; ``None`` when both sides changed the same lines differently."""
    merged: list[str] = []
    for part in parts(base, ours, theirs):
        if part.merged is None:
            return None
        merged += part.merged
    return merged


def marked(base: Lines, ours: Lines, theirs: Lines) -> list[str]:
    """Merge texts, with git's markers around what excludes each other; lines end as they do in the texts."""
    lines: list[str] = []
    for part in parts(base, ours, theirs):
        if part.merged is not None:
            lines += part.merged
        else:
            lines += ["<<<<<<< ours\n", *_ended(part.ours), "=======\n", *_ended(part.theirs), ">>>>>>> theirs\n"]
    return lines


def _common(base: Lines, ours: Lines, theirs: Lines) -> Iterator[tuple[int, int, int, int]]:
    """Yield where base stands in both sides: from and to in base, from in ours, from in theirs; last the ends."""
    left = SequenceMatcher(None, base, ours, autojunk=False).get_matching_blocks()
    right = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    i = j = 0
    while i < len(left) and j < len(right):
        one, two = left[i], right[j]
        start, end = max(one.a, two.a), min(one.a + one.size, two.a + two.size)
        if start < end:
            yield start, end, one.b + start - one.a, two.b + start - two.a
        if one.a + one.size < two.a + two.size:
            i += 1
        else:
            j += 1
    yield len(base), len(base), len(ours), len(theirs)


def _merged(base: Lines, ours: Lines, theirs: Lines) -> Lines | None:
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    if not len(base) == len(ours) == len(theirs):
        return None
    # Edits that stand side by side do not overlap.
    merged: list[str] = []
    for old, mine, yours in zip(base, ours, theirs, strict=True):
        if mine != old and yours not in (old, mine):
            return None
        merged.append(yours if mine == old else mine)
    return merged


def _ended(lines: Lines) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n"
