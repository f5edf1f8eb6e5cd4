"""People of a server, one for each set of rights, and a notebook's kernel."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from nexus_jupyter.protocol.rights import ALL_RIGHTS, REQUESTS, RequestName, Right

__all__ = ["OWNER", "PEOPLE", "Person", "by_name"]


@dataclass(frozen=True)
class Person:
    """Somebody with an account on the server.

    Attributes
    ----------
    name
        What the server knows them by.
    rights
        What the server's authorizer lets them do.
    """

    name: str
    rights: frozenset[Right]

    def token(self, secret: str) -> str:
        """Return what the person shows to the server; ``secret`` is of one run."""
        return hashlib.sha256(f"{secret} {self.name}".encode()).hexdigest()

    def may(self, request: RequestName) -> bool:
        """Return whether the person has the right that a request needs."""
        return REQUESTS[request] in self.rights


def _all() -> Iterable[Person]:
    rights = sorted(ALL_RIGHTS)
    for count in range(len(rights) + 1):
        for some in combinations(rights, count):
            yield Person("-".join(("may", *some)) if some else "may-nothing", frozenset(some))


#: A person for each set of rights.
PEOPLE = tuple(_all())
#: Who makes the panels that are attacked, and keeps them there. Sends nothing that is hostile.
OWNER = Person("owner", ALL_RIGHTS)
by_name = {person.name: person for person in (*PEOPLE, OWNER)}
