"""Running an action of a panel: untrusted JavaScript, in an engine instance that lives for this run only."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from nexus_jupyter.assets import asset
from nexus_jupyter.engine import Engine, EngineFailure, Limits
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.protocol.run import Profile

__all__ = ["Sandbox", "SandboxResult"]


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What a handler returned, the states that it changed, what it logged, and what it used."""

    value: JsonValue
    changes: dict[str, JsonValue]
    logs: list[str]
    profile: Profile


class _Report(Contract):
    value: JsonValue
    changes: dict[str, JsonValue]
    logs: list[str]


class Sandbox:
    """Runs actions.

    Parameters
    ----------
    engine
        Where JavaScript runs.
    limits
        What a run may use.
    """

    def __init__(self, engine: Engine, limits: Limits | None = None) -> None:
        self._engine = engine
        self._limits = limits or Limits()

    def run(
        self,
        action: ActionDeclaration,
        state: dict[str, JsonValue],
        args: dict[str, JsonValue],
        event: JsonValue,
        *,
        panel: str,
        now: float,
        seed: int,
    ) -> SandboxResult:
        """Run an action and return what it did; nothing is changed by this call itself.

        Parameters
        ----------
        action
            The handler.
        state
            Values of the panel's shared states; the only ones that the handler can read and write.
        args
            Values of the action's parameters, all of them, in order.
        event
            What the event carried.
        panel
            The panel's name, for errors.
        now
            The time that the handler sees, in seconds since the epoch.
        seed
            Seed of the handler's random numbers.

        Raises
        ------
        HandlerError
            If it throws, runs too long, needs too much memory or stack, or leaves something that cannot be kept.
        """
        image = self._engine.image("sandbox", asset("sandbox.js").decode())
        file = f"{panel}/{action.name}"
        head = _head(action)
        job: JsonValue = {"state": state, "args": args, "event": event, "now": round(now * 1e3), "seed": seed}
        try:
            done = image.call("sandbox.run", job, limits=self._limits, program=(file, f"{head}{action.body}\n}};"))
        except EngineFailure as failure:
            raise self._explain(failure, action, file, len(head)) from failure
        try:
            # The handler shares its instance with the program that reports on it, so the report proves nothing.
            report = _Report.model_validate(done.value)
        except ValidationError as error:
            raise HandlerError(
                f"The action '{action.name}' tampered with its surroundings.", span=action.span
            ) from error
        return SandboxResult(report.value, report.changes, report.logs, done.profile)

    def _explain(self, failure: EngineFailure, action: ActionDeclaration, file: str, head: int) -> HandlerError:
        span = _place(failure, action, file, head)
        seconds = self._limits.cpu_seconds
        megabytes = self._limits.memory_bytes >> 20
        nothing = "Nothing was changed."
        match failure.kind:
            case "timeout":
                return HandlerError(
                    f"The action '{action.name}' ran longer than {seconds:g} s and was stopped.",
                    kind="timeout",
                    span=span or action.span,
                    hint=f"{nothing} Look for a loop that does not end.",
                )
            case "memory":
                return HandlerError(
                    f"The action '{action.name}' needed more than {megabytes} MB of memory and was stopped.",
                    kind="memory",
                    span=span or action.span,
                    hint=f"{nothing} Keep less at a time.",
                )
            case "stack":
                return HandlerError(
                    f"The action '{action.name}' calls itself too deeply and was stopped.",
                    kind="stack",
                    span=span or action.span,
                    hint=f"{nothing} Look for a recursion without an end.",
                )
            case "output":
                return HandlerError(f"The action '{action.name}': {failure.message}", kind="output", span=action.span)
            case _:
                denied = failure.name == "PermissionError"
                # The author's own message to the person needs no class name in front of it.
                plain = failure.name in {"PanelError", "PermissionError", "Error", ""}
                message = failure.message if plain else f"{failure.name}: {failure.message}"
                return HandlerError(message, kind="denied" if denied else "threw", span=span or action.span)


def _head(action: ActionDeclaration) -> str:
    """Return what stands before the body, on the body's first line, so that lines stay what they are."""
    names = ", ".join(["state", "event", "nx", *(parameter.name for parameter in action.params)])
    return f'globalThis.__handler = async ({names}) => {{ "use strict"; '


def _place(failure: EngineFailure, action: ActionDeclaration, file: str, head: int) -> Span | None:
    """Return where in the panel's text the failure came from."""
    for frame in failure.stack:
        if frame.file != file:
            continue
        first = frame.line == 1
        col = frame.col - head + action.span.col - 1 if first else frame.col
        lines = action.body.split("\n")
        before = sum(len(line) + 1 for line in lines[: frame.line - 1])
        start = action.span.start + before + (max(0, frame.col - head - 1) if first else frame.col - 1)
        return Span(start=start, end=start + 1, line=action.span.line + frame.line - 1, col=max(1, col))
    return None
