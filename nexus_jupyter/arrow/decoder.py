"""Decoding Arrow streams from outside in a process of their own.

A stream says itself how long its buffers are when they are decompressed, and where its values lie: kilobytes can ask
for gigabytes, and a mistake in a decoder would be one in the server. So streams are decoded by a process that has no
files, no network and bounded memory, and may die. What it returns is checked once more, without decompression.
"""

from __future__ import annotations

import threading
from typing import IO

import pyarrow as pa

from nexus_jupyter.arrow.reading import read_table
from nexus_jupyter.arrow.worker import HEAD
from nexus_jupyter.processes import Child, Confinement, Limits, start
from nexus_jupyter.protocol.errors import FrameError

__all__ = ["ArrowDecoder"]

#: Bytes of addresses of the process besides its tables: the interpreter and its libraries.
_BASE = 1 << 30
#: Seconds that one stream may take; seconds without one after which the process is ended.
_PATIENCE, _IDLE = 60.0, 300.0


class ArrowDecoder:
    """Turns Arrow streams into tables; safe to use from any thread.

    Parameters
    ----------
    limit
        Bytes that a decoded table may have.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._idle: threading.Timer | None = None

    def warm_up(self) -> None:
        """Start the process in the background, so that the first table need not wait for it."""
        threading.Thread(target=self._start, name="nexus-arrow-start", daemon=True).start()

    def decode(self, stream: bytes | memoryview) -> pa.Table:
        """Return the table of a stream.

        Raises
        ------
        FrameError
            If it is no sound Arrow stream, or its table is larger than the limit.
        """
        with self._lock:
            sound, answer = self._exchange(stream)
        if not sound:
            raise FrameError(bytes(answer).decode() or self._too_large())
        return read_table(answer)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _exchange(self, stream: bytes | memoryview) -> tuple[bool, bytes]:
        child = self._running()
        out, answers = child.process.stdin, child.process.stdout
        assert out is not None
        assert answers is not None
        late = threading.Timer(_PATIENCE, child.process.kill)
        late.start()
        try:
            out.write(HEAD.pack(True, len(stream)))
            out.write(stream)
            out.flush()
            sound, size = HEAD.unpack(_exactly(answers, HEAD.size))
            if size > self._limit:
                self._end()
                raise FrameError(self._too_large())
            return sound, _exactly(answers, size)
        except (OSError, EOFError) as error:
            # It was ended by the system's limits, by the clock, or by a fault that the stream provoked.
            self._end()
            raise FrameError(
                "The rows could not be decoded: the process that tried has ended.",
                hint=f"A table may have {self._limit >> 20} MB; send fewer rows, or leave columns out.",
            ) from error
        finally:
            late.cancel()
            self._rest()

    def _too_large(self) -> str:
        return f"The table is larger than the {self._limit >> 20} MB that a frame may have."

    def _start(self) -> None:
        with self._lock:
            self._running()
            self._rest()

    def _running(self) -> Child:
        if self._child is None or self._child.process.poll() is not None:
            self._end()
            self._child = start(
                "nexus_jupyter.arrow.worker",
                confinement=Confinement(),
                # The stream, its table, and the table written out again.
                limits=Limits(memory=_BASE + 3 * self._limit),
                # Arrow's other allocators reserve more addresses than they use.
                variables={"ARROW_DEFAULT_MEMORY_POOL": "system"},
            )
        return self._child

    def _rest(self) -> None:
        """End the process after a time without work."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = threading.Timer(_IDLE, self.close)
        self._idle.daemon = True
        self._idle.start()

    def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        child, self._child = self._child, None
        if child is not None:
            child.end(0.0)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return found
