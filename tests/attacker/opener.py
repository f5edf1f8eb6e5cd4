"""A process that opens workspace folders, one after the other, as a person's own program would.

It reads one line of JSON for each: ``make`` makes a workspace in a folder; ``open`` opens one that somebody else may
have made, does in it what a person does, and says what it found.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.alerts import AlertRule
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.storage.private import replace
from nexus_jupyter.workspace import WorkspaceKernel
from tests.attacker import inside, plants

ANN = Actor(id="ann", name="Ann")
#: Runs when it is opened, if anything does; and writes what it reads where everybody sees it.
PANEL = """<panel id="NAME">
  <view><text id="t">{n}</text></view>
  <data><state name="n" type="any" default="0"/></data>
  <logic>
    <uses cap="fs.write" why="to attack"/>
    <uses cap="fs.read" why="to attack"/>
    <uses cap="net.http" target="ORIGIN" why="to attack"/>
    <lifecycle on="mount" run="write()"/>
    <action name="write">await nx.files.write("witness.txt", "attacked"); state.n = 1;</action>
    <action name="read" params="path: str = 'link.txt'">state.n = await nx.files.read(path); return state.n;</action>
    <action name="dial">await nx.fetch("ORIGIN/dialled");</action>
  </logic>
</panel>
"""


def make(folder: Path, origin: str) -> dict[str, Any]:
    """Make a workspace with grants, a remote and alerts."""
    kernel = WorkspaceKernel(folder, engine=Engine.shared())
    try:
        for name in ("one", "two"):
            kernel.put_panel(name, PANEL.replace("NAME", name).replace("ORIGIN", origin), ANN)
            for cap in ("fs.write", "fs.read", "net.http"):
                kernel.permissions.grant(name, cap, None, ANN)
        kernel.files.keep("data.csv", b"a\n1\n")
        kernel.versions.commit("first", ANN)
        kernel.versions.remote("origin", "https://hostile.invalid/x.git")
    finally:
        kernel.close()
    replace(
        folder / ".nexus" / "alert-rule.json",
        AlertRule(active=True, every=1, webhooks=[f"{origin}/told"]).model_dump_json(),
    )
    return {}


def opened(folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Open a folder and do what people do in it."""
    found: dict[str, Any] = {"said": [], "grants": 0, "remotes": 0, "alerts": False}
    try:
        kernel = WorkspaceKernel(folder, engine=Engine.shared())
    except NexusError as error:
        return {**found, "refused": f"{error.message} {error.hint}"}
    said = found["said"]
    try:
        found["grants"] = len(kernel.permissions.store.all())
        found["remotes"] = len(kernel.versions.remotes.all())
        found["alerts"] = kernel.alerts.state().rule.active
        # What somebody puts there while it is open.
        for name, target in asked["links"]:
            file = folder / name
            if file.parent.is_dir() and not file.parent.is_symlink():
                file.unlink(missing_ok=True)
                file.symlink_to(target)
        for name in kernel.panels()[:2]:
            kernel.lifecycle.enter(name, ANN)
        steps = _steps(kernel)
        for step in asked["steps"]:
            _try(said, steps[step % len(steps)])
        _try(said, lambda: kernel.versions.remote("mine", "https://mine.invalid/x.git"))
        _try(said, lambda: kernel.alerts.watch(AlertRule(every=60)))
    finally:
        kernel.close()
    return found


def _steps(kernel: WorkspaceKernel) -> list[Callable[[], object]]:
    """Return what people do in a workspace."""
    name = (kernel.panels() or ["one"])[0]
    small = '<panel id="mine"><data><state name="x" type="int" default="1"/></data></panel>'

    def run(action: str, *args: str) -> object:
        return kernel.execution.start(name, action, list(args), ANN).result(60).value

    return [
        lambda: kernel.html(name, ANN.id),
        lambda: run("write"),
        lambda: run("read", "link.txt"),
        lambda: run("read", "data.csv"),
        lambda: run("dial"),
        lambda: kernel.put_panel("mine", small, ANN),
        lambda: kernel.versions.commit("second", ANN),
        lambda: kernel.versions.log(5),
        lambda: kernel.versions.switch(kernel.versions.branch("try", ANN).name, ANN),
        kernel.adoption.state,
        lambda: kernel.delete(name, ANN),
    ]


def _try(said: list[str], task: Any) -> None:
    try:
        said.append(repr(task())[:20_000])
    except NexusError as error:
        said.append(f"{error.message} {error.hint}"[:2000])


def main() -> None:
    """Answer lines of JSON until there are no more."""
    inside.audit(Path(os.environ["ATTACK_PLACE"]) / "harness")
    if os.environ.get("ATTACK_PLANT"):
        plants.PLANTS[os.environ["ATTACK_PLANT"]]()
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.monotonic()
        try:
            done = make(Path(asked["make"]), asked["origin"]) if "make" in asked else opened(Path(asked["open"]), asked)
        except Exception as error:  # noqa: BLE001 - what is not a refusal in a sentence is a finding
            done = {"raised": f"{error!r}\n{traceback.format_exc()[-1500:]}"}
        print(json.dumps({**done, "seconds": time.monotonic() - began}), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
