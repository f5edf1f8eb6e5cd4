"""How a run that failed is told to people: what happened, where in the panel's text, and what to do."""

from __future__ import annotations

from nexus_jupyter.engine import EngineFailure
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.sandbox.images import body_column
from nexus_jupyter.sandbox.limits import RunLimits

__all__ = ["explain"]

_NOTHING = "Nothing was changed."
#: Errors whose message says it all; the others are shown with the name of their class.
_PLAIN = {"PanelError", "PermissionError", "HostError", "Error", ""}


def explain(failure: EngineFailure, action: ActionDeclaration, file: str, limits: RunLimits) -> HandlerError:
    """Return the error that a caller gets for a failure of an action."""
    span = _place(failure, action, file) or action.span
    name = f"The action '{action.name}'"
    match failure.kind, failure.name:
        case "timeout", "WallClockError":
            text = f"{name} waited longer than {limits.wall_seconds:g} s and was stopped."
            return HandlerError(text, kind="timeout", span=span, hint=f"{_NOTHING} What it waits for does not answer.")
        case "timeout", _:
            text = f"{name} ran longer than {limits.machine.cpu_seconds:g} s and was stopped."
            return HandlerError(text, kind="timeout", span=span, hint=f"{_NOTHING} Look for a loop that does not end.")
        case "memory", "ParkingError":
            return HandlerError(f"{name} was stopped. {failure.message}", kind="memory", span=span, hint=_NOTHING)
        case "memory", _:
            text = f"{name} needed more than {limits.machine.memory_bytes >> 20} MB of memory and was stopped."
            return HandlerError(text, kind="memory", span=span, hint=f"{_NOTHING} Keep less at a time.")
        case "stack", _:
            text = f"{name} calls itself too deeply and was stopped."
            return HandlerError(text, kind="stack", span=span, hint=f"{_NOTHING} Look for a recursion without an end.")
        case "output", _:
            most = limits.machine.output_bytes
            text = f"{name} returns and changes more than the {most:,} bytes that are allowed in one run."
            hint = (
                f"{_NOTHING} Change fewer large states at a time. The owner of the server can allow more: "
                "NexusApp.quota_state_value_bytes for a state, NexusApp.run_output for what is returned."
            )
            return HandlerError(text, kind="output", span=action.span, hint=hint)
        case "cancelled", _:
            return HandlerError(f"{name} was cancelled.", kind="cancelled", span=action.span, hint=_NOTHING)
        case _, "NeverError":
            text = f"{name} waits for something that never comes: nothing settles its promise."
            return HandlerError(text, kind="never", span=action.span, hint=_NOTHING)
        case _, "TamperError":
            return HandlerError(f"{name} tampered with its surroundings.", span=action.span, hint=_NOTHING)
        case _:
            kind = "denied" if failure.name == "PermissionError" else "threw"
            message = failure.message if failure.name in _PLAIN else f"{failure.name}: {failure.message}"
            return HandlerError(message, kind=kind, span=span)


def _place(failure: EngineFailure, action: ActionDeclaration, file: str) -> Span | None:
    """Return where in the panel's text the failure came from."""
    head = body_column(action)
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
