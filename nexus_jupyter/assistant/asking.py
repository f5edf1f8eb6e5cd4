"""One wish on its way: asked, shown as it arrives, checked, mended, asked once more, and handed to the next model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from nexus_jupyter.ai import (
    Answer,
    AnswerReader,
    ContextOverflow,
    Edit,
    Focus,
    ModelEdit,
    Router,
    Unusable,
    answer_schema,
    messages,
    repair,
)
from nexus_jupyter.assistant.audit import Exchange
from nexus_jupyter.assistant.checking import Checked, applied, check_edit, check_panel, free_name, panel_id, patch_of
from nexus_jupyter.assistant.describing import asks, changes, described, effective, impact_of
from nexus_jupyter.nog.diff import diff
from nexus_jupyter.protocol.ai import (
    AskEvent,
    Context,
    Draft,
    Message,
    ModelFinished,
    ModelRequest,
    ModelRestarted,
    ModelStarted,
    ModelText,
    Proposal,
    ProposedOp,
    Repairing,
    Task,
)
from nexus_jupyter.protocol.errors import ModelError, PatchError
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.writer import Head

__all__ = ["Asking", "Course"]

T = TypeVar("T")
#: Models that are asked one after the other when answers are of no use.
_MODELS = 3
#: What is left of a context that a model found too long, when it does not say how much it takes.
_SHRUNK = 0.5
#: Errors that a model, or a person, is told of.
_ERRORS = 12


@dataclass(frozen=True, slots=True)
class Course:
    """What is asked for: the task, the version it is worked out on, what it is about, and by whom.

    ``open`` says that nobody has named a panel, so that the model may choose to make a new one.
    """

    id: str
    task: Task
    head: Head
    focus: Focus
    user: str
    open: bool


class Asking:
    """The pipeline of one wish.

    Parameters
    ----------
    kernel, router
        The workspace, and who asks models.
    course
        What is asked for.
    exchange
        What is written down of it.
    shrunk
        Makes a smaller context, of so many tokens.
    """

    def __init__(
        self,
        kernel: WorkspaceKernel,
        router: Router,
        course: Course,
        exchange: Exchange,
        shrunk: Callable[[int], Context],
    ) -> None:
        self._kernel = kernel
        self._router = router
        self._course = course
        self._exchange = exchange
        self._shrunk = shrunk
        self._drafting: str | None = None
        self._finished: ModelFinished | None = None
        #: The proposal and the edits it is made of, once there is one.
        self.result: tuple[Proposal, Sequence[Edit]] | None = None

    def afford(self, context: Context) -> None:
        """Raise `QuotaError` if no budget is left for it, before anything is told."""
        self._router.afford(self._request(messages(context)))

    async def events(self, context: Context) -> AsyncGenerator[AskEvent]:
        """Yield what happens; `result` has what came of it.

        Raises
        ------
        ModelError
            If no answer could become a change. Nothing was changed.
        """
        asked = messages(context)
        skip, repaired, shrunk = frozenset[str](), False, False
        errors: list[str] = []
        extra: list[Message] = []
        try:
            while len(skip) < _MODELS:
                reader = AnswerReader()
                try:
                    events = self._stream([*asked, *extra], skip, reader)
                    async with aclosing(events):
                        async for event in events:
                            yield event
                except ContextOverflow as error:
                    if shrunk:
                        raise
                    shrunk = True
                    smaller = await self._work(partial(self._shrunk, _smaller(context, error)))
                    yield smaller
                    asked, extra = messages(smaller), []
                    continue
                except ModelError:
                    if not errors:
                        raise
                    break  # what the last answer lacked says more than that there is nobody else to ask
                found = await self._work(partial(self._judge, reader, repaired=repaired))
                if not isinstance(found, list):
                    self.result = found
                    return
                errors = found[:_ERRORS]
                assert self._finished is not None
                if repaired:
                    self._router.reject(self._finished.endpoint, errors[0])
                    skip, extra = skip | {self._finished.endpoint}, []
                else:
                    repaired = True
                    extra = repair(reader.text, errors)
                    yield Repairing(errors=errors)
        finally:
            self._end_draft()
        raise ModelError(
            f"The model's answer cannot be used: {errors[0] if errors else 'it was empty.'} Nothing was changed.",
            hint="Say it in other words, or in smaller steps.",
        )

    # Streaming

    async def _stream(
        self, asked: list[Message], skip: frozenset[str], reader: AnswerReader
    ) -> AsyncGenerator[AskEvent]:
        shown: tuple[int, int] = (0, 0)
        self._finished = None
        stream = self._router.stream(self._request(asked), skip=skip)
        async with aclosing(stream):
            async for event in stream:
                match event:
                    case ModelStarted():
                        yield event
                    case ModelRestarted():
                        reader.clear()
                        shown = (0, 0)
                        yield event
                    case ModelText():
                        reader.feed(event.text)
                        yield event
                        draft, shown = self._draft(reader, shown)
                        if draft is not None:
                            yield draft
                    case ModelFinished():
                        self._finished = event
                        self._exchange.took(event)
        if self._finished is None:
            raise ModelError("The model's answer ended before it was whole.", hint="Try again.")

    def _request(self, asked: list[Message]) -> ModelRequest:
        course = self._course
        return ModelRequest(
            task=course.task,
            messages=asked,
            user=course.user,
            panel=course.focus.panel or course.focus.create,
            answer_schema=answer_schema(either=course.open) if course.task == "edit" else None,
        )

    def _draft(self, reader: AnswerReader, shown: tuple[int, int]) -> tuple[Draft | None, tuple[int, int]]:
        """Return what there is to be seen beyond what was shown: how many ops, and how much of a text."""
        arrived = reader.partial()
        if arrived.nxml is not None:
            name = self._new_name(arrived.nxml)
            # Once for each tag that has come: more often would draw the same again.
            at = arrived.nxml.rfind(">") + 1
            if name is None or at <= shown[1] or not self._may_create:
                return None, shown
            self._drafting = name
            self._kernel.draft(name, arrived.nxml)
            return Draft(panel=name, nxml=arrived.nxml), (shown[0], at)
        if len(arrived.ops) <= shown[0]:
            return None, shown
        panel = self._course.focus.panel or ""
        return Draft(panel=panel, ops=[_sentence(op) for op in arrived.ops]), (len(arrived.ops), shown[1])

    @property
    def _may_create(self) -> bool:
        """Whether an answer may be a new panel: one was wished for, or nobody named the one to change."""
        return self._course.open or self._course.task == "create"

    def _new_name(self, nxml: str) -> str | None:
        """Return the name of a new panel, which is no other's, whatever its text says."""
        if self._course.focus.create is not None:
            return self._course.focus.create
        if self._drafting is not None:
            return self._drafting
        given = panel_id(nxml)
        return None if given is None else free_name(given, self._kernel.panels())

    def _end_draft(self) -> None:
        if self._drafting is not None:
            self._kernel.draft(self._drafting, None)
            self._drafting = None

    # Judging

    def _judge(self, reader: AnswerReader, *, repaired: bool) -> tuple[Proposal, Sequence[Edit]] | list[str]:
        """Return the proposal that an answer comes to, or what is wrong with it."""
        try:
            answer = reader.finish()
            if answer.nxml is not None:
                return self._propose_panel(answer, repaired=repaired)
            return self._propose_edit(answer, repaired=repaired)
        except Unusable as error:
            return error.errors or ["The answer is empty."]

    def _propose_panel(self, answer: Answer, *, repaired: bool) -> tuple[Proposal, Sequence[Edit]]:
        nxml = answer.nxml or ""
        if not self._may_create:
            panel = self._course.focus.panel
            raise Unusable([f"The panel '{panel}' is there already: answer with ops that change it, as JSON."])
        name = self._new_name(nxml) or "panel"
        checked = check_panel(self._kernel, name, nxml)
        made = Proposal(
            id=self._course.id,
            task="create",
            panel=name,
            say=answer.say,
            rev=self._course.head.rev,
            ops=[ProposedOp(index=0, words=f"new panel {name}", touched=[])],
            after=checked.after,
            changes=diff(name, None, {}),
            asks=asks(self._kernel, name, None, checked.build),
            diagnostics=checked.build.diagnostics,
            **self._provenance(checked, repaired=repaired),
        )
        return made, ()

    def _propose_edit(self, answer: Answer, *, repaired: bool) -> tuple[Proposal, Sequence[Edit]]:
        head, panel = self._course.head, self._course.focus.panel
        if panel is None:
            raise Unusable(["There is no panel to change: answer with the NXML of a new one."])
        checked = check_edit(self._kernel, head, panel, answer)
        edits, words = effective(head, panel, checked.edits)
        if not edits:
            raise Unusable(["The ops change nothing: the panel is like that already."])
        if len(edits) < len(checked.edits):
            try:
                kept = applied(self._kernel, head, panel, edits)
            except PatchError as error:
                raise Unusable([error.message]) from error
            checked = Checked(kept.after, kept.build, kept.edits, kept.ops, checked.fixed)
        before = str(head.graph.entity(panel).attrs.get("nxml", ""))
        patch = patch_of(panel, head.rev, edits)
        made = Proposal(
            id=self._course.id,
            task="edit",
            panel=panel,
            say=answer.say,
            rev=head.rev,
            patch=patch,
            ops=described(self._kernel, head, panel, edits, words),
            before=before,
            after=checked.after,
            changes=changes(head, panel, checked),
            impact=impact_of(head.graph, patch.ops),
            asks=asks(self._kernel, panel, self._kernel.reactor.check(before), checked.build),
            diagnostics=checked.build.diagnostics,
            **self._provenance(checked, repaired=repaired),
        )
        return made, edits

    def _provenance(self, checked: Checked, *, repaired: bool) -> dict[str, Any]:  # Any: fields of a Proposal
        exchange = self._exchange
        return {
            "fixed": checked.fixed,
            "repaired": repaired,
            "endpoint": exchange.endpoint,
            "model": exchange.model,
            "usage": exchange.usage,
            "seconds": exchange.seconds,
        }

    async def _work(self, task: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._kernel.submit(task))


def _smaller(context: Context, error: ContextOverflow) -> int:
    """Return the tokens that a context may take after a model found it too long."""
    known = error.limit * (1 - 0.25) if error.limit is not None else context.budget
    return max(1, int(min(known, context.tokens) * _SHRUNK)) if known >= context.tokens else int(known * 0.9)


def _sentence(edit: ModelEdit) -> str:
    """Say in a few words what an edit that has just arrived is."""
    match edit.op:
        case "set":
            return f"{edit.id}: {edit.attr} = {edit.value[:60]!r}"
        case "unset":
            return f"{edit.id}: without {edit.attr}"
        case "insert":
            return f"new {edit.where} {edit.at}: {edit.nxml[:60]}"
        case "remove":
            return f"without {edit.id}"
        case "move":
            return f"{edit.id} moves {edit.where} {edit.at}"
        case _:
            return f"{edit.id}: another text"
