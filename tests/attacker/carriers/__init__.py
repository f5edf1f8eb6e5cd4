"""The ways by which messages reach the product, a module each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tests.attacker.attack import Attack
from tests.attacker.carriers.rest import Rest
from tests.attacker.carriers.stream import Stream

__all__ = ["CARRIERS", "Carrier"]


class Carrier(Protocol):
    """Sends messages until the attack is over."""

    #: Types of messages that it sends; each should be sent in an attack.
    types: set[str]

    def __init__(self, attack: Attack) -> None:
        """Prepare, without sending anything."""

    def step(self) -> None:
        """Send some messages and take what is answered."""

    def close(self) -> None:
        """Give up what is open."""


CARRIERS: Mapping[str, type[Carrier]] = {"stream": Stream, "rest": Rest}
