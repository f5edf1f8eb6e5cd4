"""How many runs may be under way, and what those may keep that wait: for a panel, a person, and a workspace.

A parked run has no thread, but it has its memory. So runs count from their first step to their end, and the memory of
those that wait is summed.
"""

from __future__ import annotations

import threading
from collections import Counter

from nexus_jupyter.engine import EngineFailure
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.sandbox.limits import ParkingLimits

__all__ = ["Parking", "Place"]

#: Who a run counts for: the panel, the person, and the workspace, by kind and name.
_Owner = tuple[str, str]


class Parking:
    """The runs under way.

    Parameters
    ----------
    limits
        How many there may be.
    """

    def __init__(self, limits: ParkingLimits) -> None:
        self._limits = {
            "panel": (limits.runs_per_panel, limits.bytes_per_panel),
            "person": (limits.runs_per_person, limits.bytes_per_person),
            "workspace": (limits.runs_per_workspace, limits.bytes_per_workspace),
        }
        self._lock = threading.Lock()
        self._runs = Counter[_Owner]()
        self._bytes = Counter[_Owner]()

    def enter(self, panel: str, person: str) -> Place:
        """Count a run that begins; it leaves when it ends.

        Raises
        ------
        HandlerError
            If there are too many.
        """
        owners = (("panel", panel), ("person", person), ("workspace", ""))
        with self._lock:
            for owner in owners:
                most, _ = self._limits[owner[0]]
                if self._runs[owner] >= most:
                    text = f"{_named(owner)} has {most} runs under way, waiting ones included; no more are allowed."
                    hint = "Nothing was changed. Try again when some of them have ended."
                    raise HandlerError(text, kind="busy", hint=hint)
            self._runs.update(owners)
        return Place(self, owners)

    def weigh(self, owners: tuple[_Owner, ...], before: int, now: int) -> None:
        """Note that a run keeps other memory than before; raises `EngineFailure` if it may not."""
        with self._lock:
            for owner in owners:
                _, most = self._limits[owner[0]]
                if now > before and self._bytes[owner] + now - before > most:
                    text = (
                        f"{_named(owner)} has runs that wait and keep {self._bytes[owner] >> 20} MB of memory; with "
                        f"this one they would keep more than {most >> 20} MB."
                    )
                    raise EngineFailure(text, kind="memory", name="ParkingError")
            for owner in owners:
                self._bytes[owner] += now - before

    def leave(self, owners: tuple[_Owner, ...], size: int) -> None:
        """Forget a run that kept so many bytes."""
        with self._lock:
            for owner in owners:
                self._runs[owner] -= 1
                self._bytes[owner] -= size
                if not self._runs[owner]:
                    del self._runs[owner], self._bytes[owner]


class Place:
    """One run's place."""

    def __init__(self, parking: Parking, owners: tuple[_Owner, ...]) -> None:
        self._parking = parking
        self._owners = owners
        self._size = 0

    def weigh(self, size: int) -> None:
        """Note what the run keeps while it waits; raises `EngineFailure` if that is too much."""
        self._parking.weigh(self._owners, self._size, size)
        self._size = size

    def leave(self) -> None:
        """Give the place back, once."""
        self._parking.leave(self._owners, self._size)


def _named(owner: _Owner) -> str:
    kind, name = owner
    return f"The {kind} '{name}'" if name else f"The {kind}"
