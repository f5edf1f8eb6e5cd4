"""What all carriers of one attack share."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

from tests.attacker.ledger import Ledger
from tests.attacker.people import PEOPLE, Person
from tests.attacker.place import Place
from tests.attacker.server import Server
from tests.attacker.world import World

__all__ = ["Attack", "Deck"]


class Deck:
    """Gives out all of some things in a random order, and then again: whatever there is has its turn soon.

    Parameters
    ----------
    chance
        Decides about the order.
    things
        What is given out; may be empty.
    """

    def __init__(self, chance: random.Random, things: list[str]) -> None:
        self._chance = chance
        self._things = sorted(things)
        self._left: list[str] = []

    def next(self) -> str:
        """Return the next one."""
        if not self._left:
            self._left = list(self._things)
            self._chance.shuffle(self._left)
        return self._left.pop()


@dataclass
class Attack:
    """One attack on one server.

    Attributes
    ----------
    place, server, world
        Where, at whom, and what there is.
    ledger
        Takes note.
    seed
        Decides about all messages.
    plant
        The planted fault, or none; processes that are attacked besides the server have it too.
    over
        Set when it is to end.
    ended
        When that was, in seconds since the epoch; a server that ends may take its time.
    """

    place: Place
    server: Server
    world: World
    ledger: Ledger
    seed: int
    plant: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    ended: float = float("inf")

    def chance(self, name: str) -> random.Random:
        """Return a source of decisions of its own for a part of the attack."""
        return random.Random(f"{self.seed} {name}")

    def somebody(self, chance: random.Random, *needed: str) -> Person:
        """Return a person who has some rights."""
        return chance.choice([person for person in PEOPLE if set(needed) <= person.rights])
