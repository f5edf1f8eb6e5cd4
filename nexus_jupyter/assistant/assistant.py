"""``Assistant``: asks a model in a person's name, shows what arrives, and changes nothing until the person decides."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from opentelemetry.context import Context as OtelContext

from nexus_jupyter.ai import ContextOptions, Edit, Focus, Router
from nexus_jupyter.assistant.asking import Asking, Course
from nexus_jupyter.assistant.audit import Exchange, record_decision
from nexus_jupyter.assistant.checking import patch_of
from nexus_jupyter.assistant.proposals import Pending, Proposals
from nexus_jupyter.assistant.seeing import builder
from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.protocol.ai import AskBody, AskEvent, AskFailed, Context, DecideBody, Decided, Proposal, Task
from nexus_jupyter.protocol.errors import ConflictError, NexusError, NotFoundError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Change, Patch
from nexus_jupyter.workspace import WorkspaceKernel, graph_ops

__all__ = ["Assistant", "AssistantOptions"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AssistantOptions:
    """What the owner of a workspace sets.

    Attributes
    ----------
    context
        What models are shown.
    budget
        Tokens that a context takes at most, however much a model could take.
    answer_share
        The part of a model's window that is left for its answer.
    """

    context: ContextOptions = field(default_factory=ContextOptions)
    budget: int = 24_000
    answer_share: float = 0.25


class Assistant:
    """The assistant of one workspace.

    Parameters
    ----------
    kernel
        The workspace.
    router
        Asks language models.
    options
        What models are shown, and how much of it.
    """

    def __init__(self, kernel: WorkspaceKernel, router: Router, *, options: AssistantOptions | None = None) -> None:
        self._kernel = kernel
        self._router = router
        self._options = options or AssistantOptions()
        self._proposals = Proposals(self._gone)

    async def ask(self, body: AskBody, actor: Actor, *, within: OtelContext | None = None) -> AsyncGenerator[AskEvent]:
        """Ask for a change or a new panel; the last event is a `Proposal` or an `AskFailed`, and nothing is changed.

        Closing the generator ends the call to the model.

        Parameters
        ----------
        body
            The wish.
        actor
            The person who asks. Models see this person's own values and nobody else's.
        within
            What it is part of, from `Recorder.here`.
        """
        about = body.panel or body.create or ""
        exchange = Exchange(self._kernel.recorder, uuid.uuid4().hex, actor.id, about, within)
        events = self._events(body, actor, exchange)
        try:
            async with aclosing(events):
                async for event in events:
                    yield event
        except NexusError as error:
            exchange.failed(f"{error.message} {error.hint}".strip())
            yield AskFailed(
                id=exchange.id, code=error.code, message=error.message, hint=error.hint, usage=exchange.usage
            )
        except (asyncio.CancelledError, GeneratorExit):
            exchange.failed("It was given up before the answer was there.")
            raise

    async def decide(self, proposal_id: str, body: DecideBody, actor: Actor) -> Decided:
        """Accept all or some ops of a proposal, or none.

        What is accepted is one change of the journal by the person, whose cause is the exchange; it is checked again as
        it is, against the newest version.

        Raises
        ------
        NotFoundError
            If the person has no such proposal (any more).
        RequestError
            If there is no op of a number, or one was chosen without one that it needs.
        ConflictError
            If what an op would change was changed meanwhile. Nothing was changed; the proposal waits further.
        PatchError
            If the panel would have errors.
        """
        pending = self._proposals.find(proposal_id, actor.id)
        accepted = _accepted(pending, body)
        if not self._proposals.take(proposal_id):
            raise ConflictError("This proposal is being decided already.")
        if not accepted:
            record_decision(self._kernel.recorder, pending.proposal, actor.id, step="rejected")
            return Decided(id=proposal_id, rev=None, accepted=[])
        try:
            change = await self._work(lambda: self._carry_out(pending, accepted, actor))
        except BaseException:
            self._proposals.put_back(pending)
            raise
        rev = change.rev if change is not None else None
        record_decision(self._kernel.recorder, pending.proposal, actor.id, step="accepted", accepted=accepted, rev=rev)
        positions = await self._work(lambda: self._positions(pending, accepted, change))
        return Decided(id=proposal_id, rev=rev, accepted=accepted, positions=positions)

    def waiting(self, proposal_id: str, actor: Actor) -> Proposal | None:
        """Return a person's proposal, or None when there is no such one or it is decided."""
        try:
            return self._proposals.find(proposal_id, actor.id).proposal
        except NotFoundError:
            return None

    def close(self) -> None:
        """Forget all proposals."""
        self._proposals.clear()

    # Asking

    async def _events(self, body: AskBody, actor: Actor, exchange: Exchange) -> AsyncGenerator[AskEvent]:
        course, context = await self._work(lambda: self._begin(body, actor, exchange))
        exchange.panel = course.focus.create or course.focus.panel or ""
        exchange.asked(course.task, body.text, context)

        def shrunk(limit: int) -> Context:
            return self._context(body, actor, course.focus, limit)

        asking = Asking(self._kernel, self._router, course, exchange, shrunk)
        asking.afford(context)
        yield context
        events = asking.events(context)
        async with aclosing(events):
            async for event in events:
                yield event
        if asking.result is not None:
            proposal, edits = asking.result
            self._proposals.add(proposal, actor.id, tuple(edits))
            exchange.proposed(proposal)
            yield proposal

    def _begin(self, body: AskBody, actor: Actor, exchange: Exchange) -> tuple[Course, Context]:
        head = self._kernel.head
        taken = self._kernel.panels()
        if body.create is not None and body.create in taken:
            raise ConflictError(
                f"There is a panel '{body.create}' already.", hint="Choose another name, or ask for a change of it."
            )
        if body.panel is not None:
            self._kernel.panel(body.panel)
        if body.create is not None:
            focus = Focus(create=body.create, frames=body.frames)
        elif body.panel is not None:
            focus = Focus(panel=body.panel, frames=body.frames)
        else:
            seen = builder(
                self._kernel, head, user=actor.id, count=self._router.count, options=self._options.context
            ).focus(body.text)
            focus = Focus(panel=seen.panel, frames=body.frames, why=seen.why)
        task: Task = "create" if focus.panel is None else "edit"
        course = Course(id=exchange.id, task=task, head=head, focus=focus, user=actor.id, open=body.panel is None)
        window = self._router.window(course.task)
        budget = min(self._options.budget, int(window * (1 - self._options.answer_share)))
        return course, self._context(body, actor, focus, budget)

    def _context(self, body: AskBody, actor: Actor, focus: Focus, budget: int) -> Context:
        options = self._options.context
        made = builder(self._kernel, self._kernel.head, user=actor.id, count=self._router.count, options=options)
        return made.for_request(body.text, focus, budget)

    # Deciding

    def _carry_out(self, pending: Pending, accepted: list[int], actor: Actor) -> Change | None:
        proposal = pending.proposal
        with self._kernel.recorder.within(None, user=actor.id):
            if proposal.patch is None:
                return self._kernel.put_panel(proposal.panel, proposal.after, actor, prompt=proposal.id)
            patch = _chosen(pending, accepted)
            return self._kernel.edit(proposal.panel, patch, actor, prompt=proposal.id)

    def _positions(self, pending: Pending, accepted: list[int], change: Change | None) -> list[list[int]]:
        if change is None:
            return [[] for _ in accepted]
        if pending.proposal.patch is None:
            return [list(range(len(change.ops)))]
        before = self._kernel.graphs.at(change.rev - 1).graph
        return _positions(before, pending.proposal.panel, [pending.edits[index] for index in accepted], change.rev)

    def _gone(self, pending: Pending) -> None:
        record_decision(self._kernel.recorder, pending.proposal, pending.person, step="gone")

    async def _work(self, task: Callable[[], T]) -> T:
        """Do what takes the reactor or the disk, away from the loop."""
        return await asyncio.wrap_future(self._kernel.submit(task))


def _accepted(pending: Pending, body: DecideBody) -> list[int]:
    """Return the numbers of the ops that a person takes; raises `RequestError`."""
    ops = pending.proposal.ops
    if body.reject:
        if body.accept:
            raise RequestError("A decision either accepts ops or rejects the proposal.")
        return []
    if body.accept is None:
        return [op.index for op in ops]
    chosen = sorted(set(body.accept))
    known = {op.index: op for op in ops}
    for index in chosen:
        if index not in known:
            raise RequestError(f"The proposal has no op {index}.", hint=f"They are numbered from 0 to {len(ops) - 1}.")
        missing = [other for other in known[index].needs if other not in chosen]
        if missing:
            named = ", ".join(f"{other} ({known[other].words})" for other in missing)
            raise RequestError(f"Op {index} needs {named} as well.", hint="Accept both, or neither.")
    return chosen


def _chosen(pending: Pending, accepted: list[int]) -> Patch:
    edits = [pending.edits[index] for index in accepted]
    return patch_of(pending.proposal.panel, pending.proposal.rev, edits)


def _positions(before: Graph, panel: str, edits: Sequence[Edit], rev: int) -> list[list[int]]:
    """Return, for each edit, which ops of the change that it became are its own."""
    sections, ops = graph_ops(before, panel, patch_of(panel, rev, edits))
    done = apply(before, sections, rev=0)
    at = len(done.ops)
    found: list[list[int]] = []
    waiting = iter(ops)
    for edit in edits:
        places: list[int] = []
        for op in islice(waiting, len(edit.ops)):
            done = apply(done.graph, [op], rev=0)
            places += range(at, at + len(done.ops))
            at += len(done.ops)
        found.append(places)
    return found
