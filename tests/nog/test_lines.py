"""Merging texts by lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nexus_jupyter.nog.lines import marked, merge_lines, parts

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=12)


def test_edits_of_different_lines_are_both_there() -> None:
    assert merge_lines(list("abcdef"), list("aBcdef"), list("abcdeF")) == list("aBcdeF")
    assert merge_lines(list("abc"), list("abxc"), list("zabc")) == list("zabxc")
    assert merge_lines(list("abcdef"), list("acdef"), list("abcdeg")) == list("acdeg")


def test_edits_of_neighbouring_lines_do_not_overlap() -> None:
    assert merge_lines(list("ab"), list("Ab"), list("aB")) == list("AB")


def test_different_edits_of_one_line_exclude_each_other() -> None:
    assert merge_lines(list("abc"), list("aXc"), list("aYc")) is None
    assert merge_lines(list("abc"), list("ac"), list("aYc")) is None


def test_the_same_edit_on_both_sides_is_one() -> None:
    assert merge_lines(list("abc"), list("aXc"), list("aXc")) == list("aXc")


def test_what_excludes_each_other_stands_between_gits_markers() -> None:
    base, ours, theirs = ("a\nb\nc\n".splitlines(keepends=True), "a\nX\nc\n".splitlines(keepends=True), ["a\n", "Y"])
    text = "".join(marked(base, ours, theirs))
    assert text == "a\n<<<<<<< ours\nX\nc\n=======\nY\n>>>>>>> theirs\n"


@given(LINES, LINES)
def test_a_side_that_changed_nothing_takes_what_the_other_has(base: list[str], other: list[str]) -> None:
    assert merge_lines(base, other, base) == other
    assert merge_lines(base, base, other) == other
    assert merge_lines(base, other, other) == other


@given(LINES, LINES, LINES)
def test_the_parts_are_the_texts_and_the_sides_may_be_named_the_other_way_round(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    found = list(parts(base, ours, theirs))
    for index, text in enumerate((base, ours, theirs)):
        assert [line for part in found for line in (part.base, part.ours, part.theirs)[index]] == text
    assert merge_lines(base, ours, theirs) == merge_lines(base, theirs, ours)
