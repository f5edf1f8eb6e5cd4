"""A process that forks another one per line of its input; that one opens a workspace and changes it with all its might.

Forked, so that each has a fresh start without importing everything anew; each is a process of its own, to be killed.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
from pathlib import Path

from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions


def say(*words: object) -> None:
    """Write one line at once, which a pipe keeps whole."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def write(kernel: WorkspaceKernel, name: str, first: int) -> None:
    """Count a panel's state up, saying each value when it is acknowledged."""
    ann = Actor(id="ann")
    for value in itertools.count(first):
        kernel.set_state(name, {"count": value}, ann)
        say("ack", name, value)


def child(task: dict[str, str], names: list[str]) -> None:
    options = WorkspaceOptions(database_url=task["url"], checkpoint_every=25)
    try:
        kernel = WorkspaceKernel(Path(task["folder"]), options=options)
        for name in names:
            if name not in kernel.panels():
                kernel.put_panel(name, task["text"].replace("counter", name), Actor(id="ann"))
    except NexusError as error:
        say("error", str(error).replace("\n", " "))
        os._exit(1)
    counts = {name: int(str(kernel.panel(name).state["count"])) for name in names}
    say("open", json.dumps(counts))
    threads = [threading.Thread(target=write, args=(kernel, name, count + 1)) for name, count in counts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(1)


def main() -> None:
    names = [f"p{index}" for index in range(int(sys.argv[1]))]
    for line in sys.stdin:
        process = os.fork()
        if not process:
            child(json.loads(line), names)
        say("process", process)
        os.waitpid(process, 0)
        say("gone", process)


if __name__ == "__main__":
    main()
