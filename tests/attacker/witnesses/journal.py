"""Nothing is done without its right: by the answers, and by what the databases have under each person's name."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nexus_jupyter.protocol.rights import Right
from tests.attacker.attack import Attack
from tests.attacker.ledger import Answer, Sent
from tests.attacker.people import by_name

__all__ = ["Rights"]


class Rights:
    """Compares what was done with what its person may do."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._rev = 0
        self._told: set[str] = set()
        attack.ledger.judges.append(self.judge)

    def judge(self, sent: Sent, answer: Answer) -> tuple[str, str] | None:
        """Say whether something was done for a person who has no right to it."""
        if answer.done and not sent.allowed:
            return "rights", f"{sent.person.name} has no right to {sent.request}, and it was done ({answer.kind})."
        return None

    def look(self) -> None:
        """Look at the rows that came since the last look."""
        private = self._attack.place.workspace / ".nexus"
        for rev, actor, cause in _rows(
            private / "journal.db", "SELECT rev, actor, cause FROM journal WHERE rev > ? ORDER BY rev", self._rev
        ):
            self._rev = rev
            kind, via = json.loads(cause)["kind"], json.loads(cause)["via"]
            # An effect follows from a change, and lifecycle from a page; whose rights those needed is judged with them.
            if kind == "run":
                needed: tuple[Right, ...] = ("execute", "write") if via in {"effect", "lifecycle"} else ("execute",)
            else:
                needed = ("write",)
            self._refuse(json.loads(actor)["id"], needed, f"rev {rev} of the journal is a {kind} by {via}")
        for name, revoked in _rows(private / "journal.db", "SELECT granted_by, revoked_by FROM grants"):
            self._refuse(name, ("write",), "a grant was given")
            self._refuse(revoked or "", ("write",), "a grant was revoked")
        for (name,) in _rows(private / "runs.db", "SELECT DISTINCT actor FROM runs"):
            self._refuse(name, ("execute", "write"), "a run was recorded")

    def end(self) -> None:
        """Look once more."""
        self.look()

    def _refuse(self, name: str, needed: tuple[Right, ...], what: str) -> None:
        person = by_name.get(name)
        if person is not None and not person.rights & set(needed):
            found = self._attack.ledger.found
            found(
                "rights", f"In the name of {name}, who may not {' or '.join(needed)}: {what}.", kind=f"{name} {needed}"
            )


def _rows(file: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=5)) as connection:
            return connection.execute(query, values).fetchall()
    except sqlite3.Error:
        return []  # it is not there yet, or somebody writes
