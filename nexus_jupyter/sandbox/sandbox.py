"""Running actions of panels: untrusted JavaScript, in a machine that lives for one run only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from nexus_jupyter.engine import Engine, EngineFailure, Limits, Machine
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.protocol.run import Profile
from nexus_jupyter.sandbox.capabilities import Token
from nexus_jupyter.sandbox.explain import explain
from nexus_jupyter.sandbox.host import Caller, Operations
from nexus_jupyter.sandbox.images import PanelImages, Program
from nexus_jupyter.sandbox.limits import RunLimits
from nexus_jupyter.sandbox.metrics import Metrics
from nexus_jupyter.sandbox.parking import Parking, Place
from nexus_jupyter.sandbox.pool import Pool
from nexus_jupyter.sandbox.run import Done, Run, Step

__all__ = ["Job", "Sandbox", "SandboxResult", "Started"]


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run.

    Attributes
    ----------
    panel
        The panel's name.
    actions
        All of its actions, which share an image.
    action
        The one to run.
    state
        Values of the panel's shared states; the only ones that the handler can read and write.
    args
        Values of the action's parameters, all of them, in order.
    event
        What the event carried.
    seed
        Seed of the handler's random numbers.
    """

    panel: str
    actions: Sequence[ActionDeclaration]
    action: ActionDeclaration
    state: dict[str, JsonValue]
    args: Sequence[JsonValue]
    event: JsonValue
    seed: int


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What a handler returned, the states that it changed, what it logged, and what it used."""

    value: JsonValue
    changes: dict[str, JsonValue]
    logs: list[str]
    profile: Profile


@dataclass(frozen=True, slots=True)
class Started:
    """A run that is ready to begin, under way, or over.

    Attributes
    ----------
    future
        Gets a `SandboxResult`, or a `HandlerError`.
    program
        What runs, for its recording.
    """

    future: Future[SandboxResult]
    program: Program
    _job: Job
    _run: Run | None = None
    _metrics: Metrics | None = None

    def begin(self) -> None:
        """Take the first step, on a thread for JavaScript, and return once the run is over or parked."""
        if self._run is None:
            return
        job = self._job
        self._run.begin(
            {
                "action": job.action.name,
                "state": job.state,
                "args": list(job.args),
                "event": job.event,
                "seed": job.seed,
            }
        )
        if self._metrics is not None and not self._run.future.done():
            self._metrics.parked(self._run.future)

    def cancel(self) -> None:
        """End the run; callable from any thread."""
        if self._run is not None:
            self._run.cancel()

    @property
    def steps(self) -> list[Step]:
        """The messages to and from the machine so far."""
        return list(self._run.books.steps) if self._run is not None else []

    @property
    def profile(self) -> Profile | None:
        """What the run has used; none if it could not start."""
        return self._run.profile if self._run is not None else None


@dataclass(slots=True)
class Sandbox:
    """Runs actions.

    Attributes
    ----------
    engine
        Where JavaScript runs.
    limits
        What a run may use.
    operations
        What runs may ask of their host.
    pooled
        Machines kept ready for each panel used lately.
    """

    engine: Engine
    limits: RunLimits = field(default_factory=RunLimits)
    operations: Operations = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    pooled: int = 0
    images: PanelImages = field(init=False)
    pool: Pool = field(init=False)
    #: What one machine may use.
    machine: Limits = field(init=False)
    parking: Parking = field(init=False)

    def __post_init__(self) -> None:
        """Make the cache of images, the pool of machines and the books of runs."""
        self.parking = Parking(self.limits.parking)
        self.images = PanelImages(self.engine, self.limits.machine)
        # A report has what a run leaves, and what it asks for; the run itself tells them apart.
        machine = self.limits.machine
        self.machine = replace(machine, output_bytes=machine.output_bytes + self.limits.request_bytes)
        self.pool = Pool(self.machine, self.pooled)
        self.metrics.watch(self.images, self.pool)

    def prepare(
        self,
        job: Job,
        caller: Caller,
        *,
        refresh: Callable[[], dict[str, JsonValue]] | None = None,
        submit: Callable[[Callable[[], None]], object] | None = None,
    ) -> Started:
        """Make a run ready to begin, on a thread for JavaScript (`Engine.on_thread`).

        Nothing is changed by a run itself.

        Parameters
        ----------
        job
            What to run.
        caller
            On whose behalf.
        refresh
            Returns the panel's states, for when a parked run goes on; those of the job when left out.
        submit
            Starts a further step on a thread for JavaScript; `Engine.submit` when left out.
        """
        program = Program.of(job.panel, job.actions)
        file = f"{job.panel}/{job.action.name}"
        future: Future[SandboxResult] = Future()
        try:
            machine, place = self._machine(program, file, caller)
        except EngineFailure as failure:
            future.set_exception(explain(failure, job.action, file, self.limits))
            self.metrics.ended(failure.kind, None)
            return Started(future, program, job)
        except HandlerError as error:
            future.set_exception(error)
            self.metrics.ended(error.kind, None)
            return Started(future, program, job)
        run = Run(
            machine,
            submit or self.engine.submit,
            operations=self.operations,
            caller=caller,
            limits=self.limits,
            refresh=refresh or (dict),
            place=place,
        )
        self.metrics.started()

        def ended(done: Future[Done]) -> None:
            error = done.exception()
            if error is None:
                self.metrics.ended("done", run.profile)
                result = done.result()
                future.set_result(SandboxResult(result.value, result.changes, result.logs, run.profile))
            elif isinstance(error, EngineFailure):
                self.metrics.ended(error.kind, run.profile)
                future.set_exception(explain(error, job.action, file, self.limits))
            else:
                self.metrics.ended("threw", run.profile)
                future.set_exception(error)

        run.future.add_done_callback(ended)
        return Started(future, program, job, run, self.metrics)

    def _machine(self, program: Program, file: str, caller: Caller) -> tuple[Machine, Place]:
        """Return a machine for a run of an action, and the place where the run counts."""
        image = self.images.get(program)
        if file in image.failures:
            raise image.failures[file]
        place = self.parking.enter(program.panel, caller.actor.id)
        try:
            return self.pool.take(image.image), place
        except EngineFailure:
            place.leave()
            raise

    def start(self, job: Job, caller: Caller, *, refresh: Callable[[], dict[str, JsonValue]] | None = None) -> Started:
        """Prepare a run and begin it; see `prepare`."""
        started = self.prepare(job, caller, refresh=refresh)
        started.begin()
        return started

    def close(self) -> None:
        """Let go of what is kept ready; runs under way go on."""
        self.pool.close()
        self.metrics.close()

    def run(self, job: Job, caller: Caller | None = None) -> SandboxResult:
        """Run an action and wait for its end.

        Raises
        ------
        HandlerError
            If it throws, runs too long, needs too much memory or stack, or leaves something that cannot be kept.
        """
        caller = caller or Caller(Token(job.panel))
        started = self.engine.on_thread(lambda: self.start(job, caller))
        return started.future.result()
