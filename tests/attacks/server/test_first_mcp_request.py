"""The first request of an MCP client.

Attacker: anybody who may read. Way in: the MCP endpoint, whose libraries take seconds to load and are loaded by the
first request. What must hold: the event loop serves everybody else meanwhile.
"""

from __future__ import annotations

import importlib.abc
import json
import sys
import threading
from typing import Any

import pytest

GATE = "nexus_jupyter.server.mcpgate"


class Finder(importlib.abc.MetaPathFinder):
    """Finds nothing, and notes which thread looks for the module."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        if name == GATE:
            self.threads.append(threading.get_ident())


async def test_libraries_are_loaded_away_from_the_event_loop(jp_fetch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, GATE, raising=False)
    finder = Finder()
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}})
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    answer = await jp_fetch("nexus", "mcp", method="POST", body=body, headers=headers)
    assert "nexus_list" in answer.body.decode()
    assert len(finder.threads) == 1
    assert finder.threads[0] != threading.get_ident(), "the event loop's own thread"
