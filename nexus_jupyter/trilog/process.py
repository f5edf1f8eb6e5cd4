"""The process that talks to the history database. The embedded one locks its folder, breaks on fork and may crash.

It reads one JSON request per line and answers with one JSON line, followed by as many bytes of Arrow as that says. Both
carry the request's number, and answers may come in another order: people's SQL runs on threads of its own, so that a
long question holds up no other, and is stopped when nobody waits for it any more. The process ends when its input does,
that is, with its parent.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from pydantic import TypeAdapter

from nexus_jupyter.protocol.errors import NexusError, TriLogError
from nexus_jupyter.protocol.trilog import (
    PRESENT,
    AnomaliesBetween,
    CauseOf,
    ForgetUser,
    ReplayBetween,
    RetainFrom,
    RevAt,
    RowsBetween,
    SqlQuestion,
    StepFunnel,
    StepLatency,
    TriLogQuestion,
    TwinAt,
    TwinDiff,
    TwinHistory,
    WorkspaceAt,
)
from nexus_jupyter.storage import Journal, open_database
from nexus_jupyter.trilog.anomalies import anomalies
from nexus_jupyter.trilog.answers import Answers
from nexus_jupyter.trilog.causes import Causes
from nexus_jupyter.trilog.checkpoints import EVERY, Checkpoints
from nexus_jupyter.trilog.database import Database, told
from nexus_jupyter.trilog.erasure import forget, retain
from nexus_jupyter.trilog.intake import Intake
from nexus_jupyter.trilog.migrate import migrate
from nexus_jupyter.trilog.pages import page
from nexus_jupyter.trilog.processes import funnel, latency
from nexus_jupyter.trilog.reading import Reading
from nexus_jupyter.trilog.registry import Registry
from nexus_jupyter.trilog.spool import spool_of
from nexus_jupyter.trilog.twins import built_in

__all__ = ["Opening", "Store", "main"]

#: Threads for people's SQL, how many questions may wait and run, and seconds to end in when the parent has gone.
_READERS, _MOST_ASKED, _ENDING = 2, 16, 4.0
#: Seconds after which a question that nobody waits for is stopped again.
_STOP_AGAIN = 0.1
_QUESTION: TypeAdapter[TriLogQuestion] = TypeAdapter(TriLogQuestion)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a store is made from: the folder of the embedded database, or a server's URL; journal, spool, workspace."""

    folder: Path
    spool: Path
    journal: str
    workspace: str
    server: str = ""


class Store:
    """The history of a workspace.

    Parameters
    ----------
    database
        Where it is.
    journal
        What is taken in.
    spool
        The folder of what was recorded.
    workspace
        The workspace's name.
    checkpoint_every
        Facts between two checkpoints, at least.
    shared
        Whether others write to the database, too.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        spool: Path,
        workspace: str,
        *,
        checkpoint_every: int = EVERY,
        shared: bool = False,
    ) -> None:
        self.database = database
        self._journal = journal
        self._workspace = workspace
        migrate(database)
        self._registry = Registry(database, workspace, built_in())
        self._intake = Intake(database, journal, spool, workspace, self._registry)
        self.checkpoints = Checkpoints(database, workspace, shared=shared, least=checkpoint_every)
        self.checkpoints.fill()
        self._answers = Answers(database, self.checkpoints, journal, workspace)
        self._causes = Causes(database, journal, workspace)
        self.reading = Reading(database, workspace)

    @property
    def rev(self) -> int:
        """The rev of the newest change that is taken in."""
        return self._intake.rev

    def flush(self) -> int:
        """Take in all that happened by now; return the rev reached."""
        rev = self._intake.flush()
        oldest = self._intake.take_oldest()
        if oldest is not None:
            self.checkpoints.arrived(oldest)
        if self._intake.facts >= self.checkpoints.every:
            self._intake.facts = 0
            self.checkpoint()
        return rev

    def checkpoint(self) -> None:
        """Keep the state as of the newest fact."""
        newest = self.database.rows(
            "SELECT toUnixTimestamp64Nano(max(ts)) FROM twin_timeline "
            "WHERE workspace_id = {w:String} AND ts <= now64(9)",
            {"w": self._workspace},
        )
        self.checkpoints.write(int(newest[0][0]))
        self._answers.look_for_hot()

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Answer a question."""
        answers = self._answers
        question = self._dated(question)
        match question:
            case TwinAt():
                return answers.at(question)
            case TwinHistory():
                return answers.history(question)
            case WorkspaceAt():
                return answers.workspace_at(question)
            case RevAt():
                return answers.rev_at(question)
            case TwinDiff():
                return answers.diff(question)
            case ReplayBetween():
                return answers.replay(question)
            case CauseOf():
                return self._causes.answer(question)
            case StepFunnel():
                return funnel(self.database, self._workspace, question, self._registry.newest(question.process))
            case StepLatency():
                return latency(self.database, self._workspace, question, self._registry.newest(question.process))
            case AnomaliesBetween():
                return anomalies(self.database, self._workspace, question, self._registry.processes())
            case RowsBetween():
                return page(self.database, self._workspace, question)
            case SqlQuestion():
                return self.reading.answer(question.sql)

    def _dated(self, question: TriLogQuestion) -> TriLogQuestion:
        """Return a question with a time in place of the present: the journal's, when that is ahead of the clock."""
        meant = [name for name in type(question).model_fields if getattr(question, name) == PRESENT]
        if not meant:
            return question
        newest = self._journal.mark(self._journal.last_rev())
        present = max(time.time_ns(), newest.ts if newest is not None else 0)
        return question.model_copy(update=dict.fromkeys(meant, present))

    def carry_out(self, command: ForgetUser | RetainFrom) -> None:
        """Take a person out, or drop what is old."""
        if isinstance(command, ForgetUser):
            forget(self.database, self._intake, self._workspace, command.user)
        else:
            retain(self.database, self._workspace, self.rev, command.ts)
        self.checkpoints.look_again()
        self.checkpoints.fill()


def opened(opening: Opening) -> Store:
    """Open the database and bring it to this version's tables.

    Raises
    ------
    UnavailableError
        If it is not installed, or cannot be reached.
    """
    database = Database.server(opening.server) if opening.server else Database.embedded(opening.folder)
    journal = Journal(open_database(opening.journal), opening.workspace)
    return Store(database, journal, opening.spool, opening.workspace, shared=bool(opening.server))


class _Output:
    """The way back, on which whole answers follow each other."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def answer(self, number: int, make: Callable[[], tuple[int, bytes]]) -> None:
        """Send what a function returns, or the error that it raises."""
        body = b""
        try:
            rev, body = make()
            header: dict[str, Any] = {"code": "", "rev": rev}  # Any: JSON
        except NexusError as error:
            header = {"code": error.code, "message": error.message, "hint": error.hint}
        except Exception as error:  # noqa: BLE001 - told to whoever asked; the store goes on
            header = {"code": "trilog", "message": f"TriLog failed: {told(error)}", "hint": ""}
        line = json.dumps({"id": number, **header, "size": len(body)}).encode() + b"\n"
        with self._lock:
            self._stream.write(line + body)
            self._stream.flush()


class _Readers:
    """Answers people's SQL on a few threads; what is cancelled is stopped, or never begun."""

    def __init__(self, reading: Reading, output: _Output) -> None:
        self._reading = reading
        self._output = output
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="nexus-sql")
        self._lock = threading.Lock()
        #: Questions by number: nothing for one that waits, and what is set at the end of one that runs.
        self._asked: dict[int, threading.Event | None] = {}

    def expect(self, number: int) -> bool:
        """Note a question when it arrives, so that it can be cancelled from then on; false when there are too many."""
        with self._lock:
            if len(self._asked) >= _MOST_ASKED:
                return False
            self._asked[number] = None
            return True

    def ask(self, number: int, sql: str, rev: int) -> None:
        """Answer an expected question as of a rev, when it is its turn."""
        self._pool.submit(self._answer, number, sql, rev)

    def cancel(self, number: int) -> None:
        """Forget a question that waits, or stop it while it runs."""
        with self._lock:
            ended = self._asked.get(number)
            if ended is None:
                self._asked.pop(number, None)
                return
        threading.Thread(target=self._stop, args=(number, ended), name="nexus-sql-stop", daemon=True).start()

    def _stop(self, number: int, ended: threading.Event) -> None:
        # Again and again, for the engine may not have begun with it, or be between two of its steps.
        while not ended.wait(_STOP_AGAIN):
            self._reading.stop(_mark(number))

    def _answer(self, number: int, sql: str, rev: int) -> None:
        with self._lock:
            if number not in self._asked:
                return
            ended = self._asked[number] = threading.Event()
        try:
            self._output.answer(number, lambda: (rev, _arrow(self._reading.answer(sql, _mark(number)))))
        finally:
            with self._lock:
                self._asked.pop(number, None)
            ended.set()


def _refuse() -> tuple[int, bytes]:
    raise TriLogError(
        f"{_MOST_ASKED} SQL questions wait already.", hint="Wait for their answers, or interrupt some, and ask again."
    )


def _mark(number: int) -> str:
    return f"nexus {os.getpid()} {number}"


def _arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _handle(store: Store, request: dict[str, Any], readers: _Readers, output: _Output) -> None:  # Any: JSON
    number = int(request["id"])

    def make() -> tuple[int, bytes]:
        command = request["command"]
        if command is not None:
            forgets = command["command"] == "forget"
            store.carry_out(ForgetUser.model_validate(command) if forgets else RetainFrom.model_validate(command))
        if request["question"] is None:
            return store.rev, b""
        return store.rev, _arrow(store.ask(_QUESTION.validate_python(request["question"])))

    try:
        store.flush()
        if _is_sql(request):
            readers.ask(number, SqlQuestion.model_validate(request["question"]).sql, store.rev)
            return
    except Exception as error:  # noqa: BLE001 - told to whoever asked; the store goes on
        failed = error

        def fail() -> tuple[int, bytes]:
            raise failed

        readers.cancel(number)
        output.answer(number, fail)
        return
    output.answer(number, make)


def _is_sql(request: dict[str, Any]) -> bool:  # Any: JSON
    return request["question"] is not None and request["question"]["kind"] == "sql"


def _receive(
    requests: queue.SimpleQueue[dict[str, Any] | None], readers: _Readers, output: _Output
) -> None:  # Any: JSON
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "cancel" in request:
            readers.cancel(int(request["cancel"]))
        elif not _is_sql(request) or readers.expect(int(request["id"])):
            requests.put(request)
        else:
            output.answer(int(request["id"]), _refuse)
    requests.put(None)
    # The parent has gone or closes. What runs may end in good order, but not go on for long.
    ending = threading.Timer(_ENDING, os._exit, (0,))
    ending.daemon = True
    ending.start()


def _serve(output: _Output, make: Callable[[], Store]) -> None:
    try:
        store = make()
    except NexusError as error:
        failed = error

        def fail() -> tuple[int, bytes]:
            raise failed

        output.answer(0, fail)
        return
    output.answer(0, lambda: (store.rev, b""))
    readers = _Readers(store.reading, output)
    requests: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()  # Any: JSON
    threading.Thread(target=_receive, args=(requests, readers, output), name="nexus-requests", daemon=True).start()
    while (request := requests.get()) is not None:
        _handle(store, request, readers, output)


def main() -> None:
    """Serve until the input ends."""
    folder, workspace = Path(sys.argv[1]), sys.argv[2]
    # The first line has the URLs: others on the machine can read arguments, and they may hold passwords.
    given = json.loads(sys.stdin.buffer.readline())
    opening = Opening(folder, spool_of(folder), str(given["journal"]), workspace, str(given.get("server", "")))
    # The database's library prints to standard output when it likes; the answers must have a channel of their own.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(_Output(out), lambda: opened(opening))
    # The database's own threads may not outlive the interpreter's shutdown in good order.
    out.flush()
    os._exit(0)
