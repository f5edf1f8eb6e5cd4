"""The memory of the server and its children stays within bounds, and settles."""

from __future__ import annotations

import statistics
import time

import psutil

from tests.attacker.attack import Attack

__all__ = ["Memory"]

_MB = 1 << 20
#: Megabytes that the server may take above what it takes when it is ready, and a child may take in all. The former has
#: room for what the configuration lets be kept: versions, images of panels, parked runs, frames on their way.
_SERVER, _CHILD = 900, 2500
#: Seconds before growth is judged, and how much of it one half of the time may bring after another.
_SETTLED, _GROWTH = 240.0, 150


class Memory:
    """Looks at resident memory."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._server = psutil.Process(attack.server.pid)
        self._before = self._server.memory_info().rss
        self._began = time.monotonic()
        self.taken: list[tuple[float, float]] = []
        self.most_of_children = 0.0

    def look(self) -> None:
        """Look how much is taken now."""
        found = self._attack.ledger.found
        try:
            grown = (self._server.memory_info().rss - self._before) / _MB
            children = self._server.children(recursive=True)
        except psutil.Error:
            return
        self.taken.append((time.monotonic() - self._began, grown))
        if grown > _SERVER:
            found("memory", f"The server takes {grown:.0f} MB more than when it was ready.", kind="server")
        for child in children:
            try:
                size = child.memory_info().rss / _MB
            except psutil.Error:
                continue
            self.most_of_children = max(self.most_of_children, size)
            if size > _CHILD:
                found("memory", f"A child of the server takes {size:.0f} MB: {child.cmdline()[:3]}", kind="child")

    def end(self) -> None:
        """Judge whether memory has settled: in a long attack, the last quarter adds little to the one before."""
        if not self.taken or self.taken[-1][0] < _SETTLED:
            return
        whole = self.taken[-1][0]
        third = statistics.median(grown for at, grown in self.taken if whole * 0.5 < at <= whole * 0.75)
        last = statistics.median(grown for at, grown in self.taken if at > whole * 0.75)
        if last - third > _GROWTH:
            words = f"Memory does not settle: {third:.0f} MB in the third quarter, {last:.0f} MB in the last."
            self._attack.ledger.found("memory", words, kind="growth")

    def words(self) -> str:
        """Return a line for the report."""
        most = max((grown for _, grown in self.taken), default=0.0)
        now = self.taken[-1][1] if self.taken else 0.0
        return f"memory: the server grew by at most {most:.0f} MB, at the end {now:.0f} MB; its largest child {self.most_of_children:.0f} MB"
