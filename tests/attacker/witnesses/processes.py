"""The server starts programs of the known kinds only, and leaves none behind."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil

from nexus_jupyter.processes import child
from nexus_jupyter.storage import foreign
from tests.attacker.attack import Attack

__all__ = ["Processes", "events"]

#: How an interpreter of ours is started, and the one that reads the grants of a foreign folder.
_OURS = ([sys.executable, "-I", "-X", "utf8", "-c", child._FIRST], [sys.executable, "-I", foreign.__file__])
#: What Python itself starts to find a library, here for a package that drivers of browsers bring along.
_PYTHONS = ["/sbin/ldconfig", "-p"]
_ENDED = 15.0


class Processes:
    """Looks at what the server has started, and at what it says itself of what it starts."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._seen: dict[int, psutil.Process] = {}
        self._read: dict[Path, int] = {}
        events(attack.place.harness, self._read)  # what the server started before it listened

    def look(self) -> None:
        """Look at the processes that are there, and at those that were started since the last look."""
        found = self._attack.ledger.found
        for one in _children(self._attack.server.pid):
            self._seen[one.pid] = one
            try:
                command = one.cmdline()
                if one.status() == psutil.STATUS_ZOMBIE:
                    continue
                parents = [one.name(), *(parent.name() for parent in one.parents()[:4])]
            except psutil.Error:
                continue  # it has ended
            if command and not known(command) and not any(name.startswith("git") for name in parents):
                found(
                    "processes",
                    f"The server has started a program: {' '.join(command)[:300]}",
                    kind=f"program {command[0]}",
                )
        for event in events(self._attack.place.harness, self._read):
            if event["event"] != "socket.connect" and not known(event["said"]):
                said = " ".join(map(str, event["said"]))[:300]
                found(
                    "processes",
                    f"A process has started a program: {said}\n{event['where']}",
                    kind=f"program {said[:60]}",
                )

    def end(self) -> None:
        """Look whether something was left behind when the server ended."""
        self.look()
        until = time.monotonic() + _ENDED
        left = list(self._seen.values())
        while left and time.monotonic() < until:
            left = [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
            time.sleep(0.1)
        for one in left:
            self._attack.ledger.found("processes", f"A process was left behind: {one}", kind="left behind")


def known(command: list[str]) -> bool:
    """Tell whether a program is one that `nexus_jupyter.processes` is asked to start."""
    if any(command[: len(ours)] == ours for ours in _OURS):
        return True
    if command in (["uname", "-p"], _PYTHONS):
        return True  # Jupyter when it starts, and Python
    # Before a new process has become its program, it looks like its parent.
    if command[1:3] == ["-m", "jupyter_server"]:
        return True
    return Path(command[0]).name == "git" or command[0].startswith("git")


def events(folder: Path, read: dict[Path, int]) -> list[dict[str, list[str]]]:
    """Return what processes have written down of themselves since the last time."""
    found = []
    for file in folder.glob("events-*.jsonl"):
        with file.open("rb") as opened:
            opened.seek(read.get(file, 0))
            data = opened.read()
        whole = data[: data.rfind(b"\n") + 1]
        read[file] = read.get(file, 0) + len(whole)
        found += [json.loads(line) for line in whole.splitlines()]
    return found


def _children(pid: int) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return found
