"""The table of limits: it is what the code has, names tests that are there, and leaves no setting out."""

from __future__ import annotations

from pathlib import Path

import pytest
from traitlets import Float, Integer

from nexus_jupyter.limits import LIMITS, Limit, document
from nexus_jupyter.server.app import NexusApp

TESTS = Path(__file__).parent
#: Numbers of the server that bound nothing of anybody's.
NO_LIMITS = {"pooled"}


def test_the_document_is_what_the_code_has() -> None:
    written = (TESTS.parent / "docs" / "limits.md").read_text(encoding="utf-8")
    assert written == document(), "run `make reference`"


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.what)
def test_a_limit_has_a_value_and_a_test_that_meets_it(limit: Limit) -> None:
    assert limit.read() > 0
    file, _, name = limit.test.partition("::")
    text = (TESTS / file).read_text(encoding="utf-8")
    assert not name or f"def {name}(" in text, limit.test


def test_every_number_of_the_server_that_can_be_set_is_in_the_table() -> None:
    numbers = {name for name, trait in NexusApp.class_own_traits().items() if isinstance(trait, Integer | Float)}
    assert numbers - NO_LIMITS == {limit.setting.removeprefix("NexusApp.") for limit in LIMITS if limit.setting}
