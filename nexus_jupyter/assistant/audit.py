"""What is written down of each exchange with a model: in TriLog's process ModelExchange, without secrets.

The journal has only the exchange's id, as the cause of the change that came of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from opentelemetry.context import Context as OtelContext

from nexus_jupyter.ai import redacted
from nexus_jupyter.protocol.ai import Context, ModelFinished, Proposal, Usage
from nexus_jupyter.protocol.errors import ModelError
from nexus_jupyter.trilog import Operation, Recorder

__all__ = ["Exchange", "record_decision"]

#: Characters of a text that are kept.
_LONGEST = 20_000
_PROCESS = "ModelExchange"


@dataclass
class Exchange:
    """One request of a person, from the question to the proposal: a course of a process, and a span of its trace.

    ``within`` is what it is part of, from `Recorder.here`: the click, or the run that asks.
    """

    recorder: Recorder
    id: str
    person: str
    panel: str = ""
    within: OtelContext | None = None
    usage: Usage = field(default_factory=Usage)
    endpoint: str = ""
    model: str = ""
    answer: str = ""
    _began: float = field(default_factory=time.perf_counter)
    _answered: bool = False
    _operation: Operation | None = None

    @property
    def seconds(self) -> float:
        """Since it was asked."""
        return time.perf_counter() - self._began

    def asked(self, task: str, prompt: str, context: Context) -> None:
        """Note the question, and which parts of the workspace the model was shown: their sizes, not their text."""
        parts = [
            {"part": part.name, "tokens": part.tokens, "shown": part.included, "why": part.reason}
            for part in context.parts
        ]
        self._operation = self.recorder.begin(
            "model.ask", within=self.within, panel=self.panel or None, task=task, exchange=self.id
        )
        self._step("asked", task=task, prompt=_kept(prompt), context=_kept(json.dumps(parts, ensure_ascii=False)))

    def took(self, finished: ModelFinished) -> None:
        """Take over an answer; of several, the tokens add up and the last one is kept."""
        usage = finished.usage
        self.usage = Usage(
            prompt_tokens=self.usage.prompt_tokens + usage.prompt_tokens,
            completion_tokens=self.usage.completion_tokens + usage.completion_tokens,
            cost=self.usage.cost + usage.cost,
            estimated=self.usage.estimated or usage.estimated,
        )
        self.endpoint, self.model, self.answer = finished.endpoint, finished.model, finished.text

    def proposed(self, proposal: Proposal) -> None:
        """Note that a proposal came of it."""
        self.answered()
        self._step("proposed", ops=_kept(json.dumps([op.words for op in proposal.ops], ensure_ascii=False)))
        self._end()

    def completed(self) -> None:
        """Note that the answer is all that was wanted."""
        self.answered()
        self._end()

    def failed(self, error: str) -> None:
        """Note that nothing came of it; what was refused before it was asked is no exchange."""
        if self._operation is None:
            return
        if self.answer:
            self.answered()
        self._step("failed", error=_kept(error))
        self._end(ModelError(_kept(error)))

    def answered(self) -> None:
        """Note the answer, once."""
        if self._answered:
            return
        self._answered = True
        self._step(
            "answered",
            answer=_kept(self.answer),
            endpoint=self.endpoint,
            model=self.model,
            prompt_tokens=str(self.usage.prompt_tokens),
            completion_tokens=str(self.usage.completion_tokens),
            cost=f"{self.usage.cost:.6f}",
            seconds=f"{self.seconds:.3f}",
        )

    def _end(self, error: ModelError | None = None) -> None:
        operation, self._operation = self._operation, None
        if operation is not None:
            operation.end(error)

    def _step(self, step: str, **attributes: str) -> None:
        trace = self._operation.trace_id if self._operation is not None else ""
        self.recorder.step(_PROCESS, self.id, step, self.panel, trace, actor=self.person, **attributes)


def record_decision(
    recorder: Recorder,
    proposal: Proposal,
    person: str,
    *,
    step: str,
    accepted: Sequence[int] = (),
    rev: int | None = None,
) -> None:
    """Note what a person made of a proposal, or that nobody decided it in time."""
    taken = set(accepted)
    rejected = [op.index for op in proposal.ops if op.index not in taken]
    told = {"accepted": json.dumps(list(accepted)), "rejected": json.dumps(rejected)}
    if rev is not None:
        told["rev"] = str(rev)
    recorder.step(_PROCESS, proposal.id, step, proposal.panel, actor=person, **told)


def _kept(text: str) -> str:
    """Return a text without secrets and private data, cut where it is long."""
    kept = redacted(text)
    return kept if len(kept) <= _LONGEST else f"{kept[:_LONGEST]}… ({len(kept)} characters)"
