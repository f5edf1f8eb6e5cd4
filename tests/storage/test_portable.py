"""A journal goes from any database to any other and is the same there; a damaged file is refused with the line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from nexus_jupyter.cli import main
from nexus_jupyter.engine import Engine
from nexus_jupyter.nog.snapshot import dump
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.upkeep import CompactBody
from nexus_jupyter.storage import FIELDS
from nexus_jupyter.workspace import (
    WorkspaceKernel,
    WorkspaceOptions,
    compact,
    export_lines,
    import_journal,
    write_lines,
)
from tests.postgres import Cluster


def filled(
    folder: Path, engine: Engine, options: WorkspaceOptions, counter: str, *, compacted: bool
) -> WorkspaceKernel:
    ann = Actor(id="ann", name="Änn\u2028")  # a separator of lines that must not end one
    kernel = WorkspaceKernel(folder, engine=engine, options=options)
    kernel.put_panel("counter", counter, ann)
    for value in range(1, 31):
        kernel.set_state("counter", {"count": value}, ann)
    if compacted:
        compact(kernel.store, kernel.trilog, CompactBody(keep_changes=12, without_trilog=True))
    return kernel


def contents(kernel: WorkspaceKernel) -> tuple[object, ...]:
    rows = [tuple(row[name] for name in (*FIELDS, "digest")) for row in kernel.journal.rows()]
    return rows, kernel.journal.base, dump(kernel.head.graph), kernel.head.rev


@pytest.mark.parametrize("name", ["j.jsonl", "j.jsonl.gz"])
@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("other", ["sqlite", "postgresql"])
def test_the_round_trip_is_equal(
    tmp_path: Path, engine: Engine, options: WorkspaceOptions, counter: str, postgres: Cluster, name: str, compacted: bool, other: str
) -> None:  # fmt: skip
    kernel = filled(tmp_path / "ws", engine, options, counter, compacted=compacted)
    write_lines(export_lines(kernel.journal, kernel.store.checkpoints, kernel.name), tmp_path / name)
    expected = contents(kernel)
    kernel.close()
    target = WorkspaceOptions(database_url=postgres.database() if other == "postgresql" else "")
    assert import_journal(tmp_path / name, tmp_path / "other", target) == 31
    again = WorkspaceKernel(tmp_path / "other", engine=engine, options=target)
    assert contents(again) == expected
    again.set_state("counter", {"count": 99}, Actor(id="ann"))
    again.close()
    with pytest.raises(StorageError, match="has a history of its own"):
        import_journal(tmp_path / name, tmp_path / "other", target)


@pytest.fixture
def exported(tmp_path: Path, engine: Engine, counter: str) -> list[str]:
    kernel = filled(tmp_path / "ws", engine, WorkspaceOptions(), counter, compacted=False)
    lines = list(export_lines(kernel.journal, kernel.store.checkpoints, kernel.name))
    kernel.close()
    return lines


def refused(tmp_path: Path, lines: list[str], name: str = "j.jsonl") -> str:
    file = tmp_path / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(StorageError) as caught:
        import_journal(file, tmp_path / "other", WorkspaceOptions())
    assert not (tmp_path / "other").exists()
    return caught.value.message


def test_a_damaged_file_is_refused_with_the_line(tmp_path: Path, exported: list[str]) -> None:
    assert "line 20: the file ends here" in refused(tmp_path, exported[:20])
    assert "line 20: this cannot be read" in refused(tmp_path, [*exported[:19], exported[19][:50]])
    edited = [line.replace('"value\\":12', '"value\\":13') for line in exported]
    assert edited != exported
    assert "line 14: rev 13 is not what was exported" in refused(tmp_path, edited)
    assert "line 6: rev 5 should be here, not rev 6" in refused(tmp_path, [*exported[:5], *exported[6:]])
    assert "line 33: the end does not fit" in refused(tmp_path, [*exported[:-1], '{"end": 31, "digest": "x"}'])
    assert "line 1: rev 31 should be the last" in refused(tmp_path, [*exported[:-2], json.dumps({"end": 30, "digest": json.loads(exported[-3])["digest"]})])  # fmt: skip
    assert "line 1: this is no exported journal" in refused(tmp_path, exported[1:])
    assert "line 1: this cannot be read" in refused(tmp_path, ["<html>"])


def test_a_compressed_file_that_was_cut_off_is_refused(tmp_path: Path, exported: list[str]) -> None:
    whole = gzip.compress("".join(f"{line}\n" for line in exported).encode())
    file = tmp_path / "j.jsonl.gz"
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError, match=r"line \d+: this cannot be read"):
        import_journal(file, tmp_path / "other", WorkspaceOptions())


def test_an_import_that_was_interrupted_goes_on(tmp_path: Path, engine: Engine, exported: list[str]) -> None:
    file = tmp_path / "j.jsonl"
    file.write_text("\n".join(exported) + "\n", encoding="utf-8")
    kernel = WorkspaceKernel(tmp_path / "other", engine=engine)
    kernel.journal.restore([json.loads(line) for line in exported[1:12]])
    kernel.writer.head  # noqa: B018 - it knows nothing of these; only the import does
    kernel.store.checkpointer._every = 0
    kernel.close()
    assert import_journal(file, tmp_path / "other", WorkspaceOptions()) == 31


def test_the_command_line_and_the_notebook_do_the_same(
    tmp_path: Path, counter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Workspace.open(tmp_path / "ws") as ws:
        ws.panel("counter", counter).state["count"] = 5
        one = ws.export_journal(tmp_path / "one.jsonl")
    assert main(["export", str(tmp_path / "ws"), "--journal", str(tmp_path / "two.jsonl")]) == 0
    assert one.read_text() == (tmp_path / "two.jsonl").read_text()
    assert main(["import", str(one), str(tmp_path / "new")]) == 0
    assert "up to rev 2" in capsys.readouterr().out
    with Workspace.open(tmp_path / "new") as ws:
        assert ws["counter"].state["count"] == 5
    assert main(["import", str(one), str(tmp_path / "ws")]) == 0  # the same journal: there is nothing to do
