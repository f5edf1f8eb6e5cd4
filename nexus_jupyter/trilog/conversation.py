"""The exchange with the history's process: requests and answers carry a number, so that none is taken for another.

Several threads may ask at a time. Whoever gives up waiting, such as by an interrupt in a notebook, leaves its number
behind: the answer is dropped when it comes, and the process is told to stop working on it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
from concurrent.futures import Future
from typing import IO, Any

from nexus_jupyter.processes import Child
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, TriLogError, UnavailableError

__all__ = ["Conversation"]

Answer = tuple[int, bytes]
_ERRORS: dict[str, type[NexusError]] = {one.code: one for one in (UnavailableError, NotFoundError)}


class Conversation:
    """One process, for as long as it lives.

    Parameters
    ----------
    child
        The process; its first answer has the number 0 and says whether it could begin.
    """

    def __init__(self, child: Child) -> None:
        self.child = child
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Answer]] | None = {0: Future()}
        self._opened = self._waiting[0]
        threading.Thread(target=self._receive, name="nexus-trilog-answers", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._waiting is not None and self.child.process.poll() is None

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._waiting)

    def open(self, given: dict[str, Any]) -> None:  # Any: JSON
        """Tell the process what it works with, and wait until it can be asked.

        Raises
        ------
        NexusError
            As the process says.
        EOFError, OSError
            If it ends without a word.
        """
        self._write(given)
        self._opened.result()

    def ask(self, request: dict[str, Any]) -> Answer:  # Any: JSON
        """Return the rev that an answer is as of, and the answer; raises as `open` does."""
        number = next(self._numbers)
        answer: Future[Answer] = Future()
        with self._lock:
            if self._waiting is None:
                raise EOFError
            self._waiting[number] = answer
        try:
            self._write({"id": number, **request})
            return answer.result()
        finally:
            with self._lock:
                left = self._waiting is not None and self._waiting.pop(number, None) is not None
            if left:
                with contextlib.suppress(OSError, ValueError):
                    self._write({"cancel": number})

    def _write(self, message: dict[str, Any]) -> None:  # Any: JSON
        stream = self.child.process.stdin
        assert stream is not None
        line = json.dumps(message).encode() + b"\n"
        with self._writing:
            if stream.closed:
                raise EOFError
            stream.write(line)
            stream.flush()

    def _receive(self) -> None:
        stream = self.child.process.stdout
        assert stream is not None
        # What cannot be read ends the conversation like an end: nothing after it could be told apart.
        with contextlib.suppress(EOFError, OSError, ValueError, KeyError):
            while True:
                header, body = _read(stream)
                with self._lock:
                    assert self._waiting is not None
                    answer = self._waiting.pop(int(header["id"]), None)
                if answer is not None:
                    _settle(answer, header, body)
        with self._lock:
            left, self._waiting = self._waiting or {}, None
        for answer in left.values():
            answer.set_exception(EOFError())


def _read(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:  # Any: JSON
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    header = json.loads(line)
    size = int(header["size"])
    body = stream.read(size) if size else b""
    if len(body) < size:
        raise EOFError
    return header, body


def _settle(answer: Future[Answer], header: dict[str, Any], body: bytes) -> None:  # Any: JSON
    code = header["code"]
    if code:
        answer.set_exception(_ERRORS.get(code, TriLogError)(header["message"], hint=header["hint"]))
    else:
        answer.set_result((int(header.get("rev", 0)), body))
