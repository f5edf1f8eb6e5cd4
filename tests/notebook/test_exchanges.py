"""The table of exchanges has its columns before there is anything in it."""

from __future__ import annotations

from nexus_jupyter.notebook import Workspace


def test_before_a_model_was_asked_the_table_of_exchanges_is_empty_and_has_its_columns(ws: Workspace) -> None:
    found = ws.trilog.ai()
    if ws._host.kind == "kernel":  # other tests ask in the server's workspace, too
        assert found.empty
    assert list(found)[:7] == ["id", "asked_at", "actor", "panel", "task", "prompt", "outcome"]
