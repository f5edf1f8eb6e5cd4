"""Running a recorded run again: the same program, clock, chance and answers must give the same reports, bit for bit."""

from __future__ import annotations

from nexus_jupyter.engine import EngineFailure, unpack
from nexus_jupyter.protocol.api import ReplayInfo
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.sandbox import Program, Sandbox
from nexus_jupyter.storage import RunRecording

__all__ = ["replay"]


def replay(sandbox: Sandbox, recording: RunRecording) -> ReplayInfo:
    """Run a recording again; the host is not asked for anything.

    Raises
    ------
    RequestError
        If the program was recorded with another version of the engine, which may do things in another way.
    """
    program = Program(recording.panel, recording.files)
    if program.digest != recording.program:
        raise RequestError(
            f"The run '{recording.id}' was recorded with another version of the engine.",
            hint="Replay it with the version of nexus-jupyter that recorded it.",
        )
    return sandbox.engine.on_thread(lambda: _replay(sandbox, program, recording))


def _replay(sandbox: Sandbox, program: Program, recording: RunRecording) -> ReplayInfo:
    machine = sandbox.images.get(program).image.start(sandbox.machine)
    outcome, differs_at, report = "threw", None, b""
    try:
        for index, (now, message, expected) in enumerate(recording.steps):
            try:
                report = machine.exchange(message, now_ns=now)
            except EngineFailure as failure:
                # A report that is missing is how a failed step was recorded.
                report, outcome = b"", failure.kind
            if report != expected and differs_at is None:
                differs_at = index
            if not report:
                break
    finally:
        machine.close()
    last = unpack(report) if report else {}
    done = last.get("done") if isinstance(last, dict) else None
    found = done if isinstance(done, dict) else {}
    changes, logs = found.get("changes"), found.get("logs")
    return ReplayInfo(
        run=recording.id,
        same=differs_at is None,
        outcome="done" if done is not None else outcome,
        value=found.get("value"),
        changes=changes if isinstance(changes, dict) else {},
        logs=[str(line) for line in logs] if isinstance(logs, list) else [],
        differs_at=differs_at,
    )
