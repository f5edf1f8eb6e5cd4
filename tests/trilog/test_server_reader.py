"""On a ClickHouse server, SQL that people write is asked by a user of its own, which may do no more than read."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import TriLogError, UnavailableError
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.workspace import WorkspaceOptions

READER = "?reader=reader&reader_password=only"


def asked(url: str) -> list[tuple[str, str, str]]:
    """Return who has asked what: the user, whether the session was read-only, the beginning of the text."""
    with urlopen(f"http://127.0.0.1:{urlsplit(url).port}/asked") as answer:
        return [(user, readonly, text) for user, readonly, text in json.load(answer)]


def test_people_ask_as_the_reader_and_the_rest_is_done_as_before(tmp_path: Path, clickhouse: str, counter: str) -> None:
    with Workspace.open(tmp_path / "read", options=WorkspaceOptions(trilog_url=clickhouse + READER)) as ws:
        ws.panel("counter", counter).run("add")
        ws.trilog.flush()
        before = len(asked(clickhouse))
        assert ws.trilog.sql("SELECT count() AS n FROM twin_changes")["n"][0] > 0
        with pytest.raises(TriLogError):
            ws.trilog.sql("SELECT * FROM system.users")
        mine = asked(clickhouse)[before:]
        assert {user for user, readonly, _ in mine if readonly == "1"} == {"reader"}
        assert ws.trilog.twin("Panel", "counter").at("now").set_index("field").loc["state.count", "value"] == 1
    everything = asked(clickhouse)
    assert not [
        text for user, readonly, text in everything if user == "reader" and text.startswith(("INSERT", "CREATE"))
    ]
    assert [text for user, _, text in everything if user == "nexus" and text.startswith("INSERT")]


def test_without_a_reader_the_one_user_asks_in_a_session_that_reads(tmp_path: Path, clickhouse: str) -> None:
    with Workspace.open(tmp_path / "one", options=WorkspaceOptions(trilog_url=clickhouse)) as ws:
        before = len(asked(clickhouse))
        ws.trilog.sql("SELECT count() AS n FROM twin_changes")
        assert {user for user, readonly, _ in asked(clickhouse)[before:] if readonly == "1"} == {"nexus"}


def test_a_wrong_password_of_the_reader_is_told_and_not_shown(clickhouse: str) -> None:
    with pytest.raises(UnavailableError, match="cannot be reached") as raised:
        Database.server(f"{clickhouse}?reader=reader&reader_password=geheim-7")
    assert "geheim-7" not in str(raised.value)
