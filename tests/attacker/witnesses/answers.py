"""No answer says that the server failed, no exception is unheard, and the server goes on answering."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from tests.attacker.attack import Attack
from tests.attacker.ledger import Answer, Sent

__all__ = ["Answers"]

#: Codes of problems above 500 that say in a sentence what somebody has to do, and are no fault: a service that is not
#: configured, a quota of files, a model that is not there.
_TOLD = frozenset(["unavailable", "storage", "model"])
_FAULT = re.compile(
    r"Traceback \(most recent call last\)|Fatal Python error|Exception in callback|never retrieved|was never awaited"
)
#: The last lines of a fault in the log, which are shown.
_SHOWN = 30


class Answers:
    """Judges answers, and reads the server's log."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._read = 0
        self._told = False
        self._asked = time.monotonic()
        attack.ledger.judges.append(self.judge)

    def judge(self, sent: Sent, answer: Answer) -> tuple[str, str] | None:
        """Say whether an answer is that of a server which failed."""
        status, _, code = answer.kind.partition(" ")
        if status.startswith("5") and status.isdigit() and code not in _TOLD:
            return "answers", f"The answer was {answer.kind}: {answer.body[-400:].decode(errors='replace')}"
        if b"Traceback (most recent call last)" in answer.body and sent.request is not None:
            return "answers", "The answer holds a traceback."
        return None

    def look(self) -> None:
        """Read on in the log, and ask the server for a sign of life."""
        server, found = self._attack.server, self._attack.ledger.found
        with server.log.open("rb") as opened:
            opened.seek(self._read)
            data = opened.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for lines in _faults(whole.decode(errors="replace").splitlines()):
            found(
                "answers",
                "The log of the server has an exception:\n" + "\n".join([lines[0], *lines[1:][-_SHOWN:]]),
                kind=f"log {re.sub('[0-9a-f]{6,}', 'N', lines[-1])[:80]}",
            )
        if not server.alive and not self._told and not self._attack.over.is_set():
            self._told = True
            found("answers", f"The server has ended, with the code {server.process.returncode}.", kind="ended")
            self._attack.over.set()
            return
        if time.monotonic() - self._asked > 5:
            self._asked = time.monotonic()
            try:
                server.ask("GET", "health", seconds=60)
            except OSError as error:
                if server.alive and not self._attack.over.is_set():
                    found("answers", f"The server has not answered within a minute: {error}", kind="silent")

    def end(self) -> None:
        """Read the rest of the log."""
        self.look()


def _faults(lines: list[str]) -> Iterator[list[str]]:
    """Yield the lines of each fault in a part of the log: to the exception, where it has a traceback."""
    at = 0
    while at < len(lines):
        begin, at = at, at + 1
        if not _FAULT.search(lines[begin]):
            continue
        # What belongs to a traceback is indented, but for the line that ends it.
        while at < len(lines) and (lines[at].startswith((" ", "Traceback")) or not lines[at]):
            at += 1
        at = min(at + 1, len(lines))
        yield lines[begin:at]
