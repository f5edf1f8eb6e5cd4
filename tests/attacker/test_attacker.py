"""The attacker finds nothing in the product, and each fault that is planted into it.

A clean attack takes a minute (``ATTACK_SECONDS``), and begins with the same seed each time (``ATTACK_SEED``), which
`make attack` does not. Of the planted faults two are tried, and all of them with ``SLOW=1``.
"""

from __future__ import annotations

import os

import pytest

from tests.amount import SLOW
from tests.attacker.campaign import attack
from tests.attacker.plants import PLANTS

pytest.importorskip("chdb")
pytest.importorskip("mcp")

#: Seconds of a clean attack; and those after which a planted fault must have been found, however slow the machine is.
SECONDS, PATIENCE = float(os.environ.get("ATTACK_SECONDS", "60")), 400.0
SEED = int(os.environ.get("ATTACK_SEED") or 1)
#: One for each of two witnesses: of rights, and of processes.
TRIED = sorted(PLANTS) if SLOW else ["stream-right", "starts-program"]
#: What is said of each fault when it is found, so that another finding is not taken for it.
WORDS = {
    "stream-right": "has no right to state.set|may not write",
    "rest-right": "has no right to panel.put",
    "mcp-right": "has no right to|may not write",
    "files-path": "secret from|Traceback",
    "sql-session": "SQL of the kind",
    "adopted": "Rights of another account",
    "links": "was changed|raised",
    "arrow-inside": "whose values lie outside|has ended|Traceback|500",
    "raises": "IndexError|500",
    "blocks": "event loop stood still",
    "leaks": "MB more",
    "starts-program": "/bin/true",
    "dials": "listener on loopback|dials",
    "unbound": "allowed to other code",
    "unmasked": "address of a webhook",
    "calls-out": "dials",
}


@pytest.mark.timeout(0)
def test_nothing_is_found_in_the_product() -> None:
    result = attack(SECONDS, SEED)
    print("\n".join(result.lines))  # noqa: T201 - the report
    assert not result.findings, "\n".join(result.lines)
    assert not result.broken


@pytest.mark.timeout(0)
@pytest.mark.parametrize("plant", TRIED)
def test_a_planted_fault_is_found(plant: str) -> None:
    result = attack(PATIENCE, SEED, plant=plant, until=WORDS[plant])
    assert any(result.matching(WORDS[plant])), "\n".join(result.lines)


def test_each_fault_has_its_words() -> None:
    assert set(WORDS) == set(PLANTS)
