"""Proposals that wait for a decision: few, for a while, and each for the person who asked."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from nexus_jupyter.ai import Edit
from nexus_jupyter.protocol.ai import Proposal
from nexus_jupyter.protocol.errors import NotFoundError

__all__ = ["Pending", "Proposals"]

#: Proposals of all people together, of one person, and the seconds that one waits.
_ALL, _EACH, _SECONDS = 256, 16, 3600.0


@dataclass(frozen=True, slots=True)
class Pending:
    """A proposal, who asked for it, and the edits that it is made of."""

    proposal: Proposal
    person: str
    edits: tuple[Edit, ...]
    since: float


class Proposals:
    """Keeps proposals until they are decided, too old, or too many.

    Parameters
    ----------
    gone
        Is told of each that nobody has decided.
    clock
        Seconds.
    """

    def __init__(self, gone: Callable[[Pending], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gone = gone
        self._clock = clock
        self._lock = threading.Lock()
        self._pending = OrderedDict[str, Pending]()

    def add(self, proposal: Proposal, person: str, edits: tuple[Edit, ...]) -> None:
        """Keep a proposal for a person; the oldest make room."""
        with self._lock:
            self._pending[proposal.id] = Pending(proposal, person, edits, self._clock())
            dropped = self._old()
            own = [one for one in self._pending.values() if one.person == person]
            dropped += own[: max(0, len(own) - _EACH)]
            left = [one for one in self._pending.values() if one not in dropped]
            dropped += left[: max(0, len(left) - _ALL)]
            for one in dropped:
                self._pending.pop(one.proposal.id, None)
        for one in dropped:
            self._gone(one)

    def find(self, proposal_id: str, person: str) -> Pending:
        """Return a person's proposal.

        Raises
        ------
        NotFoundError
            If there is none of that id, if it is too old, or somebody else's: that is not told apart.
        """
        with self._lock:
            dropped = self._old()
            for one in dropped:
                self._pending.pop(one.proposal.id, None)
            found = self._pending.get(proposal_id)
        for one in dropped:
            self._gone(one)
        if found is None or found.person != person:
            raise NotFoundError(
                "There is no such proposal of yours.", hint="It was decided already, or waited too long. Ask again."
            )
        return found

    def take(self, proposal_id: str) -> bool:
        """Take a proposal away, since it was decided; tell whether it was still there."""
        with self._lock:
            return self._pending.pop(proposal_id, None) is not None

    def put_back(self, pending: Pending) -> None:
        """Let a proposal wait further, since the decision could not be carried out."""
        with self._lock:
            self._pending[pending.proposal.id] = pending

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            dropped = list(self._pending.values())
            self._pending.clear()
        for one in dropped:
            self._gone(one)

    def _old(self) -> list[Pending]:
        until = self._clock() - _SECONDS
        return [one for one in self._pending.values() if one.since < until]
