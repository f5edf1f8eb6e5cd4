"""The ways by which messages reach the product, a module each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tests.attacker.attack import Attack
from tests.attacker.carriers.arrow import Arrow
from tests.attacker.carriers.folders import Folders
from tests.attacker.carriers.mcp import Mcp
from tests.attacker.carriers.nxml import Nxml
from tests.attacker.carriers.rest import Rest
from tests.attacker.carriers.sql import Sql
from tests.attacker.carriers.stream import Stream

__all__ = ["CARRIERS", "WORKERS", "Carrier"]


class Carrier(Protocol):
    """Sends messages until the attack is over."""

    #: Types of messages that it sends; each should be sent in an attack.
    types: set[str]

    def __init__(self, attack: Attack, worker: int = 0) -> None:
        """Prepare, without sending anything; workers send different messages at the same time."""

    def step(self) -> None:
        """Send some messages and take what is answered."""

    def close(self) -> None:
        """Give up what is open."""


CARRIERS: Mapping[str, type[Carrier]] = {
    "stream": Stream,
    "rest": Rest,
    "mcp": Mcp,
    "nxml": Nxml,
    "arrow": Arrow,
    "sql": Sql,
    "folders": Folders,
}
#: How many of a kind send at the same time, where it is not one: whoever waits for an answer holds up no other.
WORKERS: Mapping[str, int] = {"rest": 3}
