"""The process that opens a workspace's history database.

Who attacks: the author of a folder with a history database in it (views over programs, refreshed by a timer;
dictionaries; programs in `user_scripts`), or whoever gets a query past every check. What must hold: the process reads
no file but its own and its libraries', connects to nobody, starts no program; what a foreign folder defines is never
attached; a database that is none is renamed, never deleted, and the history begins anew. Each mechanism of the kernel
is tried with the other left out.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nexus_jupyter.doctor import examine
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.processes import supported
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.trilog import unsound

pytest.importorskip("chdb")
linux = pytest.mark.skipif(bool(supported().missing), reason="this system confines no processes")
PACKAGE_ROOT = Path(__file__).parent.parent.parent
PROBE = """
import json, os, socket, sys
sys.path.append({root!r})
from nexus_jupyter.processes.confinement import Confinement, confine
held = confine(Confinement(write=({own!r},), ports={ports!r}), **{options!r})
def tried(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"
def connect(port):
    with socket.socket() as client:
        client.connect(("127.0.0.1", port))
print(json.dumps({{
    "read": tried(lambda: open({secret!r}).read()),
    "own": tried(lambda: open({own!r} + "/x", "w").write("x")),
    "write": tried(lambda: open({secret!r} + ".new", "w").write("x")),
    "connect": tried(lambda: connect({port})),
    "environment": tried(lambda: open("/proc/{parent}/environ", "rb").read()),
    "program": tried(lambda: os.execv("/bin/true", ["true"])),
    "held": [held.files, held.network, held.programs],
}}))
"""


def probe(tmp_path: Path, port: int, *, ports: tuple[int, ...] = (), **options: bool) -> dict[str, object]:
    own, secret = tmp_path / "own", tmp_path / "secret"
    own.mkdir(exist_ok=True)
    secret.write_text("a secret")
    code = PROBE.format(
        root=str(PACKAGE_ROOT), own=str(own), secret=str(secret), port=port, ports=ports, options=options, parent=os.getpid()
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@linux
def test_a_confined_process_reaches_only_its_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = probe(tmp_path, port)
        assert found == {
            "read": "PermissionError", "own": "done", "write": "PermissionError", "connect": "PermissionError",
            "environment": "PermissionError", "program": "PermissionError", "held": [True, True, True],
        }  # fmt: skip
        files = probe(tmp_path, port, seccomp=False)
        assert {**found, "held": files["held"]} == files
        calls = probe(tmp_path, port, landlock=False)
        assert (calls["connect"], calls["program"]) == ("PermissionError", "PermissionError")
        assert calls["held"] == [False, True, True]
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


@linux
def test_a_port_that_is_needed_can_be_reached_and_no_other(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        needed, not_needed = server.getsockname()[1], other.getsockname()[1]
        assert probe(tmp_path, needed, ports=(needed,))["connect"] == "done"
        found = probe(tmp_path, not_needed, ports=(needed,))
        assert (found["connect"], found["program"]) == ("PermissionError", "PermissionError")


@linux
def test_the_history_process_is_held(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "ws") as ws:
        ws.trilog.sql("select 1")
        number = ws._host.trilog._trilog.process_id
        status = Path(f"/proc/{number}/status").read_text()
        threads = list(Path(f"/proc/{number}/task").iterdir())
        held = [(one / "status").read_text() for one in threads]
    assert "NoNewPrivs:\t1" in status
    assert len(held) > 1
    assert all("Seccomp:\t2" in one for one in held)


def test_a_confined_process_keeps_what_it_took_in_when_it_is_killed(tmp_path: Path) -> None:
    """The engine makes links and renames in its folder; what it may not do there would show at the next start."""
    with Workspace.open(tmp_path / "ws") as ws:
        ws.trilog.flush()
        before = ws.trilog.sql("select kind, registered_at from twin_schemas order by kind")
        assert len(before)
        os.kill(ws._host.trilog._trilog.process_id, signal.SIGKILL)
        assert ws.trilog.sql("select kind, registered_at from twin_schemas order by kind").equals(before)


def made(folder: Path) -> Path:
    """Return a history database that a workspace has made."""
    with Workspace.open(folder) as ws:
        ws.panel(
            "p",
            '<panel id="p"><data><state name="n" type="int" default="1"/></data><view><text id="t">{n}</text></view></panel>',
        )
        ws.trilog.flush()
        return Path(ws._host.trilog._trilog._folder)


FOREIGN = [
    "CREATE VIEW hostile AS SELECT * FROM executable('run.sh', 'TSV', 'a String')",
    "CREATE DATABASE d ENGINE = Atomic; CREATE MATERIALIZED VIEW d.hostile REFRESH EVERY 1 SECOND ENGINE = MergeTree ORDER BY tuple() AS SELECT file('/etc/passwd') AS a",
    "CREATE DATABASE hostile ENGINE = SQLite('/tmp/never')",
    "CREATE FUNCTION hostile AS x -> file(x)",
    "CREATE TABLE hostile (a String) ENGINE = File(CSV, '/tmp/never')",
    "CREATE TABLE hostile (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
    "CREATE DICTIONARY hostile (a UInt64, b String) PRIMARY KEY a SOURCE(FILE(path '/etc/passwd' format 'TSV')) LAYOUT(FLAT()) LIFETIME(1)",
    "CREATE TABLE hostile (a String) ENGINE = SQLite('/tmp/never', 't')",
    "CREATE TABLE hostile (value String) ENGINE = Merge('default', 'twin_changes')",
]


def test_what_a_foreign_folder_defines_is_never_attached(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = made(tmp_path / "ws")
    assert unsound(kept) == ""
    for number, statement in enumerate(FOREIGN):
        foreign = tmp_path / f"foreign-{number}" / "trilog"
        shutil.copytree(kept, foreign, symlinks=True)
        code = f"import chdb; chdb.connect({str(foreign)!r}).query({statement!r})"  # its author's own engine
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (statement, done.stderr)
        assert "never has" in unsound(foreign) or "of its own" in unsound(foreign), statement
    shutil.rmtree(kept)
    (tmp_path / "foreign-0" / "trilog").rename(kept)
    (kept / "user_scripts").mkdir()
    mark = tmp_path / "ran"
    script = kept / "user_scripts" / "run.sh"
    script.write_text(f"#!/bin/sh\necho x > {mark}\n")
    script.chmod(0o755)
    with caplog.at_level(logging.WARNING), Workspace.open(tmp_path / "ws") as ws:
        assert ws.trilog.twin("Panel", "p").at("now").set_index("field").loc["state.n", "value"] == 1
    assert not mark.exists()
    assert (kept.with_name("trilog-aside-1") / "user_scripts" / "run.sh").exists()
    assert "trilog-aside-1" in caplog.text


@pytest.mark.parametrize("damage", ["empty definition", "a file"])
def test_a_history_that_is_no_database_begins_anew_and_nothing_is_deleted(tmp_path: Path, damage: str) -> None:
    folder = made(tmp_path / "ws")
    if damage == "empty definition":
        next(one for one in folder.rglob("*.sql") if one.read_text().startswith("ATTACH TABLE")).write_bytes(b"")
    else:
        folder.rename(tmp_path / "elsewhere")
        folder.write_text("a file")
    finding = next(one for one in examine(tmp_path / "ws", 0) if one.name == "history")
    assert finding.state == "warning"
    with Workspace.open(tmp_path / "ws") as ws:
        assert ws.trilog.twin("Panel", "p").at("now").set_index("field").loc["state.n", "value"] == 1
    assert os.path.lexists(folder.with_name("trilog-aside-1"))
    finding = next(one for one in examine(tmp_path / "ws", 0) if one.name == "history")
    assert finding.state == "ok"


def test_a_history_that_is_a_link_is_not_opened(tmp_path: Path) -> None:
    folder = made(tmp_path / "ws")
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert unsound(folder) != ""
    with pytest.raises(StorageError, match="is a link"):
        Workspace.open(tmp_path / "ws")


def test_a_database_that_cannot_be_opened_is_left_alone_and_the_reason_is_told(tmp_path: Path) -> None:
    """Damage that the files do not show: the message is the engine's, and nobody is told to delete anything."""
    folder = made(tmp_path / "ws")
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import chdb; c = chdb.connect({str(folder)!r}); print(1, flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    with Workspace.open(tmp_path / "ws") as ws, pytest.raises(Exception, match="history database") as caught:
        ws.trilog.sql("select 1")
    assert "delete" not in str(caught.value)
    assert not os.path.lexists(folder.with_name("trilog-aside-1"))
    holder.communicate(b"\n")
