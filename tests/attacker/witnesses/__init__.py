"""Those who watch an attack from outside, a module each; what one of them sees is a finding."""

from __future__ import annotations

from typing import Protocol

from tests.attacker.attack import Attack
from tests.attacker.witnesses.answers import Answers
from tests.attacker.witnesses.connections import Connections
from tests.attacker.witnesses.journal import Rights
from tests.attacker.witnesses.memory import Memory
from tests.attacker.witnesses.processes import Processes
from tests.attacker.witnesses.secrets import Secrets
from tests.attacker.witnesses.stalls import Stalls

__all__ = ["WITNESSES", "Witness"]


class Witness(Protocol):
    """Looks from time to time, and once at the end."""

    def __init__(self, attack: Attack) -> None:
        """Look how it is before the attack, and have answers shown to it if it judges those."""

    def look(self) -> None:
        """Look at what is there now."""

    def end(self) -> None:
        """Look once more when the server has ended."""


WITNESSES: tuple[type[Witness], ...] = (Secrets, Processes, Connections, Memory, Stalls, Answers, Rights)
