"""The process that decodes Arrow streams. It reads a length and as many bytes, and answers in the same form.

The answer begins with one byte: 1 before the table, uncompressed and checked, 0 before a sentence that says what is
wrong.
"""

from __future__ import annotations

import struct
import sys

import pyarrow as pa

from nexus_jupyter.arrow.reading import read_table
from nexus_jupyter.protocol.errors import FrameError

__all__ = ["HEAD", "main"]

#: Whether it is a table, and the length of what follows, in bytes.
HEAD = struct.Struct(">?Q")


def _decoded(stream: bytes) -> tuple[bool, pa.Buffer]:
    try:
        table = read_table(stream)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return True, sink.getvalue()
    except FrameError as error:
        return False, pa.py_buffer(error.message.encode())
    except MemoryError:
        return False, pa.py_buffer(b"")


def main() -> None:
    """Decode until the input ends."""
    given, out = sys.stdin.buffer, sys.stdout.buffer
    while head := given.read(HEAD.size):
        _, size = HEAD.unpack(head)
        sound, answer = _decoded(given.read(size))
        out.write(HEAD.pack(sound, answer.size))
        out.write(answer)
        out.flush()
