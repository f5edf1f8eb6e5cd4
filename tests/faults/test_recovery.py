"""After a kill -9, a workspace of large values opens in bounded memory, and need not replay all of them.

The process that opens it may have no more address space than a few versions take, where all of them would need many
times as much.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.amount import SLOW

ROOT = Path(__file__).parent.parent.parent
ITEMS, CHANGES = 10_000, 40

PROGRAM = """
import json, os, resource, sys
from pathlib import Path
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import Cause, InsertOp, SetOp
from nexus_jupyter.workspace import WorkspaceOptions
from nexus_jupyter.workspace.folder import WorkspaceFolder
from nexus_jupyter.workspace.store import WorkspaceStore
from nexus_jupyter.workspace.writer import Draft

task = json.loads(sys.argv[1])
ANN = Actor(id="ann")

def version(number):
    # Every item changes, so that versions have nothing in common.
    return [{"id": i, "title": f"Item {i} as of {number}", "done": number % 2 == 0} for i in range(task["items"])]

def address_space():
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")

folder = WorkspaceFolder(Path(task["folder"]))
if task["headroom"]:
    list(range(1_000_000))  # what the interpreter takes once is not what is measured
    most = address_space() + task["headroom"]
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
store = WorkspaceStore(folder, WorkspaceOptions(checkpoint_every=task["every"]))
if task["changes"]:
    store.writer.submit(lambda _: Draft([InsertOp(entity=Entity(id="p", type="Panel"))], ANN, Cause(kind="create"), "p"))
    for number in range(task["changes"]):
        op = SetOp(id="p", attrs={"value": version(number)})
        store.writer.submit(lambda _, op=op: Draft([op], ANN, Cause(kind="set"), "p"))
    store.checkpointer._pool.shutdown()
    os._exit(9)  # as a kill does: nothing is closed
graph = store.writer.head.graph
print(json.dumps({
    "rev": store.writer.head.rev,
    "right": graph.entity("p").attrs["value"] == version(store.writer.head.rev - 2),
    "early": store.writer.at(5).entity("p").attrs["value"] == version(3),
    "checkpoints": store.checkpoints.revs(),
}))
os._exit(9)
"""


def run(folder: Path, *, changes: int, headroom: int, every: int) -> subprocess.CompletedProcess[str]:
    task = {"folder": str(folder), "items": ITEMS, "changes": changes, "headroom": headroom, "every": every}
    command = [sys.executable, "-c", PROGRAM, json.dumps(task)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="The limit of the address space is one of Linux.")
def test_versions_since_the_last_checkpoint_are_rebuilt_in_bounded_memory(tmp_path: Path) -> None:
    assert run(tmp_path / "ws", changes=CHANGES, headroom=0, every=0).returncode == 9
    # All versions together take some 200 MB, and the rows that hold them some 60 MB.
    opened = run(tmp_path / "ws", changes=0, headroom=150 << 20, every=0)
    assert opened.stdout, opened.stderr[-2000:]
    found = json.loads(opened.stdout)
    assert (found["rev"], found["right"], found["early"]) == (CHANGES + 1, True, True)


@pytest.mark.skipif(not SLOW, reason="a minute; run with SLOW=1")
@pytest.mark.timeout(300)
def test_a_few_large_changes_make_a_checkpoint_before_a_thousand_small_ones_would(tmp_path: Path) -> None:
    assert run(tmp_path / "ws", changes=CHANGES, headroom=0, every=1000).returncode == 9
    opened = run(tmp_path / "ws", changes=0, headroom=0, every=1000)
    found = json.loads(opened.stdout)
    assert found["right"]
    assert found["checkpoints"]
    # What is replayed is at most what lies between two checkpoints, and what came while the last one was written.
    assert found["rev"] - max(found["checkpoints"]) <= CHANGES // 2
