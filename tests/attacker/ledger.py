"""What was sent, what was answered, and what was found."""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nexus_jupyter.protocol.rights import REQUESTS, RequestName
from tests.attacker.people import Person

__all__ = ["Answer", "Finding", "Ledger", "Sent"]

#: Messages of each person that are remembered, their length, and findings of one kind that are kept.
_REMEMBERED, _WIDTH, _KEPT = 40, 600, 5


@dataclass(frozen=True)
class Sent:
    """A message: what carries it, its type there, who sends it, the request that it is, and its beginning."""

    carrier: str
    type: str
    person: Person
    request: RequestName | None = None
    text: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the person has the right to it."""
        return self.request is None or REQUESTS[self.request] in self.person.rights


@dataclass(frozen=True)
class Answer:
    """What came back: whether what was asked for was done, in a word how it ended, and all its bytes."""

    done: bool
    kind: str
    body: bytes = b""


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    witness: str
    words: str
    sent: Sent | None = None
    before: tuple[str, ...] = ()


@dataclass
class Ledger:
    """Takes note from all threads.

    Attributes
    ----------
    judges
        Look at each answer, and return what is wrong with it, if anything.
    """

    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    judges: list[Callable[[Sent, Answer], tuple[str, str] | None]] = field(default_factory=list)
    on_finding: Callable[[Finding], None] = lambda _finding: None
    _last: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=_REMEMBERED)))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kinds: Counter[tuple[str, str]] = field(default_factory=Counter)

    def send(self, sent: Sent) -> Sent:
        """Take note of a message."""
        with self._lock:
            self.sent[sent.carrier, sent.type] += 1
            self._last[sent.person.name].append(f"{sent.carrier} {sent.type}: {sent.text[:_WIDTH]}")
        return sent

    def answer(self, sent: Sent, answer: Answer) -> None:
        """Take note of an answer, and let the judges see it."""
        with self._lock:
            self.answered[sent.carrier, answer.kind] += 1
        for judge in self.judges:
            found = judge(sent, answer)
            if found is not None:
                self.found(*found, sent)

    def found(self, witness: str, words: str, sent: Sent | None = None, kind: str = "") -> None:
        """Take note of something that must not be; ``kind`` stands for what is the same each time."""
        with self._lock:
            key = (witness, kind or (f"{sent.carrier} {sent.type}" if sent else words[:80]))
            self._kinds[key] += 1
            if self._kinds[key] > (1 if kind or sent else _KEPT):
                return
            before = tuple(self._last[sent.person.name]) if sent else ()
            finding = Finding(witness, words, sent, before)
            self.findings.append(finding)
        self.on_finding(finding)

    def newest(self) -> dict[str, list[str]]:
        """Return the last messages of each person."""
        with self._lock:
            return {name: list(some)[-8:] for name, some in self._last.items()}

    def report(self, seed: int, expected: dict[str, set[str]]) -> list[str]:
        """Return the lines of the closing report.

        Parameters
        ----------
        seed
            The run's.
        expected
            Types of messages by carrier that should have been sent.
        """
        lines = []
        for carrier in sorted(expected):
            types = {kind: count for (name, kind), count in sorted(self.sent.items()) if name == carrier}
            lines.append(f"sent by {carrier}: {sum(types.values())} messages of {len(types)} types: {_listed(types)}")
            ends = {kind: count for (name, kind), count in sorted(self.answered.items()) if name == carrier}
            lines.append(f"answered to {carrier}: {_listed(ends)}")
        if not self.findings:
            lines.append(f"found nothing (seed {seed})")
        for finding in self.findings:
            lines.append(f"FOUND (seed {seed}) by {finding.witness}: {finding.words}")
            if finding.sent is not None:
                who = f"{finding.sent.person.name}, {finding.sent.carrier} {finding.sent.type}"
                lines.append(f"  sent by {who}: {finding.sent.text[:_WIDTH]}")
                lines += [f"  before: {one}" for one in finding.before[-4:-1]]
        return lines


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "nothing"


def shown(value: Any) -> str:
    """Return the beginning of a value for the record."""
    if isinstance(value, bytes):
        return value[:_WIDTH].decode("utf-8", "backslashreplace")
    return json.dumps(value, allow_nan=True)[:_WIDTH] if not isinstance(value, str) else value[:_WIDTH]
