"""What differs between two versions of a panel is told in words that a person would use."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from nexus_jupyter.nog.align import align, counted
from nexus_jupyter.nog.diff import diff
from nexus_jupyter.nog.version import keyed
from nexus_jupyter.protocol.graph import Entity

from .test_merge import Panel, element, panel, versions


def told(old: Panel | None, new: Panel | None) -> list[str]:
    return [change.words for change in diff("p", old, new)]


def action(name: str, text: str) -> Entity:
    attrs = {"tag": "action", "attr:name": name, "text": text}
    return Entity.model_validate({"id": f"p/action.{name}", "type": "Action", "parent": "p/data", "attrs": attrs})


def text(number: int, content: str) -> Entity:
    attrs = {"tag": "text", "generated": True, "text": content}
    return Entity.model_validate({"id": f"p/text-{number}", "type": "Element", "parent": "p/view", "attrs": attrs})


BASE = panel(element("kpi", tag="metric"), element("rows"), element("chart", tag="chart", kind="line"))


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (
            panel(element("kpi", tag="metric"), element("rows"), element("chart", tag="chart", kind="bar")),
            ["chart: kind line -> bar"],
        ),
        (
            panel(element("rows"), element("chart", tag="chart", kind="line"), element("kpi", tag="metric")),
            ["moved kpi to the end"],
        ),
        (
            panel(element("chart", tag="chart", kind="line"), element("kpi", tag="metric"), element("rows")),
            ["moved chart before kpi"],
        ),
        (panel(*list(BASE.values())[3:], action("reset", "x")), ["+action reset"]),
        (panel(element("kpi", tag="metric"), element("chart", tag="chart", kind="line")), ["-text rows"]),
        (
            panel(element("total", tag="metric"), element("rows"), element("chart", tag="chart", kind="line")),
            ["renamed kpi to total"],
        ),
        (panel(*list(BASE.values())[3:], element("box", tag="row"), element("in", "box")), ["+row box (1 inside)"]),
        (
            panel(
                element("rows"),
                element("chart", tag="chart", kind="line"),
                element("box", tag="row"),
                element("kpi", "box", tag="metric"),
            ),
            ["+row box", "moved kpi into box"],
        ),
    ],
)
def test_a_change_is_told_in_one_line(new: Panel, words: list[str]) -> None:
    assert told(BASE, new) == words


def test_a_panel_that_came_or_went_is_one_line() -> None:
    assert told(None, BASE) == ["new panel"]
    assert told(BASE, None) == ["panel removed"]
    assert told(None, None) == []


def test_code_is_told_by_lines_and_not_in_full() -> None:
    old, new = panel(action("a", "one;\ntwo;")), panel(action("a", "one;\nthree;\nfour;"))
    assert told(old, new) == ["action.a: code changed (+2 -1 lines)"]


def test_a_text_without_an_id_is_still_itself_when_one_is_put_before_it() -> None:
    old = panel(text(1, "first of all"), text(2, "and then the second"))
    new = panel(text(1, "something before"), text(2, "first of all"), text(3, "and then the second!"))
    assert told(old, new) == ["+text", 'text-3: text and then the second -> "and then the second!"']
    assert told(old, old) == []


@settings(max_examples=300, deadline=None)
@given(versions(), versions())
def test_equal_versions_have_no_differences_and_others_have_some(old: Panel, new: Panel) -> None:
    assert told(old, old) == []
    by_id = {key: (entity.parent, entity.attrs) for key, entity in old.items()}
    if by_id != {key: (entity.parent, entity.attrs) for key, entity in new.items()}:
        assert told(old, new)


def test_ids_that_nobody_wrote_are_found_again_and_new_ones_take_nobodys() -> None:
    old = list(panel(text(1, "alpha"), text(2, "beta")).values())
    new = list(panel(text(1, "beta"), text(2, "gamma, which is new")).values())
    aligned = [entity for entity in align(old, new, {"p/text-3"}) if counted(entity)]
    assert [(entity.id, entity.attrs["text"]) for entity in aligned] == [
        ("p/text-2", "beta"),
        ("p/text-4", "gamma, which is new"),
    ]
    assert keyed(align(old, old)) == keyed(old)
