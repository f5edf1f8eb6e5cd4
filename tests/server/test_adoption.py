"""What was taken from a folder that somebody else made, over REST, and allowing what was left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COUNTER
from tests.server.test_rest import call, refused

__all__ = ["call"]


@pytest.fixture
def jp_root_dir(tmp_path: Path) -> Path:
    """The server's folder, in which somebody else's workspace lies."""
    folder = tmp_path / "root"
    private = folder / "nexus-workspace" / ".nexus"
    private.mkdir(parents=True)
    (private / "remotes.json").write_text(json.dumps({"origin": "https://example.org/x.git"}), encoding="utf-8")
    (folder / "nexus-workspace" / "panels").mkdir()
    (folder / "nexus-workspace" / "panels" / "counter.nxml").write_text(COUNTER, encoding="utf-8")
    return folder


async def test_what_was_left_out_is_told_and_allowed(call: Any) -> None:
    told = await call("GET", "workspace/adoption")
    assert (told["aside"], told["panels"], told["refused"]) == (".nexus.foreign-1", 1, [])
    assert [(one["kind"], one["name"], one["allowed"]) for one in told["left"]] == [("remote", "origin", False)]
    assert await call("GET", "workspace/remote") == []
    assert (await call("POST", "workspace/adoption/allow", {"number": 1}))["left"][0]["allowed"]
    assert await call("GET", "workspace/remote") == [{"name": "origin", "url": "https://example.org/x.git"}]
    assert (
        "Nothing with the number 7"
        in (await refused(call, "POST", "workspace/adoption/allow", {"number": 7}))["detail"]
    )
