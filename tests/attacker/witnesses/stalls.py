"""The server's event loop is held up by nothing for longer than a tenth of a second.

The machine may be slow and shared, so lateness alone says little. A stall counts when the loop's own thread has worked
all that time by its processor clock, or when look after look finds it waiting at the same place while the thread that
looks was served in time; and not when a loop that does nothing was as late at the same time on the same machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.attacker.attack import Attack

__all__ = ["Stalls"]

_STALL = 0.1
#: Processor time that may be used at a stretch, in units of decoding a body of the largest size on this machine.
_UNITS = 5.0
#: Looks in a row, each in time, that find the loop at one place: the time between two is half a beat.
_SAME = 10
_BEFORE = 1.0


class Stalls:
    """Reads the heartbeats of the server's loop and of a bare one."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._file = attack.place.harness / f"beats-{attack.server.pid}.jsonl"
        self._bare_file = attack.place.harness / "bare.jsonl"
        self._bare = subprocess.Popen(
            [sys.executable, "-m", "tests.attacker.inside", str(self._bare_file)],
            env=attack.place.environment(),
            cwd="/",
        )
        self._read: dict[Path, int] = {}
        self._unit = _STALL / _UNITS
        self._late: list[tuple[float, float]] = []
        self._waiting: list[dict[str, Any]] = []
        self._lines(self._file)  # what was before the attack
        self.count = 0
        self.longest = 0.0

    def look(self) -> None:
        """Judge what both have written since."""
        self._late += [(line["at"], line["late"]) for line in self._lines(self._bare_file) if "late" in line]
        judged, self._waiting = (
            self._waiting,
            self._lines(self._file),
        )  # a bare loop's beat may be written a moment later
        for line in judged:
            self._judge(line)

    def end(self) -> None:
        """Judge the rest."""
        self.look()
        self.look()
        self._bare.terminate()
        self._bare.wait()

    def words(self) -> str:
        """Return a line for the report."""
        return f"event loop: late by more than {_STALL} s {self.count} times, at most {self.longest:.2f} s"

    def _judge(self, line: dict[str, Any]) -> None:
        if line.get("late", 0) <= _STALL or line["at"] > self._attack.ended:
            return
        self.count += 1
        self.longest = max(self.longest, line["late"])
        bare = sum(late for at, late in self._late if line["at"] - line["late"] - _BEFORE < at < line["at"] + _BEFORE)
        worked = line["cpu"] > max(_STALL, self._unit * _UNITS)
        # What no look in time has seen cannot be told from a machine that was somebody else's.
        if line["late"] - bare > _STALL and line["where"] and (worked or line["same"] >= _SAME):
            place = line["where"].strip().splitlines()
            words = (
                f"The event loop stood still for {line['late']:.2f} s, of which its thread worked {line['cpu']:.2f} s; "
                f"a bare loop was late by {bare:.2f} s meanwhile.\n" + "\n".join(place)
            )
            self._attack.ledger.found(
                "stalls", words, kind="\n".join(line for line in place if "nexus_jupyter" in line)[-300:]
            )

    def _lines(self, file: Path) -> list[dict[str, Any]]:
        if not file.exists():
            return []
        with file.open("rb") as opened:
            opened.seek(self._read.get(file, 0))
            data = opened.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read[file] = self._read.get(file, 0) + len(whole)
        lines = [json.loads(one) for one in whole.splitlines()]
        if file == self._file:
            self._unit = max([self._unit, *(line["unit"] for line in lines if "unit" in line)])
        return lines
