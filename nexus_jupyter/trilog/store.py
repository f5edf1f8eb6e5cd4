"""TriLog as the workspace sees it: what happened is written down, and questions go to the database's process."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from nexus_jupyter.arrow import read_table
from nexus_jupyter.processes import start
from nexus_jupyter.protocol.errors import NexusError, TriLogError
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
from nexus_jupyter.storage.private import make_folder
from nexus_jupyter.trilog.conversation import Conversation
from nexus_jupyter.trilog.reach import reach, variables
from nexus_jupyter.trilog.soundness import set_aside
from nexus_jupyter.trilog.spool import Spool, spool_of

__all__ = ["Described", "TriLog"]

_log = logging.getLogger(__name__)
_GRACE = 5.0
#: Seconds without a question after which the process ends: it takes half a gigabyte, and its threads are never still.
_IDLE = 300.0
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
    idle
        Seconds without a question after which the database's process ends; the next question starts it again.
    """

    def __init__(self, journal: str, folder: Path, *, workspace: str, server: str = "", idle: float = _IDLE) -> None:
        self._journal = journal
        self._server = server
        self._folder = folder
        self._workspace = workspace
        self._lock = threading.Lock()
        self._talk: Conversation | None = None
        self._idle = idle
        self._asked = 0.0
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
        return read_table(self._exchange(question.model_dump(mode="json"))[1])

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
            talk, self._talk = self._talk, None
        if talk is not None:
            talk.child.end(_GRACE)

    @property
    def process_id(self) -> int | None:
        """The id of the database's process while it runs."""
        talk = self._talk
        return talk.child.process.pid if talk is not None else None

    # What is recorded

    def _start(self) -> None:
        with self._writing:
            if self._pump is None and not self._closed:
                self._pump = threading.Thread(target=self._pump_on, name="nexus-trilog", daemon=True)
                self._pump.start()

    def _pump_on(self) -> None:
        while not self._closed:
            self._something.wait(self._idle if self._talk is not None else None)
            self._rest()
            self._enough.wait(_PAUSE)
            self._enough.clear()
            self._something.clear()
            try:
                self._write_down()
                # Not started for this alone, unless much has come together: it takes a third of a gigabyte.
                if not self._closed and (self._talk is not None or self._spool.crowded):
                    self._converse({"question": None, "command": None})
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
        self._asked = time.monotonic()
        try:
            return self._converse({"question": question, "command": command})
        finally:
            self._asked = time.monotonic()

    def _converse(self, request: dict[str, Any]) -> tuple[int, bytes]:  # Any: JSON
        for attempt in (1, 2):
            talk = self._running()
            try:
                return talk.ask(request)
            except (OSError, EOFError) as error:
                if attempt == 2:  # noqa: PLR2004 - the process died twice over the same question
                    raise TriLogError(
                        f"The history database stopped while it answered{_reason(talk)}.",
                        hint="Ask for less at a time; the journal itself is not affected.",
                    ) from error
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def _running(self) -> Conversation:
        with self._lock:
            if self._talk is not None and self._talk.alive:
                return self._talk
            if self._talk is not None:
                self._talk.child.end(0)
                self._talk = None
            self._talk = self._started()
            self._asked = time.monotonic()
        # It is the pump that sees when nobody asks any more.
        self._something.set()
        self._start()
        return self._talk

    def _rest(self) -> None:
        """End the process if nobody has asked for a while. Who asks meanwhile waits for that, and starts another."""
        with self._lock:
            talk = self._talk
            if talk is not None and not talk.busy and time.monotonic() - self._asked >= self._idle:
                self._talk = None
                talk.child.end(_GRACE)

    def _started(self) -> Conversation:
        if not self._server:
            set_aside(self._folder)
        spool = spool_of(self._folder)
        for folder in (self._folder, spool):
            make_folder(folder)
        child = start(
            "nexus_jupyter.trilog.process",
            str(self._folder),
            self._workspace,
            confinement=reach(self._journal, self._folder, spool, self._server),
            variables=variables(self._journal, self._server),
        )
        talk = Conversation(child)
        try:
            # Not arguments, which everybody on the machine could read: the URLs may hold passwords.
            talk.open({"journal": self._journal, "server": self._server})
        except (OSError, EOFError) as error:
            child.end(0)
            raise TriLogError(
                f"The history database could not be started{_reason(talk)}.",
                hint="Run `nexus doctor`; the journal itself is not affected.",
            ) from error
        except BaseException:
            child.end(0)
            raise
        return talk


def _reason(talk: Conversation) -> str:
    """Return what the process said last, as the end of a sentence."""
    code = talk.child.process.poll()
    said = [line for line in talk.child.said().splitlines() if line.strip()]
    if said:
        return f": {said[-1].strip().rstrip('.')}"
    return f" (it ended with the code {code})" if code is not None else ""


def _lines(some: Sequence[Described | Stepped]) -> Iterator[dict[str, Any]]:  # Any: JSON
    """Yield lines of the spool: of steps, many in one, in columns; their order among themselves is kept."""
    steps = [one for one in some if isinstance(one, tuple)]
    yield from (one() for one in some if not isinstance(one, tuple))
    for first in range(0, len(steps), _TOGETHER):
        columns = zip(*steps[first : first + _TOGETHER], strict=True)
        yield {"is": "steps", "steps": dict(zip(_STEP, columns, strict=True))}
