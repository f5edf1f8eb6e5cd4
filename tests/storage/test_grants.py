"""Grants on both databases: they hold in the next process, and a revocation that cannot be saved holds at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage import GrantStore, open_database


def test_what_was_allowed_holds_in_the_next_process(database: str) -> None:
    engine = open_database(database)
    store = GrantStore(engine, "w")
    store.add("p", "net.http", "https://example.org", "ann")
    store.add("p", "notify", None, "ann", lasting=timedelta(hours=1))
    store.add("q", "notify", None, "bob")
    assert store.revoke("q", None, None, "bob") == 1
    again = GrantStore(open_database(database), "w")
    assert [grant.cap for grant in again.active("p")] == ["net.http", "notify"]
    assert again.active("q") == []
    assert [grant.revoked_by for grant in again.all()] == [None, None, "bob"]
    assert GrantStore(engine, "other").all() == []


def test_a_grant_that_cannot_be_saved_does_not_hold_and_a_revocation_does(database: str) -> None:
    engine = open_database(database)
    store = GrantStore(engine, "w")
    store.add("p", "notify", None, "ann")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE grants RENAME TO gone")
    with pytest.raises(StorageError, match="could not be saved"):
        store.add("p", "net.http", None, "ann")
    with pytest.raises(StorageError, match="could not be saved"):
        store.revoke("p", "notify", None, "ann")
    assert store.active("p") == []
