"""A file of a panel's entities that is nested too far to be read is refused in a sentence, as other damage is."""

from __future__ import annotations

import pytest

from nexus_jupyter.protocol.errors import HistoryError
from nexus_jupyter.workspace.versions import read_entities

DAMAGED = {"cut": b"[{", "no list": b"5", "no entity": b"[{}]", "nested too far": b"[" * 100_000}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damaged_entities_are_refused(data: bytes) -> None:
    with pytest.raises(HistoryError, match=r"nog/p\.json of that version is damaged"):
        read_entities(data, "p")
