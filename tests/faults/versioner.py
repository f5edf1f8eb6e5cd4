"""A process that forks another one per line of its input; that one opens a workspace and does what further lines say.

Each is the leader of a group of its own, so that a kill ends the git that it has started too.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel

ANN = Actor(id="ann", name="Ann")


def say(*words: object) -> None:
    """Write one line at once, which a pipe keeps whole."""
    os.write(1, (" ".join(map(str, words)).replace("\n", " ") + "\n").encode())


def line() -> str:
    """Read one line and nothing behind it, which is the next process's."""
    found = b""
    while not found.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return ""
        found += byte
    return found.decode()


def do(kernel: WorkspaceKernel, order: dict[str, str]) -> None:
    versions = kernel.versions
    match order["do"]:
        case "put":
            name, token = order["panel"], order["token"]
            text = kernel.panel(name).nxml if name in kernel.panels() else f'<panel id="{name}"><view/></panel>'
            text = text.replace("<view/>", "<view></view>")
            before, _, after = text.rpartition("</view>")
            kernel.put_panel(name, f"{before}<text>{token}</text></view>{after}", ANN)
        case "commit":
            versions.commit(None, ANN, without_panels=True)
        case "answer":
            dice = random.Random(order["dice"])
            for question in versions.conflicts():
                versions.resolve(question.panel, question.id, dice.choice(["ours", "theirs"]), ANN)
        case "switch":
            versions.switch(order["ref"], ANN)
        case "checkout":
            versions.checkout(order["ref"], ANN)
        case "merge":
            versions.merge(order["ref"], ANN)
        case "branch":
            versions.branch(order["ref"], ANN)
        case other:
            raise AssertionError(other)


def child(folder: Path) -> None:
    os.setsid()
    # What the killed ones have recorded of themselves would have each of them start the history's database.
    shutil.rmtree(folder / ".nexus" / "trilog-spool", ignore_errors=True)
    try:
        kernel = WorkspaceKernel(folder)
    except NexusError as error:
        say("error", error)
        os._exit(1)
    say("open", os.getpid())
    while order := line():
        try:
            do(kernel, json.loads(order))
        except NexusError as error:
            say("refused", error.message)
        except Exception as error:  # noqa: BLE001 - the test fails with it
            say("error", repr(error))
        else:
            say("done")
    os._exit(0)


def folder_of(order: str) -> Path | None:
    """Return the folder that a line is about; ``None`` for what a killed process has left of its own lines."""
    try:
        return Path(json.loads(order)["folder"])
    except (ValueError, TypeError, KeyError):
        return None


def main() -> None:
    while order := line():
        folder = folder_of(order)
        if folder is None:
            continue
        process = os.fork()
        if not process:
            child(folder)
        os.waitpid(process, 0)
        say("gone", process)


if __name__ == "__main__":
    main()
