"""The server's side: a fresh handler run, a build, the creation of a panel."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nexus_jupyter.benchmarks.measure import Row, measured
from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.identity import SYSTEM
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["COUNTER", "panel"]

COUNTER = """<panel xmlns="urn:nexus:nxml:1" id="counter" title="Counter">
  <view>
    <row id="main">
      <button id="plus" label="+1" on:press="add(1)"/>
      <text id="value">{count}</text>
    </row>
  </view>
  <data><state name="count" type="int" default="0"/></data>
  <logic><action name="add" params="by: int = 1">state.count += by;</action></logic>
</panel>
"""
_ITEMS = 100


def panel() -> list[Row]:
    """Time a build of 30 and of 200 nodes, from the text and from memory, and the creation of a panel."""
    reactor = Reactor(Engine.shared())
    first, second = "build, 30 nodes", "build, 200 nodes"
    text = _panel("p", 30, "cached")
    rows = [
        measured(first, _builds(reactor, 30), count=40, target="5"),
        measured(second, _builds(reactor, 200), count=40, peer=first, target="30"),
        measured("build from memory", lambda: reactor.check(text), count=500, peer=first, target="0.2"),
    ]
    with _workspace() as kernel:
        numbers = iter(range(10_000))

        def create() -> None:
            name = f"p{next(numbers)}"
            kernel.put_panel(name, _panel(name, 30, name), SYSTEM)

        rows.append(measured("panel creation, durable", create, count=_ITEMS, peer=first, target="P95 30"))
        kernel.put_panel("counter", COUNTER, SYSTEM)

        def act() -> None:
            kernel.execution.start("counter", "add", [1], SYSTEM).result()

        rows.append(measured("action, durable", act, count=300, peer=first))
    return rows


def _builds(reactor: Reactor, nodes: int) -> Callable[[], object]:
    """Return a task that builds a text which was not built before, each time."""
    texts = iter([_panel("p", nodes, f"v{i}") for i in range(1000)])
    return lambda: reactor.check(next(texts))


def _panel(name: str, nodes: int, text: str) -> str:
    items = "\n".join(f'<text id="t{i}">{text} {i} {{count}}</text>' for i in range(nodes - 2))
    return (
        f'<panel xmlns="urn:nexus:nxml:1" id="{name}" title="{name}"><view><column id="c">{items}</column></view>'
        '<data><state name="count" type="int" default="0"/></data></panel>'
    )


@contextmanager
def _workspace() -> Iterator[WorkspaceKernel]:
    with tempfile.TemporaryDirectory() as folder:
        kernel = WorkspaceKernel(Path(folder) / "bench")
        try:
            yield kernel
        finally:
            kernel.close()
