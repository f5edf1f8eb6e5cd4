"""The process that talks to the history database. The embedded one locks its folder, breaks on fork and may crash.

It reads one JSON request per line and answers with one JSON line, followed by as many bytes of Arrow as that says. It
ends when its input does, that is, with its parent.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from pydantic import TypeAdapter

from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.trilog import (
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
        self._workspace = workspace
        migrate(database)
        self._registry = Registry(database, workspace, built_in())
        self._intake = Intake(database, journal, spool, workspace, self._registry)
        self.checkpoints = Checkpoints(database, workspace, shared=shared, least=checkpoint_every)
        self.checkpoints.fill()
        self._answers = Answers(database, self.checkpoints, journal, workspace)
        self._causes = Causes(database, journal, workspace)
        self._reading = Reading(database, workspace)

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
                return self._reading.answer(question.sql)

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


def _requests(stream: BinaryIO) -> Iterator[dict[str, Any]]:  # Any: JSON
    for line in stream:
        yield json.loads(line)


def _answer(out: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:  # Any: JSON
    out.write(json.dumps({**header, "size": len(body)}).encode() + b"\n" + body)
    out.flush()


def _handle(store: Store, request: dict[str, Any]) -> bytes:  # Any: JSON
    store.flush()
    command = request.get("command")
    if command is not None:
        forgets = command["command"] == "forget"
        store.carry_out(ForgetUser.model_validate(command) if forgets else RetainFrom.model_validate(command))
    if request["question"] is None:
        return b""
    table = store.ask(_QUESTION.validate_python(request["question"]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _serve(out: BinaryIO, make: Callable[[], Store]) -> None:
    try:
        store = make()
    except NexusError as error:
        _answer(out, {"code": error.code, "message": error.message, "hint": error.hint})
        return
    _answer(out, {"code": ""})
    for request in _requests(sys.stdin.buffer):
        try:
            body = _handle(store, request)
            _answer(out, {"code": "", "rev": store.rev}, body)
        except NexusError as error:
            _answer(out, {"code": error.code, "message": error.message, "hint": error.hint})
        except Exception as error:  # noqa: BLE001 - told to whoever asked; the store goes on
            _answer(out, {"code": "trilog", "message": f"TriLog failed: {told(error)}", "hint": ""})


def main() -> None:
    """Serve until the input ends."""
    folder, workspace = Path(sys.argv[1]), sys.argv[2]
    # The first line has the URLs: others on the machine can read arguments, and they may hold passwords.
    given = json.loads(sys.stdin.buffer.readline())
    opening = Opening(folder, spool_of(folder), str(given["journal"]), workspace, str(given.get("server", "")))
    # The database's library prints to standard output when it likes; the answers must have a channel of their own.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(out, lambda: opened(opening))
    # The database's own threads may not outlive the interpreter's shutdown in good order.
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
