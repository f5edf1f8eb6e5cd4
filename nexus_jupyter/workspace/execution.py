"""Running actions: in order per panel, parked while they wait, and written down when they succeed."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from nexus_jupyter.engine import EngineFailure, Share
from nexus_jupyter.nog import Graph
from nexus_jupyter.privacy import redacted_error
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import HandlerError, NexusError, NotFoundError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import ActionDeclaration, Build
from nexus_jupyter.protocol.patch import Cause, Change, Origin
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.sandbox import Caller, Job, Program, Sandbox, SandboxResult, Started, Token
from nexus_jupyter.storage import RunRecording, RunStore
from nexus_jupyter.trilog import Operation, Recorder, current_ids
from nexus_jupyter.workspace.panels import bind_arguments, check_state, panel_view, state_op, view_scoped
from nexus_jupyter.workspace.permissions import Permissions
from nexus_jupyter.workspace.turns import Turns
from nexus_jupyter.workspace.writer import Draft, Writer

if TYPE_CHECKING:
    from nexus_jupyter.reactor import Reactor

__all__ = ["Execution"]


class Execution:
    """Runs actions of a workspace's panels.

    A panel's runs start one after the other, those of several people in turn. One that waits for its host lets the next
    one start; when it goes on, it sees the states as they are then, save those that it has changed itself.

    Parameters
    ----------
    sandbox, reactor, writer, recorder, grants, runs
        Those of the workspace.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        reactor: Reactor,
        writer: Writer,
        *,
        recorder: Recorder,
        grants: Permissions,
        runs: RunStore,
    ) -> None:
        self.sandbox = sandbox
        self.reactor = reactor
        self.writer = writer
        self.recorder = recorder
        self.grants = grants
        self.runs = runs
        self.turns: dict[str, Turns] = {}
        self.tasks: dict[str, _Task] = {}

    def prepare(self, build: Build) -> None:
        """Make a panel's image in the background, so that its first click need not wait for it."""

        def make() -> None:
            with suppress(EngineFailure):  # the click will say what is wrong
                self.sandbox.images.get(Program.of(build.id, build.handlers))

        if build.handlers:
            self.sandbox.engine.submit(make, Share(panel=build.id))

    def start(
        self,
        panel: str,
        action: str,
        args: list[JsonValue] | dict[str, JsonValue],
        actor: Actor,
        *,
        event: JsonValue = None,
        seen: Mapping[str, JsonValue] | None = None,
        via: str = "api",
        element: str | None = None,
        depth: int = 0,
        run: str | None = None,
        parent: Origin | None = None,
    ) -> Future[RunRecord]:
        """Run an action after those of the same panel that the same person started before.

        The future gets a `RunRecord`, or a `HandlerError`; a run that fails changes nothing. ``seen`` are values that
        the page's states of scope ``view`` have; without a page they have their defaults, and end with the run.

        Raises
        ------
        StorageError
            If the workspace was closed, or this process was forked from the one that has it open.
        """
        self.writer.opening.check()
        run = run or uuid.uuid4().hex
        given = {"kind": "run", "via": via, "element": element, "action": action, "run": run, "parent": parent}
        cause = Cause.model_validate(given)
        future: Future[RunRecord] = Future()
        # So that nobody who stops waiting for it can cancel the future; `cancel` cancels the run.
        future.set_running_or_notify_cancel()
        asked = sum(task.actor == actor for task in list(self.tasks.values()))
        most = self.sandbox.limits.parking.queued_per_person
        if asked >= most:
            text = f"{most} runs that you asked for have not ended, which is as many as there may be."
            future.set_exception(HandlerError(text, kind="busy", hint="Try again when some of them have ended."))
            return future
        turns = self.turns.setdefault(panel, Turns(self.sandbox.engine.submit, panel))
        task = _Task(
            self, panel, args, event=event, seen=seen or {}, actor=actor, cause=cause, depth=depth, future=future
        )
        self.tasks[run] = task
        future.add_done_callback(lambda _done: self.tasks.pop(run, None))
        begun = turns.put(task.begin, actor.id)
        begun.add_done_callback(lambda done: _hand_over(done, future))
        return future

    def cancel(self, run: str) -> bool:
        """Cancel a run by its id, begun or not; tell whether there was one."""
        task = self.tasks.get(run)
        if task is None:
            return False
        task.cancel()
        return True

    def withdraw(self, run: str) -> None:
        """Cancel a run if it has not begun; one that has goes on."""
        task = self.tasks.get(run)
        if task is not None and not task.begun:
            task.cancel()


class _Task:
    """One run, from its place in the lane to its record."""

    def __init__(
        self,
        execution: Execution,
        panel: str,
        args: list[JsonValue] | dict[str, JsonValue],
        *,
        event: JsonValue,
        seen: Mapping[str, JsonValue],
        actor: Actor,
        cause: Cause,
        depth: int,
        future: Future[RunRecord],
    ) -> None:
        self._execution = execution
        self._panel = panel
        self._args = args
        self._event = event
        self._seen = seen
        self.actor = actor
        self._cause = cause
        self._depth = depth
        self._future = future
        self._run = cause.run or ""
        self._ts = time.time_ns()
        self._started: Started | None = None
        self._cancelled = False
        self._within = execution.recorder.here()
        execution.recorder.metrics.waiting(1)
        self._reached("triggered", current_ids()[0], action=cause.action or "")

    @property
    def begun(self) -> bool:
        """Whether its first step was taken."""
        return self._started is not None

    def cancel(self) -> None:
        """End the run, or keep it from beginning."""
        self._cancelled = True
        if self._started is not None:
            self._started.cancel()

    def begin(self) -> None:
        """Take the run's first step, on a thread for JavaScript."""
        home = self._execution
        home.recorder.metrics.waiting(-1)
        span = home.recorder.begin("action.run", within=self._within, **self._attributes())
        try:
            view = panel_view(home.writer.head.graph, self._panel, self.actor.id)
            build = home.reactor.check(view.nxml)
            action = _action(build, self._cause)
            self._seen = view_scoped(build, dict(self._seen))
            job = Job(
                panel=self._panel,
                actions=build.handlers,
                action=action,
                state={**view.state, **self._seen},
                args=list(bind_arguments(action, self._args).values()),
                event=self._event,
                seed=random.SystemRandom().getrandbits(53),
            )
            grants = home.grants
            token = Token(self._panel, build.uses, grants.active(self._panel), grants.valid, self._listen)
            caller = Caller(
                token,
                self.actor,
                self._run,
                depth=self._depth,
                origin=_origin(self._panel, self._cause),
                answer_bytes=home.sandbox.limits.answer_bytes,
            )
            caller.traceparent, caller.baggage = span.traceparent, span.baggage
            self._reached("context_loaded", span.trace_id)
            started = home.sandbox.prepare(job, caller, refresh=self._states, submit=self._submit)
        except BaseException as error:
            self._ended(span, error)
            raise
        started.future.add_done_callback(lambda done: self._finish(done, started, span))
        self._started = started
        if self._cancelled:
            started.cancel()
        self._reached("started", span.trace_id)
        started.begin()

    def _listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Tell of what may end a grant: a revocation, and other code of the panel."""
        home = self._execution

        def on_change(change: Change, _head: object) -> None:
            if self._panel in home.grants.touched(change):
                changed()

        stops = (
            home.grants.store.listen(lambda panel: changed() if panel == self._panel else None),
            home.writer.listen(on_change)[1],
        )

        def stop() -> None:
            for each in stops:
                each()

        return stop

    def _submit(self, step: Callable[[], None]) -> None:
        # In turn with the beginnings of runs: a panel has one thread at most, whatever it does.
        self._execution.turns[self._panel].put(step, self.actor.id)

    def _states(self) -> dict[str, JsonValue]:
        graph = self._execution.writer.head.graph
        return {**panel_view(graph, self._panel, self.actor.id).state, **self._seen} if self._panel in graph else {}

    def _finish(self, done: Future[SandboxResult], started: Started, span: Operation) -> None:
        error = done.exception()
        record: RunRecord | None = None
        if started.profile is not None:
            span.set_profile(started.profile)
        if error is None:
            try:
                record = self._write(done.result(), span)
            except Exception as failed:  # noqa: BLE001 - handed to whoever waits for the future
                error = failed
        self._keep(started, error)
        self._ended(span, error)
        if record is not None:
            self._future.set_result(record)
        else:
            self._future.set_exception(error or RuntimeError("The run has no outcome."))

    def _ended(self, span: Operation, error: BaseException | None) -> None:
        if isinstance(error, NexusError):
            error.trace_id = span.trace_id
        span.end(error)
        if error is None:
            self._reached("completed", span.trace_id)
        else:
            self._reached("failed", span.trace_id, error=redacted_error(error).partition("\n")[0][:200])

    def _reached(self, step: str, trace_id: str, **attributes: str) -> None:
        recorder, actor = self._execution.recorder, self.actor.id
        recorder.step("PanelExecution", self._run, step, self._panel, trace_id, actor=actor, **attributes)

    def _attributes(self) -> dict[str, str | None]:
        cause, parent = self._cause, self._cause.parent
        origin = str(parent.rev) if parent is not None and parent.rev is not None else None
        told = {"panel": self._panel, "action": cause.action, "run": self._run, "via": cause.via}
        return {**told, "element": cause.element, "user": self.actor.id, "origin_rev": origin}

    def _write(self, outcome: SandboxResult, span: Operation) -> RunRecord:
        writer, reactor = self._execution.writer, self._execution.reactor

        seen: dict[str, JsonValue] = {}

        def draw(graph: Graph) -> Draft:
            # Against the panel's text as it is now: it may have been edited while the run waited.
            view = panel_view(graph, self._panel)
            build = reactor.check(view.nxml)
            for key, value in outcome.changes.items():
                check_state(build, key, value)
            seen.update((key, value) for key, value in outcome.changes.items() if key in view.view)
            kept = {key: value for key, value in outcome.changes.items() if key not in view.view}
            ops = [state_op(build, key, value, self.actor.id) for key, value in kept.items()]
            return Draft(ops, self.actor, self._cause, self._panel, span.trace_id, span.span_id)

        change = writer.submit(draw) if outcome.changes else None
        return RunRecord(
            id=self._run,
            panel=self._panel,
            action=self._cause.action or "",
            value=outcome.value,
            ops=change.ops if change else [],
            rev=change.rev if change else writer.head.rev,
            trace_id=span.trace_id,
            profile=outcome.profile,
            logs=outcome.logs,
            seen=seen,
        )

    def _keep(self, started: Started, error: BaseException | None) -> None:
        profile, steps = started.profile, started.steps
        if profile is None or not steps:
            return
        kind = "done" if error is None else error.kind if isinstance(error, HandlerError) else "refused"
        self._execution.runs.keep(
            RunRecording(
                id=self._run,
                ts=self._ts,
                panel=self._panel,
                action=self._cause.action or "",
                actor=self.actor.id,
                outcome=kind,
                program=started.program.digest,
                files=started.program.files,
                cpu_ms=profile.cpu_ms,
                wall_ms=profile.wall_ms,
                memory_bytes=profile.memory_bytes,
                steps=tuple((step.now_ns, step.message, step.report) for step in steps),
            )
        )


def _hand_over(begun: Future[None], future: Future[RunRecord]) -> None:
    """Tell a run that could not begin."""
    error = begun.exception()
    if error is not None and not future.done():
        future.set_exception(error)


def _origin(panel: str, cause: Cause) -> Origin:
    """Return what a run is to the runs that it starts."""
    return Origin(
        panel=panel,
        via=cause.via,
        element=cause.element,
        action=cause.action,
        run=cause.run,
        parent=cause.parent,
    )


def _action(build: Build, cause: Cause) -> ActionDeclaration:
    name = cause.action or ""
    # Effects are run by changes only, never by name.
    for action in build.handlers if cause.via == "effect" else build.actions:
        if action.name == name:
            return action
    names = ", ".join(action.name for action in build.actions) or "none"
    raise NotFoundError(f"The panel '{build.id}' has no action '{name}'.", hint=f"Its actions: {names}.")
