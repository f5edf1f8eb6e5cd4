"""What holds for every answer, whatever it says: whole or not at all, this panel alone, and always to be taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from nexus_jupyter.ai import AnswerReader, Unusable
from nexus_jupyter.assistant.checking import check_edit, patch_of
from nexus_jupyter.nog import Graph, apply, entities
from nexus_jupyter.protocol.errors import ConflictError, NexusError, PatchError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import InsertOp, Patch, SetOp
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.patches import edit_ops
from tests.assistant.conftest import ANN, BOARD

BOB = Actor(id="bob", name="Bob")
OTHER = BOARD.replace('id="board"', 'id="other"').replace('type="int"', 'type="int" scope="user"')
_ID = st.sampled_from(
    ["c", "kpi", "note", "go", "state.n", "action.add", "view", "data", "logic", "board", "b", "b2", "state.m", "gone", "badge-1",
     "other/go", "other", "capability:net.http", "frame:df", "board/go", "__proto__", ""]
)  # fmt: skip
_ATTR = st.sampled_from(
    [
        "label",
        "lable",
        "value",
        "text",
        "if",
        "kind",
        "title",
        "on:press",
        "default",
        "scope",
        "user:bob",
        "nxml",
        "attr:label",
        "id",
        "onclick",
    ]
)
_TEXT = st.one_of(
    st.sampled_from(
        [
            "",
            "Start",
            "{n}",
            "{m}",
            "{n",
            "add(1)",
            "add()",
            "1",
            "true",
            "javascript:alert(1)",
            "</panel>",
            "<b>",
            "]]>",
            "@b1",
            "info",
            "user",
        ]
    ),
    st.text(max_size=12),
)
_NXML = st.sampled_from(
    ["<badge id='b'>{n}</badge>", "<badge>{m}</badge>", "<state name='m' type='int' default='1'/>", "<badg id='b2' knd='info'>x</badg>", "<row id='r'><text id='b2'>x</text></row>",
     "<action name='more'>state.n += 1;</action>", "<action name='get'>await nx.fetch('https://example.org');</action>", "<uses cap='net.http' target='https://example.org' why='x'/>",
     "<text id='go'>x</text>", "<script>1</script>", "</view><data/>", "<text", "", "<link name='l' from='other.n'/>", "<text id='other/x'>1</text>", "<button id='b' label='B' on:press='gone()'/>"]
)  # fmt: skip
_WHERE = st.sampled_from(["into", "before", "after"])
EDIT = st.one_of(
    st.fixed_dictionaries({"op": st.just("set"), "id": _ID, "attr": _ATTR, "value": _TEXT}),
    st.fixed_dictionaries({"op": st.just("unset"), "id": _ID, "attr": _ATTR}),
    st.fixed_dictionaries({"op": st.just("insert"), "where": _WHERE, "at": _ID, "nxml": _NXML}),
    st.fixed_dictionaries({"op": st.just("remove"), "id": _ID}),
    st.fixed_dictionaries({"op": st.just("move"), "id": _ID, "where": _WHERE, "at": _ID}),
    st.fixed_dictionaries(
        {"op": st.just("replace"), "id": _ID, "old": st.sampled_from(["n", "by", "Go", "A note"]), "new": _TEXT}
    ),
    st.fixed_dictionaries(
        {
            "op": st.just("code"),
            "id": _ID,
            "text": st.sampled_from(["state.n = 1;", "state.m = 1;", "nx.fetch('x')", "}"]),
        }
    ),
)
#: What a model does on a good day, so that much is applied and not only refused.
SENSIBLE = st.sampled_from(
    [
        {"op": "set", "id": "go", "attr": "label", "value": "Start"},
        {"op": "set", "id": "note", "attr": "text", "value": "{n} of {n}"},
        {"op": "set", "id": "note", "attr": "if", "value": "n > 1"},
        {"op": "set", "id": "kpi", "attr": "unit", "value": "€"},
        {"op": "set", "id": "board", "attr": "title", "value": "Another"},
        {"op": "set", "id": "state.n", "attr": "default", "value": "5"},
        {"op": "insert", "where": "after", "at": "go", "nxml": "<badge>{n}</badge><badge>{n + 1}</badge>"},
        {"op": "insert", "where": "into", "at": "c", "nxml": "<row id='r'><text id='r1'>a</text><buton id='r2' lable='B'/></row>"},
        {"op": "insert", "where": "into", "at": "data", "nxml": "<computed name='twice' expr='n * 2'/>"},
        {"op": "insert", "where": "into", "at": "logic", "nxml": "<action name='less'>state.n -= 1;</action>"},
        {"op": "remove", "id": "note"},
        {"op": "remove", "id": "go"},
        {"op": "move", "id": "go", "where": "before", "at": "kpi"},
        {"op": "move", "id": "kpi", "where": "into", "at": "view"},
        {"op": "replace", "id": "action.add", "old": "by;", "new": "2 * by;"},
        {"op": "code", "id": "action.add", "text": "state.n = 2 + by;"},
    ]
)  # fmt: skip
EDITS = st.one_of(
    st.lists(SENSIBLE, min_size=1, max_size=4), st.lists(st.one_of(SENSIBLE, EDIT), min_size=1, max_size=5)
)
CHECKED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory, engine: Any) -> Iterator[WorkspaceKernel]:
    kernel = WorkspaceKernel(tmp_path_factory.mktemp("applier") / "ws", engine=engine)
    kernel.put_panel("board", BOARD, ANN)
    kernel.put_panel("other", OTHER, BOB)
    kernel.set_state("other", {"n": 7}, BOB)
    yield kernel
    kernel.close()


def answer_of(edits: list[dict[str, str]]) -> AnswerReader:
    reader = AnswerReader()
    reader.feed(json.dumps({"say": "", "ops": edits}))
    return reader


def contents(graph: Graph, panel: str) -> dict[str, Any]:
    return {entity.id: entity for entity in graph.subtree(panel)}


def outside(graph: Graph) -> dict[str, Any]:
    """Everything but the panel, as it is; entities that are only named (capabilities, frames) may be new."""
    own = contents(graph, "board")
    return {key: (record.entity, record.out) for key, record in graph.records.items() if key not in own}


def edges(graph: Graph) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.relation, edge.target) for edge in graph.edges()}


@CHECKED
@given(EDITS)
def test_an_answer_applies_as_a_whole_and_can_be_taken_back_or_is_refused(
    ws: WorkspaceKernel, edits: list[dict[str, str]]
) -> None:
    head = ws.head
    try:
        checked = check_edit(ws, head, "board", answer_of(edits).finish())
    except Unusable as refused:
        told = refused.errors
        assert told
        assert all(told)
        assert ws.head is head
        event("refused")
        return
    event("applied")
    done = apply(head.graph, checked.ops, rev=head.rev + 1)
    back = apply(done.graph, done.inverse, rev=head.rev + 2).graph
    assert {key: record.entity for key, record in back.records.items()} == {
        key: record.entity for key, record in head.graph.records.items()
    }
    assert edges(back) == edges(head.graph)
    # Nothing outside of the panel is another, and what is new there has no more than a name.
    before, after = outside(head.graph), outside(done.graph)
    assert {key: after[key] for key in before} == before
    assert all(
        after[key][0].type in {"Capability", "Frame"} and set(after[key][0].attrs) == {"name"}
        for key in after.keys() - before.keys()
    )
    # No reference dangles, and text and graph say the same.
    assert all(one.parent is None or one.parent in done.graph for one in contents(done.graph, "board").values())
    assert all(end in done.graph for edge in done.graph.edges() for end in (edge.source, edge.target))
    build = ws.reactor.check(checked.after)
    assert build.ok
    assert {entity.id for entity in entities(build).own} == set(contents(done.graph, "board"))


@settings(CHECKED, max_examples=60)
@given(EDITS, st.integers(min_value=0, max_value=5))
def test_one_edit_that_cannot_be_made_refuses_all_of_them(
    ws: WorkspaceKernel, edits: list[dict[str, str]], at: int
) -> None:
    edits = [*edits[:at], {"op": "remove", "id": "nothing-of-that-name"}, *edits[at:]]
    head = ws.head
    with pytest.raises(Unusable):
        check_edit(ws, head, "board", answer_of(edits).finish())
    assert ws.head is head


@settings(CHECKED, max_examples=60)
@given(st.sampled_from(["go", "note", "kpi"]), st.sampled_from(["edit", "remove", "again", "other"]), _TEXT)
def test_a_stale_answer_never_changes_anything_but_what_was_meant(
    ws: WorkspaceKernel, node: str, meanwhile: str, text: str
) -> None:
    head = ws.head
    attr = "text" if node == "note" else "label"
    try:
        checked = check_edit(
            ws, head, "board", answer_of([{"op": "set", "id": node, "attr": attr, "value": f"Meant {text}"}]).finish()
        )
    except Unusable:
        return
    patch = patch_of("board", head.rev, checked.edits)
    wish = {
        "edit": [SetOp(id=node, attrs={attr: "Bob's"})],
        "remove": [{"op": "remove", "id": node}],
        "again": [
            {"op": "remove", "id": node},
            InsertOp.model_validate(
                {"entity": {"id": node, "type": "Element", "parent": "c", "attrs": {"tag": "text", "text": "new"}}}
            ),
        ],
        "other": [SetOp(id="c", attrs={"gap": "l"})],
    }[meanwhile]
    ops, _ = edit_ops(head.graph, "board", Patch.model_validate({"panel": "board", "ops": wish}), ws.reactor)
    newer = apply(head.graph, ops, rev=head.rev + 1).graph
    try:
        done, _ = edit_ops(newer, "board", patch, ws.reactor)
    except (ConflictError, PatchError):
        assert meanwhile != "other"
        return
    assert meanwhile == "other"
    after = apply(newer, done, rev=head.rev + 2).graph
    changed = {key for key, entity in contents(after, "board").items() if contents(newer, "board").get(key) != entity}
    assert changed <= {f"board/{node}", "board"}


@settings(max_examples=100, deadline=None)
@given(EDITS, st.data())
def test_what_has_only_partly_arrived_never_applies(edits: list[dict[str, str]], data: st.DataObject) -> None:
    text = json.dumps({"say": "x", "ops": edits})
    cut = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    reader = AnswerReader()
    reader.feed(text[:cut])
    assert len(reader.partial().ops) <= len(edits)
    with pytest.raises(Unusable):
        reader.finish()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_text_whatever_makes_the_reader_fail_in_another_way(text: str) -> None:
    reader = AnswerReader()
    for piece in (text, '{"say":', text):
        reader.feed(piece)
        reader.partial()
    try:
        reader.finish()
    except Unusable as refused:
        told = refused.errors
        assert told
    except NexusError:  # pragma: no cover - would be a fault
        pytest.fail("the reader speaks of answers, not of workspaces")
