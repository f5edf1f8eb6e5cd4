"""One attack from beginning to end: a server, everybody who sends, everybody who watches, and the report."""

from __future__ import annotations

import re
import sys
import threading
import time
import traceback
from collections.abc import Collection
from dataclasses import dataclass, field

from tests.attacker.attack import Attack
from tests.attacker.carriers import CARRIERS, WORKERS, Carrier
from tests.attacker.ledger import Finding, Ledger
from tests.attacker.place import Place
from tests.attacker.server import Server
from tests.attacker.witnesses import WITNESSES, Witness
from tests.attacker.witnesses.connections import Connections, Listener
from tests.attacker.world import World

__all__ = ["Result", "attack"]

#: Seconds between two looks of the witnesses, and between two times that the owner brings back what was deleted.
_LOOK, _RESTORE = 0.25, 8.0


@dataclass
class Result:
    """What came of an attack.

    Attributes
    ----------
    findings
        What must not be.
    lines
        The report.
    missing
        Types of messages that were never sent, by carrier.
    broken
        What went wrong in the attacker itself.
    """

    findings: list[Finding]
    lines: list[str]
    missing: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def matching(self, words: str) -> list[Finding]:
        """Return the findings that have some words, by a regular expression."""
        return [one for one in self.findings if re.search(words, one.words)]

    @property
    def ok(self) -> bool:
        """Whether nothing was found, and the attack was a whole one."""
        return not (self.findings or self.missing or self.broken)


def attack(
    seconds: float,
    seed: int,
    *,
    carriers: Collection[str] = tuple(CARRIERS),
    plant: str = "",
    until: str = "",
    keep: bool = False,
) -> Result:
    """Attack a new server for some seconds; with ``until``, no longer than until a finding has such words."""
    place = Place.make()
    listener = Listener()
    try:
        return _Campaign(place, listener, seconds, seed, carriers, plant, until=until).run()
    finally:
        listener.close()
        if keep:
            print(f"kept {place.base}", file=sys.stderr)  # noqa: T201 - asked for
        else:
            place.remove()


class _Campaign:
    def __init__(
        self,
        place: Place,
        listener: Listener,
        seconds: float,
        seed: int,
        carriers: Collection[str],
        plant: str,
        *,
        until: str,
    ) -> None:
        self._seconds = seconds
        self._seed = seed
        self._until = until
        self._broken: list[str] = []
        ledger = Ledger()
        server = Server(place, place.workspace, plant)
        try:
            world = World(listener.port, [str(file) for file in place.canaries], str(place.remote))
            self._attack = Attack(place, server, world, ledger, seed, plant)
            Connections.listener = listener
            world.prepare(server)
            self._witnesses: list[Witness] = [kind(self._attack) for kind in WITNESSES]
            self._carriers: dict[str, list[Carrier]] = {
                name: [CARRIERS[name](self._attack, worker) for worker in range(WORKERS.get(name, 1))]
                for name in carriers
            }
        except BaseException:
            server.stop()
            raise
        ledger.on_finding = self._on_finding

    def run(self) -> Result:
        """Attack, watch, and return what came of it."""
        one, began = self._attack, time.monotonic()
        workers = [(name, worker) for name, some in self._carriers.items() for worker in some]
        threads = [
            threading.Thread(target=self._send, args=(worker,), name=f"attack-{name}", daemon=True)
            for name, worker in workers
        ]
        try:
            for thread in threads:
                thread.start()
            restored = began
            while not one.over.wait(_LOOK) and time.monotonic() - began < self._seconds:
                for witness in self._witnesses:
                    witness.look()
                if time.monotonic() - restored > _RESTORE and one.server.alive:
                    one.world.restore(one.server)
                    restored = time.monotonic()
        finally:
            one.ended = time.time()
            one.over.set()
            for thread in threads:
                thread.join(90)
            self._broken += [f"{thread.name} has not ended." for thread in threads if thread.is_alive()]
            for _, worker in workers:
                worker.close()
            one.server.stop()
        for witness in self._witnesses:
            witness.end()
        return self._result(time.monotonic() - began)

    def _result(self, took: float) -> Result:
        ledger = self._attack.ledger
        types = {name: some[0].types for name, some in self._carriers.items()}
        lines = ledger.report(self._seed, types)
        missing = [
            f"{name} {kind}" for name, kinds in types.items() for kind in sorted(kinds) if not ledger.sent[name, kind]
        ]
        lines += [witness.words() for witness in self._witnesses if hasattr(witness, "words")]
        total = sum(ledger.sent.values())
        lines.append(f"{total} messages in {took:.0f} s, seed {self._seed}")
        if self._attack.over.is_set() and self._until:
            missing = []  # it was cut short
        lines += [f"NEVER SENT: {one}" for one in missing] + [f"BROKEN: {one}" for one in self._broken]
        return Result(ledger.findings, lines, missing, self._broken)

    def _send(self, carrier: Carrier) -> None:
        while not self._attack.over.is_set():
            try:
                carrier.step()
            except Exception:  # noqa: BLE001 - the attacker's own mistake is told, and the others go on
                if self._attack.over.is_set() or not self._attack.server.alive:
                    return
                self._broken.append(f"{type(carrier).__name__}: {traceback.format_exc()}")
                if len(self._broken) > 20:
                    return
                time.sleep(0.5)

    def _on_finding(self, finding: Finding) -> None:
        if self._until and re.search(self._until, finding.words):
            self._attack.over.set()
