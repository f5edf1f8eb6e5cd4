"""The author of a folder attacks whoever clones, copies or unpacks it and opens it as a workspace.

The folder has a ``.nexus`` that another account made: grants that are active, confirmed remotes, an alert rule with a
webhook, a history database with a view that starts a program, a journal that is no sound SQLite file, an identity that
was made up. Opening it must set all of that aside, unread by anything that trusts it, run nothing, and take panels,
graph and files as content. A person may allow each right, one by one, or say that the folder is their own.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import nexus_jupyter as nexus
from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.alerts import AlertRule
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, StorageError
from nexus_jupyter.storage import chained
from nexus_jupyter.storage.private import replace
from nexus_jupyter.upkeep import repaired, verified
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions, trust
from nexus_jupyter.workspace.adoption import Adoptions
from tests.conftest import ANN, COUNTER

#: An action that runs when the panel is mounted, and would write a file if its grant held.
MOUNTED = """<panel id="mounted">
  <view><text id="t">{n}</text></view>
  <data><state name="n" type="int" default="0"/></data>
  <logic>
    <uses cap="fs.write" target="/" why="to attack"/>
    <lifecycle on="mount" run="write()"/>
    <action name="write">await nx.files.write("witness.txt", "attacked"); state.n = 1;</action>
  </logic>
</panel>
"""


@pytest.fixture
def attacker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Be another account until the function is called."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_DATA_HOME", str(tmp_path / "attacker"))
        yield elsewhere.undo


@pytest.fixture
def foreign(tmp_path: Path, engine: Engine, attacker: Callable[[], None]) -> Path:
    """The folder of a workspace that another account made."""
    folder = tmp_path / "sales"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", COUNTER, ANN)
    kernel.set_state("counter", {"count": 7}, ANN)
    kernel.put_panel("mounted", MOUNTED, ANN)
    kernel.permissions.grant("mounted", "fs.write", None, ANN)
    kernel.permissions.grant("counter", "net.http", "https://attacker.example", ANN)
    (folder / "files").mkdir()
    (folder / "files" / "data.csv").write_text("a\n1\n", encoding="utf-8")
    kernel.versions.commit("first", ANN)
    kernel.versions.remote("origin", "https://attacker.example/sales.git")
    kernel.close()
    rule = AlertRule(active=True, every=1, webhooks=["https://attacker.example/told"])
    replace(folder / ".nexus" / "alert-rule.json", rule.model_dump_json())
    program = folder / ".nexus" / "trilog" / "user_scripts" / "attack.sh"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    attacker()
    return folder


def test_content_is_taken_and_no_right_holds(foreign: Path, engine: Engine) -> None:
    kernel = WorkspaceKernel(foreign, engine=engine)
    try:
        assert kernel.panels() == ["counter", "mounted"]
        assert kernel.panel("counter").state["count"] == 7
        assert kernel.permissions.store.all() == []
        assert kernel.versions.remotes.all() == {}
        assert not kernel.alerts.state().rule.active
        assert kernel.alerts.state().rule.webhooks == []
        assert not kernel.folder.trilog.exists() or not (kernel.folder.trilog / "user_scripts").exists()
        with pytest.raises(NexusError, match=r"fs\.write"):
            kernel.execution.start("mounted", "write", [], ANN).result(60)
        assert not (foreign / "files" / "witness.txt").exists()
    finally:
        kernel.close()


def test_what_was_taken_and_left_out_is_told(foreign: Path, engine: Engine) -> None:
    kernel = WorkspaceKernel(foreign, engine=engine)
    try:
        told = kernel.adoption.state()
    finally:
        kernel.close()
    assert told is not None
    assert (told.aside, told.panels, told.graph, told.files, told.refused) == (".nexus.foreign-1", 2, 2, 1, [])
    rights = {(one.kind, one.panel, one.cap, one.target, one.name, one.url) for one in told.left}
    assert rights == {
        ("grant", "mounted", "fs.write", None, None, None),
        ("grant", "counter", "net.http", "https://attacker.example", None, None),
        ("remote", None, None, None, "origin", "https://attacker.example/sales.git"),
        ("alert", None, None, None, None, None),
    }
    assert not any(one.allowed for one in told.left)
    details = [finding.detail for finding in verified(foreign) if finding.name == "workspace"]
    assert any(".nexus.foreign-1" in detail for detail in details)


def test_a_person_allows_one_right_after_the_other(foreign: Path) -> None:
    with nexus.Workspace.open(foreign) as ws:
        left = ws.adoption.left
        number = int(left[left["panel"] == "counter"].index[0])
        ws.adoption.allow(number)
        assert list(ws.grants[ws.grants["holds"]]["target"]) == ["https://attacker.example"]
        assert list(ws.adoption.left["allowed"]).count(True) == 1
        with pytest.raises(NotFoundError, match="Nothing with the number 99"):
            ws.adoption.allow(99)
    with nexus.Workspace.open(foreign) as ws:
        assert list(ws.adoption.left["allowed"]).count(True) == 1
        assert "attacker.example" in repr(ws.adoption)
        assert "<script" not in ws.adoption._repr_html_()


def test_a_person_says_that_the_folder_is_their_own(foreign: Path, engine: Engine) -> None:
    WorkspaceKernel(foreign, engine=engine).close()
    trust(foreign)
    kernel = WorkspaceKernel(foreign, engine=engine)
    try:
        assert {grant.panel for grant in kernel.permissions.store.all()} == {"counter", "mounted"}
        assert kernel.versions.remotes.all() == {"origin": "https://attacker.example/sales.git"}
        assert kernel.head.rev > 1
    finally:
        kernel.close()
    assert (foreign / ".nexus.replaced-1" / "journal.db").exists()
    with pytest.raises(NotFoundError, match="was made by another account"):
        trust(foreign)


def test_a_folder_without_versions_gives_its_files(foreign: Path, engine: Engine) -> None:
    shutil.rmtree(foreign / ".git")
    (foreign / "panels" / "broken.nxml").write_text("<panel id='other'><view/></panel>", encoding="utf-8")
    kernel = WorkspaceKernel(foreign, engine=engine)
    try:
        assert kernel.panels() == ["counter", "mounted"]
        assert kernel.panel("counter").state["count"] == 7
        told = kernel.adoption.state()
        assert told is not None
        assert any("'broken'" in sentence for sentence in told.refused)
        assert {change.actor.id for change in kernel.journal.read()} == {"file"}
    finally:
        kernel.close()


def views(file: Path) -> None:
    """Put a view without an end where the grants are looked for."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE grants")
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS panel FROM n"
        connection.execute(f"CREATE VIEW grants AS {endless}")
        connection.commit()


def endless_column(file: Path) -> None:
    """Make a generated column of the table of grants work without an end."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE grants")
        connection.execute(
            "CREATE TABLE grants (panel, cap AS (hex(zeroblob(100000000))), target, revoked_at)",
        )
        connection.execute("INSERT INTO grants (panel) VALUES ('x')")
        connection.commit()


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for at in range(100, len(data), 7):
        data[at] ^= 0x5A
    file.write_bytes(data)


def a_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "a view without an end": views,
    "a column without an end": endless_column,
    "damaged pages": damage,
    "no database": lambda file: file.write_bytes(b"SQLite format 3\0" + bytes(10_000)) and None,
    "empty": lambda file: file.write_bytes(b"") and None,
    "a link": a_link,
    "a pipe": a_pipe,
}


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_database_is_read_elsewhere_and_bounded(
    foreign: Path, engine: Engine, attack: Callable[[Path], None]
) -> None:
    attack(foreign / ".nexus" / "journal.db")
    kernel = WorkspaceKernel(foreign, engine=engine)
    try:
        assert kernel.panels() == ["counter", "mounted"]
        assert kernel.permissions.store.all() == []
        told = kernel.adoption.state()
        assert told is not None
        assert len(told.left) <= 202
    finally:
        kernel.close()


def no_identity(folder: Path) -> None:
    (folder / "identity.json").unlink()


def forged(folder: Path) -> None:
    found = json.loads((folder / "identity.json").read_text(encoding="utf-8"))
    replace(folder / "identity.json", json.dumps({**found, "signature": "0" * 64}))


def nonsense(folder: Path) -> None:
    replace(folder / "identity.json", '{"id": ["x"], "signature": {}}')


def huge(folder: Path) -> None:
    replace(folder / "identity.json", json.dumps({"id": "x" * 10_000_000}))


def linked_identity(folder: Path) -> None:
    (folder / "identity.json").rename(folder.parent / "identity.json")
    (folder / "identity.json").symlink_to("../identity.json")


IDENTITIES: dict[str, Callable[[Path], None]] = {
    "of another account": lambda _folder: None,
    "none": no_identity,
    "forged": forged,
    "nonsense": nonsense,
    "huge": huge,
    "a link": linked_identity,
}


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES)
def test_an_identity_that_this_account_did_not_sign_is_foreign(
    foreign: Path, engine: Engine, identity: Callable[[Path], None]
) -> None:
    identity(foreign / ".nexus")
    kernel = WorkspaceKernel(foreign, engine=engine)
    try:
        assert kernel.folder.foreign == foreign / ".nexus.foreign-1"
        assert kernel.permissions.store.all() == []
    finally:
        kernel.close()


def test_a_private_folder_that_is_a_link_is_not_followed(foreign: Path, tmp_path: Path, engine: Engine) -> None:
    WorkspaceKernel(tmp_path / "own", engine=engine).close()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "own" / ".nexus").rglob("*")}
    shutil.rmtree(foreign / ".nexus")
    (foreign / ".nexus").symlink_to(tmp_path / "own" / ".nexus")
    WorkspaceKernel(foreign, engine=engine).close()
    assert (foreign / ".nexus.foreign-1").is_symlink()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "own" / ".nexus").rglob("*")} == before


def test_a_foreign_folder_that_is_open_is_left_alone(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    try:
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
            with pytest.raises(StorageError, match="is open already in this process"):
                WorkspaceKernel(tmp_path / "ws", engine=engine)
        kernel.put_panel("counter", COUNTER, ANN)
        assert not (tmp_path / "ws" / ".nexus.foreign-1").exists()
    finally:
        kernel.close()


def test_a_database_server_is_no_way_in(foreign: Path, engine: Engine, request: pytest.FixtureRequest) -> None:
    """The folder has the name, and the id, of a workspace of the person on the person's own server."""
    options = WorkspaceOptions(database_url=request.getfixturevalue("postgres").database())
    own = WorkspaceKernel(foreign.parent / "own" / "sales", engine=engine, options=options)
    own.put_panel("secret", COUNTER.replace("counter", "secret"), ANN)
    own.close()
    found = json.loads((foreign / ".nexus" / "identity.json").read_text(encoding="utf-8"))
    replace(foreign / ".nexus" / "identity.json", json.dumps({**found, "id": own.store.key, "key": own.store.key}))
    kernel = WorkspaceKernel(foreign, engine=engine, options=options)
    try:
        assert "secret" not in kernel.panels()
        assert kernel.permissions.store.all() == []
    finally:
        kernel.close()


def test_where_nothing_can_be_kept_a_session_knows_its_own_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container whose home cannot be written: two processes of one session keep the workspace, with its rights."""
    (tmp_path / "home").write_text("no folder", encoding="utf-8")
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    code = (
        "import sys, nexus_jupyter as n\n"
        "with n.Workspace.open(sys.argv[1]) as ws:\n"
        "    print(ws.panels, ws.adoption.state)\n"
        f"    ws.panel('counter', {COUNTER!r})\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / "ws"], capture_output=True, text=True, check=True, env=environment
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["[] None", "['counter'] None"]


def grant_more(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        connection.execute("UPDATE grants SET cap = 'fs.write', target = NULL")
        connection.commit()


def change_a_panel(folder: Path) -> None:
    """Write another program into the journal, and the digests that fit it."""
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("UPDATE journal SET ops = replace(ops, 'state.count += by', 'state.count -= by')")
        connection.execute("DELETE FROM checkpoints")
        digest = ""
        for row in connection.execute("SELECT * FROM journal ORDER BY rev").fetchall():
            digest = chained(digest, dict(row))
            connection.execute("UPDATE journal SET digest = ? WHERE rev = ?", (digest, row["rev"]))
        connection.commit()


def another_remote(folder: Path) -> None:
    replace(folder / "remotes.json", json.dumps({"origin": "https://attacker.example/x.git"}))


def another_alert(folder: Path) -> None:
    replace(
        folder / "alert-rule.json", AlertRule(active=True, webhooks=["https://attacker.example/"]).model_dump_json()
    )


def no_seal(folder: Path) -> None:
    (folder / "seal.json").unlink()


BROUGHT_BACK: dict[str, Callable[[Path], None]] = {
    "other grants": grant_more,
    "another panel under the grants": change_a_panel,
    "another remote": another_remote,
    "another alert": another_alert,
    "no seal": no_seal,
}


@pytest.mark.parametrize("change", BROUGHT_BACK.values(), ids=BROUGHT_BACK)
def test_ones_own_folder_that_is_brought_back_changed_has_no_rights(
    tmp_path: Path, engine: Engine, change: Callable[[Path], None]
) -> None:
    """The person gave the whole folder away: the attacker has its signed identity."""
    folder = tmp_path / "sales"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", COUNTER, ANN)
    kernel.permissions.grant("counter", "net.http", "https://example.org", ANN)
    kernel.versions.remote("origin", "https://example.org/sales.git")
    kernel.close()
    archive = shutil.make_archive(str(tmp_path / "given"), "tar", folder)
    shutil.rmtree(folder)
    shutil.unpack_archive(archive, folder, filter="data")
    change(folder / ".nexus")
    kernel = WorkspaceKernel(folder, engine=engine)
    try:
        assert kernel.panels() == ["counter"]
        assert kernel.permissions.store.active("counter") == []
        assert kernel.versions.remotes.all() == {}
        assert not kernel.alerts.state().rule.active
        told = kernel.adoption.state()
        assert told is not None
        assert {one.kind for one in told.left} >= {"grant", "remote"}
    finally:
        kernel.close()


def test_ones_own_folder_that_is_brought_back_with_a_trigger_is_not_opened(tmp_path: Path, engine: Engine) -> None:
    """A trigger would give grants when something else is saved, after the rights were looked at."""
    folder = tmp_path / "sales"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", COUNTER, ANN)
    kernel.close()
    folder.rename(tmp_path / "given")
    shutil.copytree(tmp_path / "given", folder)
    shutil.rmtree(tmp_path / "given")
    with closing(sqlite3.connect(folder / ".nexus" / "journal.db")) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM grants; END")
        connection.commit()
    with pytest.raises(StorageError, match="a trigger or view 't'"):
        WorkspaceKernel(folder, engine=engine)
    assert any("trigger" in finding.detail for finding in verified(folder))
    repaired(folder)
    kernel = WorkspaceKernel(folder, engine=engine)
    assert kernel.panels() == ["counter"]
    kernel.close()


@pytest.mark.parametrize(
    "remotes",
    ['{"origin": "https://x.invalid/\\ud800"}', '{"origin": 5}', "[" * 100_000, "[]"],
    ids=["half a character", "a number", "deep", "a list"],
)
def test_whatever_a_folder_says_of_its_remotes_it_is_told_where_it_came_from(
    tmp_path: Path, engine: Engine, remotes: str
) -> None:
    folder = tmp_path / "ws"
    (folder / "panels").mkdir(parents=True)
    (folder / ".nexus").mkdir()
    (folder / "panels" / "mounted.nxml").write_text(MOUNTED)
    (folder / ".nexus" / "remotes.json").write_text(remotes)
    for _ in range(2):
        kernel = WorkspaceKernel(folder, engine=engine)
        try:
            assert kernel.adoption.foreign
            assert kernel.panels() == ["mounted"]
        finally:
            kernel.close()


def test_a_folder_whose_taking_was_interrupted_is_told_where_it_came_from(
    foreign: Path, engine: Engine, attacker: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    attacker()

    class KilledError(Exception):
        pass

    def killed(_adoptions: object) -> object:
        raise KilledError

    with monkeypatch.context() as interrupted:
        interrupted.setattr(Adoptions, "_take", killed)
        with pytest.raises(KilledError):
            WorkspaceKernel(foreign, engine=engine)
    kernel = WorkspaceKernel(foreign, engine=engine)
    try:
        state = kernel.adoption.state()
        assert kernel.adoption.foreign
        assert state is not None
        assert state.left
    finally:
        kernel.close()


@pytest.mark.parametrize(
    "name", ["quotas.json", "versions.json", "identity.json", "owner", "seal.json", "adoption.json"]
)
@pytest.mark.parametrize(
    "content", ["[]", "5", "[" * 100_000, "{", ""], ids=["list", "number", "deep", "open", "empty"]
)
def test_a_small_private_file_that_is_damaged_closes_no_workspace(
    tmp_path: Path, engine: Engine, name: str, content: str
) -> None:
    folder = tmp_path / "ws"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", COUNTER, ANN)
    kernel.versions.commit("first", ANN)
    kernel.close()
    (folder / ".nexus" / name).write_text(content)
    kernel = WorkspaceKernel(folder, engine=engine)
    try:
        assert kernel.panels() == ["counter"]
        kernel.adoption.state()
        kernel.versions.commit("second", ANN)
    finally:
        kernel.close()
