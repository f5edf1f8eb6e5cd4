"""A handler or a client leaves half of a surrogate pair in what is kept.

Attacker: the author of a panel, or a client of the API. ``'\\ud800'`` is a string of JavaScript and can be spelled in
JSON, but UTF-8 has no form for it: a value that holds one could be neither stored, nor committed, nor sent to anybody.

What must hold: no text that leaves the engine holds half of a pair, whatever the handler did to its surroundings; no
such value becomes a state by another way; the panel can be read and committed afterwards.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from nexus_jupyter.engine import Engine, EngineFailure, unpack
from nexus_jupyter.protocol.errors import HandlerError, StateError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.trilog.spool import Position, Spool, SpoolReader
from nexus_jupyter.workspace import StreamSession, WorkspaceKernel
from tests.attacks.server.test_rights_of_messages import EXAMPLES

#: Replaces what the program around the handler could use to look for halves.
BROKEN = (
    "String.prototype.toWellFormed = function () { return this + '' }; String.prototype.isWellFormed = () => true; "
)
HALVES = ["'\\ud800'", "'\\udc00'", "'a\\udfffb'", "'\\udc00\\ud800'", "'\\ud83d' + 'x'", "'😀'.slice(1)", "'😀'[0]"]
#: Where a handler can leave a text.
PLACES = {
    "state": "state.data = HALF",
    "inside a state": "state.data = [{ a: [HALF] }]",
    "key": "state.data = { [HALF]: 1 }",
    "two keys that would be one": "state.data = { '\\ud800': 1, '\\udc00': 2, [HALF]: 3 }",
    "result": "return HALF",
    "key of the result": "return { [HALF]: HALF }",
    "log": "nx.log(HALF)",
    "log of an object": "nx.log({ [HALF]: HALF })",
    "error": "nx.error(HALF)",
    "fail": "nx.fail(HALF)",
    "thrown": "throw HALF",
    "name of an error": "const e = new Error('x'); e.name = HALF; throw e",
    "name of a host call's argument": "await nx.kernel.call(HALF, { [HALF]: HALF })",
    "path": "await nx.files.read(HALF)",
    "address": "await nx.fetch('http://example.org/' + HALF)",
    "SQL": "await nx.db.query(HALF, HALF)",
}


@pytest.mark.parametrize("broken", [False, True], ids=["", "surroundings broken"])
@pytest.mark.parametrize("place", PLACES)
def test_a_panel_stays_readable_whatever_its_handler_leaves(
    kernel: WorkspaceKernel, ann: Actor, place: str, broken: bool
) -> None:
    names = [f"a{number}" for number in range(len(HALVES))]
    actions = "".join(
        f'<action name="{name}">{BROKEN if broken else ""}{PLACES[place].replace("HALF", half)}</action>'
        for name, half in zip(names, HALVES, strict=True)
    )
    uses = "".join(f'<uses cap="{cap}" why="a test"/>' for cap in ("kernel.call", "fs.read", "net.http", "db.query"))
    text = f'<panel id="p"><data><state name="data" type="any"/></data><logic>{uses}{actions}</logic></panel>'
    kernel.put_panel("p", text, ann)
    for name in names:
        try:
            record = kernel.execution.start("p", name, [], ann).result()
        except HandlerError as error:
            assert "SyntaxError" not in str(error)  # noqa: PT017 - it may fail, but in its own way
            str(error).encode()
        else:
            record.model_dump_json().encode()
        json.dumps(kernel.panel("p").state, ensure_ascii=False).encode()
    for recording in kernel.execution.runs.newest(100):
        json.dumps(str(recording), ensure_ascii=False).encode()
    kernel.versions.commit("halves", ann)


@pytest.mark.parametrize("value", ["\ud800", ["\udc00"], {"\ud800": 1}, {"a": [{"b": "x\udfff"}]}])
def test_half_of_a_character_does_not_become_a_state_from_outside(
    kernel: WorkspaceKernel, ann: Actor, value: Any
) -> None:
    kernel.put_panel("p", '<panel id="p"><data><state name="data" type="any"/></data></panel>', ann)
    with pytest.raises(StateError, match="half of a character"):
        kernel.set_state("p", {"data": value}, ann)
    assert kernel.panel("p").state == {"data": None}


def _spoiled(frame: Any) -> Iterator[Any]:
    """Yield a frame with half of a character in the place of each of its texts but its type, and as a key."""
    for key in frame if isinstance(frame, dict) else range(len(frame)):
        inside = frame[key]
        if isinstance(inside, str) and key != "type":
            yield _with(frame, key, "\ud800")
        elif isinstance(inside, (dict, list)):
            yield from (_with(frame, key, one) for one in _spoiled(inside))
    if isinstance(frame, dict):
        yield {**frame, "\udc00": 1}


def _with(frame: Any, key: Any, value: Any) -> Any:
    copy = dict(frame) if isinstance(frame, dict) else list(frame)
    copy[key] = value
    return copy


@pytest.mark.parametrize("decoded", [False, True], ids=["as text", "decoded by a comm"])
def test_half_of_a_character_in_any_place_of_any_frame_is_answered_and_ends_nothing(
    kernel: WorkspaceKernel, ann: Actor, decoded: bool
) -> None:
    told = threading.Event()
    session = StreamSession(kernel, ann, "server", told.set)
    try:
        for kind, example in EXAMPLES.items():
            for frame in _spoiled({"type": kind, **example}):
                session.receive(frame if decoded else json.dumps(frame))
                message = session.take()
                assert message is not None, frame
                assert json.loads(message)["type"] in {"notice", "result"}, frame
        session.receive(json.dumps({"type": "ping", "id": "still"}))
        assert json.loads(session.take() or "")["id"] == "still"
    finally:
        session.close()


def test_the_engine_writes_whole_characters_only(engine: Engine) -> None:
    source = "const run = eval; let r; globalThis.engine = { receive: (x) => { r = run(x); }, report: () => r };"
    talk = engine.image("writes", source)
    for half in HALVES:
        json.dumps(talk.call(f"[{half}, {{ [{half}]: {half} }}]"), ensure_ascii=False).encode()
    assert talk.call("'\\ud800'") == "\ufffd"
    assert talk.call("'퟿\\ue000í\\ud83d\\ude00'") == "\ud7ff\ue000í😀", "neighbours of the range stay"


def test_a_report_with_half_of_a_character_is_refused() -> None:
    report = msgpack.packb({"a": "\ud800"}, unicode_errors="surrogatepass")
    with pytest.raises(EngineFailure, match="cannot be read"):
        unpack(report)


def test_a_sentence_about_a_name_that_is_no_text_can_be_told() -> None:
    error = StateError("There is no \udcff.", hint="Try \ud83d\ude00 or \ud800.")
    assert str(error) == "There is no \ufffd.\nTry 😀 or \ufffd."


def test_what_happened_is_written_down_whatever_is_in_its_texts(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([{"is": "step", "text": "a\udcffb"}, {"is": "step", "text": "c"}])
    spool.close()
    assert [event["text"] for _, event in SpoolReader(tmp_path).read(Position())[0]] == ["a\ufffdb", "c"]
