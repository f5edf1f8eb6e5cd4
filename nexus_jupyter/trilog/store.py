"""TriLog as the workspace sees it: questions go to the process that owns the database, which is started when needed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from nexus_jupyter.protocol.errors import NexusError, TriLogError, UnavailableError
from nexus_jupyter.protocol.trilog import TriLogQuestion

__all__ = ["TriLog"]

_GRACE = 5.0
_SPANS = 10_000


class TriLog:
    """Answers questions about the past of a workspace.

    The database follows the journal: before each answer it takes in every change that was acknowledged by then. If its
    process dies, the next question starts it again, and nothing is lost, because the journal has everything.

    Parameters
    ----------
    journal
        URL of the journal's database.
    folder
        Where the history database lies.
    workspace
        The workspace's name.
    """

    def __init__(self, journal: str, folder: Path, *, workspace: str) -> None:
        self._journal = journal
        self._folder = folder
        self._workspace = workspace
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        # Appended to by every thread that works, without a lock; the oldest go when nobody asks.
        self._spans: deque[Callable[[], dict[str, Any]]] = deque(maxlen=_SPANS)  # Any: a span's attributes

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Answer a question, all changes acknowledged before it included.

        Raises
        ------
        UnavailableError
            If the embedded database is not installed.
        TriLogError
            If the question cannot be answered.
        """
        return pa.ipc.open_stream(self._exchange(question.model_dump(mode="json"))[1]).read_all()

    def flush(self) -> int:
        """Return when every acknowledged change can be asked for, with the rev of the newest."""
        return self._exchange(None)[0]

    def keep_span(self, describe: Callable[[], dict[str, Any]]) -> None:  # Any: a span's attributes
        """Take a finished span, to be described and stored with the next question. Costs next to nothing."""
        self._spans.append(describe)

    def close(self) -> None:
        """End the process."""
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

    def _exchange(self, question: dict[str, Any] | None) -> tuple[int, bytes]:  # Any: JSON
        with self._lock:
            spans = [self._spans.popleft()() for _ in range(len(self._spans))]
            request = json.dumps({"spans": spans, "question": question}).encode() + b"\n"
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
        command = [
            sys.executable,
            "-m",
            "nexus_jupyter.trilog.process",
            str(self._folder),
            self._workspace,
        ]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603 - our own module
        assert process.stdin is not None
        try:
            # Not an argument, which everybody on the machine could read: the URL may hold a password.
            process.stdin.write(json.dumps({"journal": self._journal}).encode() + b"\n")
            process.stdin.flush()
            _receive(process)
        except (OSError, EOFError) as error:
            raise TriLogError(
                "The history database could not be started.",
                hint=f"Does another process use {self._folder}? It may be deleted: the journal makes it again.",
            ) from error
        self._process = process
        return process


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
        errors: dict[str, type[NexusError]] = {UnavailableError.code: UnavailableError}
        raise errors.get(code, TriLogError)(header["message"], hint=header["hint"])
    return int(header.get("rev", 0)), body
