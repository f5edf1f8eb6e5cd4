"""A database whose own names are damaged is told as damaged: the messages that quote them are no UTF-8."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from nexus_jupyter.protocol.errors import RequestError, StorageError
from nexus_jupyter.storage import sqlite_url
from nexus_jupyter.storage.database import open_database, reading, schema_fault


def test_whatever_name_is_damaged_the_refusal_is_a_sentence(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    open_database(sqlite_url(whole)).dispose()
    data = whole.read_bytes()
    places = [found.start() + offset for found in re.finditer(b"alembic|sqlite_", data) for offset in range(0, 26, 5)]
    refused: list[StorageError] = []
    for number, place in enumerate(places):
        file = tmp_path / f"{number}.db"
        file.write_bytes(data[:place] + b"\xf3" + data[place + 1 :])
        schema_fault(file)
        try:
            open_database(sqlite_url(file)).dispose()
        except StorageError as error:
            refused.append(error)
    assert len(refused) > len(places) / 4
    for error in refused:
        assert "cannot be" in error.message or "schema" in error.message, error.message
        assert error.hint


def test_half_of_a_character_is_refused_and_not_kept(database: str) -> None:
    engine = open_database(database)
    try:
        with pytest.raises(RequestError, match=r"half of a character \(U\+D800\)"), reading(engine) as connection:
            connection.execute(text("SELECT :given"), {"given": "a\ud800b"})
    finally:
        engine.dispose()
