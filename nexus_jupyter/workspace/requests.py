"""What one client asks for: answered in the order it came, each with one result."""

from __future__ import annotations

import uuid
from concurrent.futures import Future
from typing import TYPE_CHECKING, assert_never

from nexus_jupyter.protocol.adoption import AdoptionAllow, AdoptionRequest
from nexus_jupyter.protocol.asking import AskingFrame, AskRequest, AssistantRequest, DecideRequest
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.coediting import CodeOpen
from nexus_jupyter.protocol.conflict import Resolve
from nexus_jupyter.protocol.errors import FrameError, NexusError, PermissionDeniedError, QuotaError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.past import BranchFrom, HistoryRequest, PastFrame, PastRequest, RevertRequest
from nexus_jupyter.protocol.problem import Problem
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.protocol.stream import (
    Answer,
    Expose,
    FramePage,
    GrantRequest,
    Result,
    RevokeRequest,
    SetState,
    Trigger,
    Undo,
    Upload,
)
from nexus_jupyter.workspace.desk import AskRequests
from nexus_jupyter.workspace.functions import FunctionError, PendingCalls
from nexus_jupyter.workspace.lane import Lane
from nexus_jupyter.workspace.outbox import Outbox
from nexus_jupyter.workspace.paging import Paging
from nexus_jupyter.workspace.pastrequests import PastRequests
from nexus_jupyter.workspace.uploads import Uploads

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["Request", "Requests"]

#: Frames that are answered by a result.
Request = (
    Trigger
    | SetState
    | FramePage
    | Undo
    | GrantRequest
    | RevokeRequest
    | Expose
    | Upload
    | Resolve
    | CodeOpen
    | PastFrame
    | AskingFrame
    | AdoptionRequest
    | AdoptionAllow
)


#: Runs of one client that may be under way, those that wait for their turn included.
_RUNS = 64


class Requests:
    """Answers the requests of one client.

    Parameters
    ----------
    kernel
        The workspace.
    actor, client
        Who the client is, and its own id.
    lane
        Where requests are answered, one after the other.
    outbox
        What goes to the client.
    """

    def __init__(self, kernel: WorkspaceKernel, actor: Actor, client: str, lane: Lane, outbox: Outbox) -> None:
        self._kernel = kernel
        self._actor = actor
        self._client = client
        self._lane = lane
        self._outbox = outbox
        self._runs: dict[str, str] = {}  # trigger -> run
        self._uploads = Uploads(kernel.files)
        self._paging = Paging(kernel, actor.id, lane, send=outbox.put, fail=self.fail)
        self._calls = PendingCalls(lambda frame: outbox.put(frame.model_dump_json()))
        self._past = PastRequests(kernel, actor, lambda frame: outbox.put(frame.model_dump_json()))
        self._asking = AskRequests(
            kernel,
            actor,
            send=lambda frame: outbox.put(frame.model_dump_json()),
            finish=self._finished,
        )

    def close(self) -> None:
        """Drop what is not answered yet; runs that have begun go on, those that wait are cancelled."""
        for run in list(self._runs.values()):
            self._kernel.execution.withdraw(run)
        self._kernel.functions.forget(self)
        self._calls.abandon()
        self._past.close()
        self._asking.close()
        self._paging.close()

    def take(self, frame: Request) -> None:
        """Answer a request after those that came before."""
        self._lane.put(lambda: self._answer(frame))

    def cancel(self, request: str) -> None:
        """Cancel what a request has started."""
        self._paging.cancel(request)
        self._asking.cancel(request)
        run = self._runs.get(request)
        if run is not None:
            self._kernel.execution.cancel(run)

    def settle(self, frame: Answer) -> None:
        """Take what a function of the client's notebook gave."""
        failed = FunctionError(frame.error) if frame.error is not None else None
        self._calls.settle(frame.call, frame.value, failed)

    def settle_table(self, call: int, stream: memoryview) -> None:
        """Take the Arrow stream that a function of the client's notebook returned; decodes it only if it is awaited."""
        if not self._calls.waits(call):
            return
        try:
            self._calls.settle(call, self._kernel.arrow.decode(stream), None)
        except FrameError as error:
            self._calls.settle(call, None, FunctionError(error.message))

    def fail(self, request: str, error: NexusError) -> None:
        """Answer a request by what went wrong."""
        self._send(Result(id=request, rev=self._kernel.head.rev, problem=Problem.of(error)))

    def _answer(self, frame: Request) -> None:
        with self._kernel.recorder.within(getattr(frame, "traceparent", None), user=self._actor.id):
            self._answer_within(frame)

    def _answer_within(self, frame: Request) -> None:
        try:
            match frame:
                case Trigger():
                    self._trigger(frame)
                case FramePage():
                    self._paging.answer(frame)
                case AskRequest() | DecideRequest() | AssistantRequest():
                    self._asking.take(frame)
                case _:
                    self._finished(frame.id, *self._done(frame))
        except NexusError as error:
            if isinstance(frame, SetState):
                self._uploads.withdraw(frame.value)
            self.fail(frame.id, error)

    def _done(self, frame: Request) -> tuple[int | None, JsonValue]:
        """Do what is asked; return the rev of the change, if there was one, and the answer's value."""
        kernel, actor = self._kernel, self._actor
        match frame:
            case SetState():
                values = {frame.name: frame.value}
                change = kernel.set_state(frame.panel, values, actor, via="input", element=frame.element, at=frame.at)
                return change.rev if change else None, None
            case Undo():
                undone = kernel.undo(frame.panel, actor, redo=frame.redo)
                return undone.change.rev if undone.change else None, list[JsonValue](undone.notes)
            case GrantRequest() | RevokeRequest() | AdoptionRequest() | AdoptionAllow():
                return None, self._decided(frame)
            case Expose():
                if actor.kind != "kernel":
                    raise PermissionDeniedError("Only a notebook's kernel can expose functions.")
                kernel.functions.expose(self, frame.functions, self._calls.call)
                return None, None
            case Upload():
                kernel.panel(frame.panel)
                return None, self._uploads.take(frame)
            case CodeOpen():
                epoch, update = kernel.coediting.open(frame.panel, frame.node, self._client, actor, self._outbox.put)
                return None, {"epoch": epoch, "update": update}
            case Resolve():
                change = kernel.versions.resolve(frame.panel, frame.conflict, frame.pick, actor)
                return change.rev if change else None, None
            case HistoryRequest() | PastRequest() | RevertRequest() | BranchFrom():
                return self._past.done(frame)
            case Trigger() | FramePage() | AskRequest() | DecideRequest() | AssistantRequest():
                raise AssertionError(frame.type)  # answered later
            case _:
                assert_never(frame)

    def _decided(self, frame: GrantRequest | RevokeRequest | AdoptionRequest | AdoptionAllow) -> JsonValue:
        """Take what a person decides about rights, or tell what there is to decide."""
        kernel, actor = self._kernel, self._actor
        allow = kernel.permissions.allow
        match frame:
            case GrantRequest():
                allow(frame.panel, frame.cap, frame.target, actor, seconds=frame.seconds, code=frame.code)
                return None
            case RevokeRequest():
                return kernel.permissions.revoke(frame.panel, frame.cap, frame.target, actor)
            case AdoptionRequest():
                state = kernel.adoption.state()
                return state.model_dump(mode="json") if state is not None else None
            case AdoptionAllow():
                return kernel.adoption.allow(frame.number, actor).model_dump(mode="json")

    def _trigger(self, frame: Trigger) -> None:
        if len(self._runs) >= _RUNS:
            raise QuotaError(f"This page has {_RUNS} actions under way.", hint="Wait until some have ended.")
        self._runs[frame.id] = uuid.uuid4().hex
        run = self._kernel.execution.start(
            frame.panel,
            frame.action,
            frame.args,
            self._actor,
            event=frame.event,
            seen=frame.state,
            via="click",
            element=frame.element,
            run=self._runs[frame.id],
        )
        run.add_done_callback(lambda done: self._finish_run(frame.id, done))

    def _finish_run(self, request: str, run: Future[RunRecord]) -> None:
        self._runs.pop(request, None)
        error = run.exception()
        if isinstance(error, NexusError):
            self.fail(request, error)
        elif error is not None:
            self.fail(request, RequestError(f"The action could not be run: {error}."))
            raise error
        else:
            record = run.result()
            self._send(Result(id=request, rev=record.rev, value=record.value, profile=record.profile, seen=record.seen))

    def _finished(self, request: str, rev: int | None, value: JsonValue) -> None:
        self._send(Result(id=request, rev=rev or self._kernel.head.rev, value=value))

    def _send(self, frame: Result) -> None:
        self._outbox.put(frame.model_dump_json())
