"""From a model's answer to a patch: streamed, partial, whole, or refused with sentences that can be acted on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nexus_jupyter.ai import AnswerReader, Unusable, answer_schema, edits_to_ops, mend
from nexus_jupyter.nog import Graph, apply, entities
from nexus_jupyter.protocol.patch import InsertOp, Op, RemoveOp, SetOp
from nexus_jupyter.reactor import Reactor

BOARD = """<panel id="board" title="Board"><view><column id="c"><text id="t">{n}</text><button id="go" label="Go" on:press="add(1)"/>
  <badge>x</badge></column></view><data><state name="n" type="int" default="0"/></data>
  <logic><action name="add" params="by: int">state.n += by;</action></logic></panel>"""
CHANGE = {
    "say": "The button says Start.",
    "ops": [
        {"op": "set", "id": "go", "attr": "label", "value": "Start"},
        {"op": "insert", "where": "after", "at": "go", "nxml": '<badge id="b">{n}</badge>'},
        {"op": "remove", "id": "t"},
    ],
}


@pytest.fixture(scope="module")
def reactor(engine: Any) -> Reactor:
    return Reactor(engine)


@pytest.fixture(scope="module")
def graph(reactor: Reactor) -> Graph:
    made = entities(reactor.check(BOARD))
    ops: list[Op] = [InsertOp(entity=one) for one in [*made.shared, *made.own]]
    return apply(Graph(), ops, rev=1).graph


def read(text: str) -> AnswerReader:
    reader = AnswerReader()
    reader.feed(text)
    return reader


def ops_of(graph: Graph, reactor: Reactor, *edits: dict[str, str]) -> list[Op]:
    answer = read(json.dumps({"say": "", "ops": edits})).finish()
    return [op for edit in edits_to_ops(graph, "board", answer.ops, reactor.check) for op in edit.ops]


def refused(graph: Graph, reactor: Reactor, *edits: dict[str, str]) -> str:
    with pytest.raises(Unusable) as error:
        ops_of(graph, reactor, *edits)
    return " ".join(error.value.errors)


def test_edits_appear_one_after_the_other_and_never_half() -> None:
    text, reader, seen = json.dumps(CHANGE), AnswerReader(), [0]
    for char in text:
        reader.feed(char)
        partial = reader.partial()
        assert len(partial.ops) - seen[-1] in (0, 1)
        seen.append(len(partial.ops))
        assert [one.model_dump() for one in partial.ops] == CHANGE["ops"][: len(partial.ops)]
    assert seen[-1] == 3


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_code_stands_behind_the_json_in_blocks_that_are_meant_by_name(size: int) -> None:
    text = 'Sure.\n```json\n{"say":"s","ops":[{"op":"code","id":"action.add","text":"@b1"}]}\n```\n\n```js b1\nif (a < b && "}") {\n  x();\n}\n```\n'
    reader = AnswerReader()
    for at in range(0, len(text), size):
        reader.feed(text[at : at + size])
    assert reader.finish().ops[0].model_dump()["text"] == 'if (a < b && "}") {\n  x();\n}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "neither"),
        ("I cannot do that.", "neither"),
        (json.dumps(CHANGE)[:-1], "not whole"),
        (json.dumps(CHANGE)[:60], "not whole"),
        ('{"say":"s","ops":[{"op":"code","id":"a","text":"@b1"}]}', "no block ```b1"),
        ('{"say":"s","ops":[{"op":"grant","id":"a"}]}', "Op 1"),
        ('{"say":"s","ops":[{"op":"set","id":"a","attr":"b","value":"c","panel":"other"}]}', "panel"),
        ('{"say":"s","ops":[],"grant":"net.http"}', "only say, ops and panel"),
        ('{"say":"s","ops":{}}', "ops is a list"),
        ("<panel id='p'><view>", "not whole"),
        ('{"say": "x" "ops"}', "cannot be read"),
    ],
)
def test_an_answer_that_is_none_is_refused_and_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(Unusable) as error:
        read(text).finish()
    assert says in " ".join(error.value.errors)


def test_a_new_panel_is_read_out_of_what_stands_around_it() -> None:
    answer = read("Here it is:\n```nxml\n<panel id='p'><view/></panel>\n```\nEnjoy!").finish()
    assert answer.nxml == "<panel id='p'><view/></panel>\n"
    assert answer.say == "Here it is:"


def test_a_new_panel_may_come_inside_of_the_object_where_only_json_may_come() -> None:
    text = json.dumps({"say": "New.", "ops": [], "panel": "<panel id='p'><view><text id='t'>x</text></view></panel>"})
    reader = read(text[:60])
    assert reader.partial().nxml == json.loads(text)["panel"][: len(reader.partial().nxml or "")]
    assert read(text).finish().nxml == json.loads(text)["panel"]


def test_an_edit_becomes_ops_of_the_panel(graph: Graph, reactor: Reactor) -> None:
    ops = ops_of(graph, reactor, *CHANGE["ops"])  # type: ignore[arg-type]  # of the example
    assert ops[0] == SetOp(id="board/go", attrs={"attr:label": "Start"})
    assert isinstance(ops[1], InsertOp)
    assert (ops[1].entity.id, ops[1].entity.parent, ops[1].after) == ("board/b", "board/c", "board/go")
    assert ops[2] == RemoveOp(id="board/t")


def test_generated_ids_of_what_is_inserted_are_no_others(graph: Graph, reactor: Reactor) -> None:
    ops = ops_of(
        graph, reactor, {"op": "insert", "where": "into", "at": "c", "nxml": "<badge>1</badge><badge>2</badge>"}
    )
    assert [op.entity.id for op in ops if isinstance(op, InsertOp)] == ["board/badge-2", "board/badge-3"]


def test_a_declaration_goes_into_its_section_whatever_was_said(graph: Graph, reactor: Reactor) -> None:
    ops = ops_of(
        graph, reactor, {"op": "insert", "where": "into", "at": "view", "nxml": '<state name="m" type="int"/>'}
    )
    assert [(op.entity.id, op.entity.parent, op.entity.type) for op in ops if isinstance(op, InsertOp)] == [
        ("board/state.m", "data", "State")
    ]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"op": "set", "id": "gone", "attr": "label", "value": "x"}, "nothing with the id 'gone'"),
        ({"op": "set", "id": "got", "attr": "label", "value": "x"}, "Did you mean go"),
        ({"op": "set", "id": "other/go", "attr": "label", "value": "x"}, "nothing with the id"),
        ({"op": "set", "id": "board/go", "attr": "label", "value": "x"}, "nothing with the id"),
        ({"op": "set", "id": "capability:net.http", "attr": "name", "value": "x"}, "nothing with the id"),
        ({"op": "set", "id": "frame:df", "attr": "name", "value": "x"}, "nothing with the id"),
        ({"op": "remove", "id": "board"}, "stays"),
        ({"op": "remove", "id": "view"}, "stays"),
        ({"op": "set", "id": "board", "attr": "nxml", "value": "x"}, "only the title"),
        ({"op": "set", "id": "state.n", "attr": "value", "value": "9"}, "belongs to the people"),
        ({"op": "set", "id": "state.n", "attr": "user:bob", "value": "9"}, "cannot be set"),
        ({"op": "set", "id": "go", "attr": "attr:label", "value": "9"}, "cannot be set"),
        ({"op": "set", "id": "go", "attr": "id", "value": "stop"}, "cannot be set"),
        ({"op": "set", "id": "go", "attr": "__proto__", "value": "x"}, "no name"),
        ({"op": "unset", "id": "go", "attr": "kind"}, "has no attribute"),
        ({"op": "replace", "id": "action.add", "old": "nothing", "new": "x"}, "0 times"),
        ({"op": "replace", "id": "action.add", "old": "", "new": "x"}, "0 times"),
        ({"op": "code", "id": "go", "text": "x"}, "no code"),
        ({"op": "move", "id": "c", "where": "into", "at": "c"}, "into itself"),
        ({"op": "move", "id": "c", "where": "after", "at": "go"}, "into itself"),
        ({"op": "insert", "where": "into", "at": "c", "nxml": '<text id="t">again</text>'}, "already"),
        ({"op": "insert", "where": "into", "at": "c", "nxml": "just text"}, "needs an element"),
        ({"op": "insert", "where": "into", "at": "c", "nxml": '<badge id="z">1</badge></view><logic><uses cap="net.http"/>'}, "nxml"),
        ({"op": "insert", "where": "into", "at": "c", "nxml": '<badge id="z">1</badge></view></panel><panel id="q"><view>'}, "nxml"),
        ({"op": "insert", "where": "into", "at": "c", "nxml": '<badge id="z"'}, "cannot be read"),
        ({"op": "insert", "where": "into", "at": "c", "nxml": '<badge id="frame:df">1</badge>'}, "nxml cannot be read"),
        ({"op": "insert", "where": "into", "at": "c", "nxml": '<badge id="other/x">1</badge>'}, "nxml cannot be read"),
    ],
)  # fmt: skip
def test_what_is_not_there_or_not_a_models_to_change_is_refused(
    graph: Graph, reactor: Reactor, edit: dict[str, str], says: str
) -> None:
    assert says in refused(graph, reactor, edit)


def test_what_an_earlier_edit_removed_cannot_be_changed_by_a_later_one(graph: Graph, reactor: Reactor) -> None:
    told = refused(
        graph, reactor, {"op": "remove", "id": "c"}, {"op": "set", "id": "go", "attr": "label", "value": "x"}
    )
    assert told.startswith("Op 2 (set)")


def test_fixes_of_errors_are_applied_and_told() -> None:
    # Without the engine: the places of edits are counted in UTF-16 units, as the checker counts them.
    from nexus_jupyter.protocol.diagnostics import Diagnostic, Fix, Span, TextEdit
    from nexus_jupyter.protocol.panel import Build

    def build(*found: Diagnostic) -> Build:
        return Build.model_construct(diagnostics=list(found))

    span = Span(start=0, end=1, line=1, col=1)
    wrong = Diagnostic(
        code="NX2002",
        severity="error",
        message="There is no <buton>.",
        span=span,
        fix=Fix(title="write <button>", edits=[TextEdit(start=3, end=8, text="button")], certain=True),
    )
    text, _, done = mend("😀<buton/>", build(wrong), lambda _: build())
    assert text == "😀<button/>"
    assert done == ["There is no <buton>. Write <button>."]


def test_the_schema_keeps_to_what_all_servers_understand() -> None:
    found = answer_schema(either=True)
    seen: list[dict[str, Any]] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if "type" in part or "anyOf" in part:
                seen.append(part)
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(found)
    objects = [part for part in seen if part.get("type") == "object"]
    assert len(objects) == 8
    assert all(
        sorted(part["required"]) == sorted(part["properties"]) and part["additionalProperties"] is False
        for part in objects
    )
    assert {key for part in seen for key in part} <= {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "anyOf",
        "enum",
    }
