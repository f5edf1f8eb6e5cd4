"""`nexus bench ai`: the golden set, answered by the configured models; without one, by answers written by hand.

Answers by hand show that the form, the checks and the goals agree. They say nothing about any model, and the table
says so.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from nexus_jupyter.ai import AnswerReader, Router, Unusable
from nexus_jupyter.assistant import Assistant
from nexus_jupyter.assistant.checking import check_edit, check_panel, patch_of
from nexus_jupyter.benchmarks.golden import Task, holds, start, tasks, unchanged
from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.protocol.ai import AskBody, DecideBody, ModelText, Proposal
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["Score", "ai", "by_hand", "scored"]

_PERSON = Actor(id="bench", name="Bench")


@dataclass
class Score:
    """What became of one task: the answer could be used, was applied, reached the goal, and left the rest alone."""

    task: str
    valid: bool = False
    applied: bool = False
    goal: bool = False
    untouched: bool = True
    tokens: int = 0
    milliseconds: float = 0
    said: str = ""


#: Makes a panel's change for a task, and notes how that went.
Way = Callable[[WorkspaceKernel, Task, Score], Awaitable[None]]


async def by_hand(kernel: WorkspaceKernel, task: Task, score: Score) -> None:
    """Take the answer that was written by hand."""
    reader = AnswerReader()
    reader.feed(task.answer)
    head = kernel.head
    try:
        answer = reader.finish()
        if task.panel is None:
            name = task.create or task.id
            checked = check_panel(kernel, name, answer.nxml or "")
            score.valid = True
            kernel.put_panel(name, checked.after, _PERSON, prompt=task.id)
        else:
            checked = check_edit(kernel, head, task.panel, answer)
            score.valid = True
            kernel.edit(task.panel, patch_of(task.panel, head.rev, checked.edits), _PERSON, prompt=task.id)
        score.applied = True
    except Unusable as error:
        score.said = " ".join(error.errors)
    except NexusError as error:
        score.said = error.message
    score.tokens = Router([]).count(task.answer)


def asked(router: Router) -> Way:
    """Return the way that asks models, and accepts all of what they propose."""

    async def way(kernel: WorkspaceKernel, task: Task, score: Score) -> None:
        assistant = Assistant(kernel, router)
        text, said = 0, ""
        async for event in assistant.ask(AskBody(text=task.instruction, panel=task.panel, create=task.create), _PERSON):
            if isinstance(event, ModelText):
                text += 1
            elif isinstance(event, Proposal):
                score.valid, score.tokens = True, event.usage.completion_tokens or text
                try:
                    await assistant.decide(event.id, DecideBody(), _PERSON)
                    score.applied = True
                except NexusError as error:
                    said = error.message
            elif event.kind == "failed":
                said, score.tokens = event.message, event.usage.completion_tokens
        score.said = said
        assistant.close()

    return way


async def scored(way: Way, chosen: list[Task]) -> list[Score]:
    """Return how tasks went, each in a workspace of its own panels."""
    scores: list[Score] = []
    with tempfile.TemporaryDirectory() as folder:
        kernel = WorkspaceKernel(Path(folder) / "golden")
        try:
            scores += [await _one(kernel, way, task) for task in chosen]
        finally:
            kernel.close()
    return scores


async def _one(kernel: WorkspaceKernel, way: Way, task: Task) -> Score:
    for name in kernel.panels():
        kernel.delete(name, _PERSON)
    if task.panel is not None:
        kernel.put_panel(task.panel, start(task.panel), _PERSON)
    panel = task.panel or task.create or ""
    before = _entities(kernel, panel)
    score = Score(task.id)
    began = time.perf_counter()
    await way(kernel, task, score)
    score.milliseconds = (time.perf_counter() - began) * 1e3
    after = _entities(kernel, panel)
    missing, changed = holds(task, panel, after), unchanged(task, panel, before, after)
    score.goal, score.untouched = score.applied and not missing, not changed
    score.said = score.said or "; ".join([*missing, *changed])
    return score


def _entities(kernel: WorkspaceKernel, panel: str) -> dict[str, Entity]:
    graph = kernel.head.graph
    return {entity.id: entity for entity in graph.subtree(panel)} if panel in graph else {}


def ai() -> list[Row]:
    """Score the golden set."""
    router = Router.from_environment()
    what = "models asked" if router.configured else "answers by hand, no model asked"
    way = asked(router) if router.configured else by_hand
    scores = asyncio.run(_and_close(way, router))
    count = len(scores)

    def share(name: str, reached: int, target: str = "") -> Row:
        percent = 100 * reached / count
        return Row(f"{name} ({what})", percent, percent, count, target=target, unit="%")

    tokens = sorted(score.tokens for score in scores)
    return [
        share("valid", sum(score.valid for score in scores)),
        share("applied", sum(score.applied for score in scores)),
        share("goal reached", sum(score.goal for score in scores)),
        share("nothing else changed", sum(score.untouched for score in scores)),
        Row(f"tokens of an answer ({what})", tokens[count // 2], tokens[int(count * 0.95)], count, unit="tokens"),
        summary(f"wish to change ({what})", [score.milliseconds for score in scores]),
    ]


async def _and_close(way: Way, router: Router) -> list[Score]:
    try:
        return await scored(way, tasks())
    finally:
        await router.aclose()
