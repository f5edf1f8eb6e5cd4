"""Of rows that are lost, what was made from them is lost as well; nothing is put together that never was.

Who: a disk. With what: a row of the journal that cannot be read any more, or is gone, with no checkpoint after it. What must
hold: `repair` keeps what follows from what is whole, says what is lost, and makes up no value.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.storage import journal
from nexus_jupyter.workspace import WorkspaceKernel, repair
from tests.conftest import ANN

PANEL = (
    """<panel id="p"><view><text id="t">x</text></view><data><state name="v" type="any" default="0"/></data></panel>"""
)
Value = Callable[[int], JsonValue]

SENTENCE = "Once upon a time there was a long text. " * 10


def words(edit: int) -> JsonValue:
    """Return a text that grows by a word in its middle each time."""
    text = SENTENCE
    for number in range(edit):
        text = text[: 100 + number * 5] + f"[word{number}]" + text[100 + number * 5 :]
    return text


VALUES: dict[str, Value] = {
    "a text": words,
    "a list": lambda edit: [{"id": at, "title": f"Item {at}" * 5} for at in range(edit, edit + 20)],
    "a text in a record": lambda edit: {"doc": words(edit), "n": edit},
    "values of different kinds": lambda edit: "short" if edit == 4 else ["x" * 200, *range(edit)],
}
DAMAGE = {"damaged": "UPDATE journal SET ops = '[' WHERE rev = ?", "gone": "DELETE FROM journal WHERE rev = ?"}


@pytest.mark.parametrize("stored", ["differences", "whole values"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_lost_row_makes_no_value_that_never_was(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, value: Value, damage: str, stored: str
) -> None:
    if stored == "whole values":
        with monkeypatch.context() as patched:
            patched.setattr(journal, "packed", lambda change: (list(change.ops), list(change.inverse)))
            folder, revs = written(tmp_path, engine, value)
    else:
        folder, revs = written(tmp_path, engine, value)
    database = sqlite3.connect(folder / ".nexus" / "journal.db")
    with database:
        database.execute("DELETE FROM checkpoints")
        assert database.execute(damage, [revs[5]]).rowcount == 1
    database.close()
    told = repair(folder)
    kernel = WorkspaceKernel(folder, engine=engine)
    try:
        found: Any = kernel.panel("p").state["v"]  # Any: JSON
        assert found in [value(edit) for edit in range(10)]
        if stored == "whole values":
            assert found == value(9)
    finally:
        kernel.close()
    assert f"{revs[5]}" in str(told)


def written(tmp_path: Path, engine: Engine, value: Value) -> tuple[Path, list[int]]:
    """Return a folder as it was when its process was killed, and the revs of the changes."""
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    try:
        kernel.put_panel("p", PANEL, ANN)
        revs = []
        for edit in range(10):
            kernel.set_state("p", {"v": value(edit)}, ANN)
            revs.append(kernel.head.rev)
        shutil.copytree(tmp_path / "ws", tmp_path / "killed")
    finally:
        kernel.close()
    return tmp_path / "killed", revs
