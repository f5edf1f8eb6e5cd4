"""TriLog as the workspace sees it: what happened is written down, and questions go to the database's process."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from nexus_jupyter.protocol.errors import NexusError, NotFoundError, TriLogError, UnavailableError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.telemetry import ProcessSteps
from nexus_jupyter.protocol.trilog import (
    ForgetUser,
    RecordTwins,
    RegisterTwin,
    RetainFrom,
    TriLogCommand,
    TriLogQuestion,
)
from nexus_jupyter.trilog.spool import Spool, spool_of

__all__ = ["Described", "TriLog"]

_log = logging.getLogger(__name__)
_GRACE = 5.0
#: What is recorded is written down after half a second, or when there is this much; above the last, recording waits.
_PAUSE, _BATCH, _MOST = 0.5, 8192, 65_536
#: Makes the line of something recorded, away from those who wait for a click.
Described = Callable[[], dict[str, Any]]  # Any: JSON
#: A step of a process: the fields of `ProcessSteps`, in order.
Stepped = tuple[str, str, str, int, str, str, dict[str, str], str, int]
_STEP = tuple(ProcessSteps.model_fields)
#: Steps in one line.
_TOGETHER = 1024


class TriLog:
    """Answers questions about the past of a workspace.

    The database follows the journal: before each answer it takes in every change that was acknowledged by then, and
    what was recorded besides. If its process dies, the next question starts it again; nothing is lost, because the
    journal has everything, and what is recorded is written down first.

    Parameters
    ----------
    journal
        URL of the journal's database.
    folder
        Where the embedded database lies; the spool lies beside it.
    workspace
        The workspace's name.
    server
        URL of a ClickHouse server, to be used in the place of the embedded database.
    """

    def __init__(self, journal: str, folder: Path, *, workspace: str, server: str = "") -> None:
        self._journal = journal
        self._server = server
        self._folder = folder
        self._workspace = workspace
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._spool = Spool(spool_of(folder))
        # Appended to by every thread that works, without a lock.
        self._waiting: deque[Described | Stepped] = deque()
        self._writing = threading.Lock()
        self._something = threading.Event()
        self._enough = threading.Event()
        self._closed = False
        self._pump: threading.Thread | None = None

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Answer a question, all changes acknowledged before it included.

        What was recorded beside them is included as far as the disk has taken it.

        Raises
        ------
        UnavailableError
            If the embedded database is not installed, or the server cannot be reached.
        TriLogError
            If the question cannot be answered.
        """
        return pa.ipc.open_stream(self._exchange(question.model_dump(mode="json"))[1]).read_all()

    def flush(self) -> int:
        """Return when everything acknowledged can be asked for, with the rev of the newest change."""
        return self._exchange(None)[0]

    def carry_out(self, command: TriLogCommand, actor: Actor) -> None:
        """Register, record, forget or drop; what is recorded is written down when this returns.

        Whoever gives the command is the actor of what is recorded, whatever it says itself.

        Raises
        ------
        UnavailableError
            As from `ask`, from what the database must do at once.
        """
        match command:
            case RegisterTwin():
                self._spool.append([{"is": "schema", "schema": command.twin.model_dump(mode="json")}])
            case RecordTwins():
                by = {"actor": actor.id}
                twins = ({"is": "twin", "twin": {**one.model_dump(mode="json"), **by}} for one in command.twins)
                given = [{**one.model_dump(mode="json"), **by} for one in command.steps]
                self._spool.append([*twins, *_lines([tuple(one[name] for name in _STEP) for one in given])])
            case ForgetUser() | RetainFrom():
                self._exchange(None, command.model_dump(mode="json"))

    def keep(self, described: Described | Stepped) -> None:
        """Take something that happened, to be described and written down a moment later. Costs next to nothing."""
        self._waiting.append(described)
        if not self._something.is_set():
            self._something.set()
            if self._pump is None:
                self._start()
        count = len(self._waiting)
        if count >= _MOST:
            self._relieve()
        elif count == _BATCH:
            self._enough.set()

    def close(self) -> None:
        """Write down what is left, and end the process."""
        self._closed = True
        self._something.set()
        self._enough.set()
        if self._pump is not None:
            self._pump.join()
        try:
            self._write_down()
        except OSError as error:
            _log.warning("What was recorded last is lost: %s", error)
        self._spool.close()
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def process_id(self) -> int | None:
        """The id of the database's process while it runs."""
        return self._process.pid if self._process is not None else None

    # What is recorded

    def _start(self) -> None:
        with self._writing:
            if self._pump is None and not self._closed:
                self._pump = threading.Thread(target=self._pump_on, name="nexus-trilog", daemon=True)
                self._pump.start()

    def _pump_on(self) -> None:
        while not self._closed:
            self._something.wait()
            self._enough.wait(_PAUSE)
            self._enough.clear()
            self._something.clear()
            try:
                self._write_down()
                # Not started for this alone, unless much has come together: it takes a third of a gigabyte.
                if not self._closed and (self._process is not None or self._spool.crowded):
                    self._exchange(None)
            except (NexusError, OSError) as error:
                _log.info("What happened waits to be taken into TriLog: %s", error)

    def _write_down(self) -> None:
        with self._writing:
            while self._waiting:
                count = min(len(self._waiting), _BATCH)
                some = [self._waiting.popleft() for _ in range(count)]
                try:
                    self._spool.append(_lines(some))
                except OSError:
                    self._waiting.extendleft(reversed(some))
                    raise

    def _relieve(self) -> None:
        """Write down what has become too much to hold; where that fails, the oldest goes, so that work goes on."""
        try:
            self._write_down()
        except OSError as error:
            _log.warning("What was recorded first is lost, since the disk takes nothing: %s", error)
            # So many that it is not tried again with each that comes.
            with self._writing:
                for _ in range(min(_BATCH, len(self._waiting))):
                    self._waiting.popleft()

    # The database's process

    def _exchange(
        self, question: dict[str, Any] | None, command: dict[str, Any] | None = None
    ) -> tuple[int, bytes]:  # Any: JSON
        try:
            self._write_down()
        except OSError as error:
            _log.warning("What happened last cannot be asked for yet: %s", error)
        request = json.dumps({"question": question, "command": command}).encode() + b"\n"
        with self._lock:
            for attempt in (1, 2):
                try:
                    return self._once(request)
                except (OSError, EOFError) as error:
                    self._process = None
                    if attempt == 2:  # noqa: PLR2004 - the process died twice over the same question
                        raise TriLogError(
                            "The history database stopped while it answered.",
                            hint="Ask for less at a time; the journal itself is not affected.",
                        ) from error
            raise AssertionError  # pragma: no cover - the loop returns or raises

    def _once(self, request: bytes) -> tuple[int, bytes]:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.flush()
        return _receive(process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        command = [sys.executable, "-m", "nexus_jupyter.trilog.process", str(self._folder), self._workspace]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603 - our own module
        assert process.stdin is not None
        try:
            # Not arguments, which everybody on the machine could read: the URLs may hold passwords.
            given = {"journal": self._journal, "server": self._server}
            process.stdin.write(json.dumps(given).encode() + b"\n")
            process.stdin.flush()
            _receive(process)
        except (OSError, EOFError) as error:
            raise TriLogError(
                "The history database could not be started.",
                hint=f"Does another process use {self._folder}? It may be deleted: the journal makes it again, though "
                "not the spans and twins that were recorded.",
            ) from error
        self._process = process
        return process


def _lines(some: Sequence[Described | Stepped]) -> Iterator[dict[str, Any]]:  # Any: JSON
    """Yield lines of the spool: of steps, many in one, in columns; their order among themselves is kept."""
    steps = [one for one in some if isinstance(one, tuple)]
    yield from (one() for one in some if not isinstance(one, tuple))
    for first in range(0, len(steps), _TOGETHER):
        columns = zip(*steps[first : first + _TOGETHER], strict=True)
        yield {"is": "steps", "steps": dict(zip(_STEP, columns, strict=True))}


def _receive(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Return the rev that the answer is as of, and the answer."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise EOFError
    header = json.loads(line)
    size = int(header["size"])
    body = process.stdout.read(size) if size else b""
    if len(body) < size:
        raise EOFError
    code = header["code"]
    if code:
        errors: dict[str, type[NexusError]] = {one.code: one for one in (UnavailableError, NotFoundError)}
        raise errors.get(code, TriLogError)(header["message"], hint=header["hint"])
    return int(header.get("rev", 0)), body
