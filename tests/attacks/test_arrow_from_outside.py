"""Arrow streams that are not what they say.

Attacker: a program that may bind a frame or answer as a notebook's function. Way in: a stream whose offsets point
outside of its buffers (the server's memory would come back as rows, then it would crash), that is cut or spoiled
anywhere, or that is small and asks for gigabytes when it is decompressed.

What must hold: the server takes a table only when each of its values lies within it; whatever the stream makes of its
decoder ends another process; the answer is a sentence, and the next stream is decoded. Each layer holds alone: the check
of values in this process, the limits of the other one, and the list of types.
"""

from __future__ import annotations

import contextlib
import random
import struct
from collections.abc import Iterator

import pyarrow as pa
import pytest

from nexus_jupyter.arrow import ArrowDecoder, read_table
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.pages import TableAnswer
from nexus_jupyter.workspace import WorkspaceKernel
from tests.workspace.test_session import Client

_LIMIT = 64 << 20


@pytest.fixture(scope="module")
def decoder() -> Iterator[ArrowDecoder]:
    made = ArrowDecoder(_LIMIT)
    yield made
    made.close()


def stream_of(table: pa.Table, compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def offsets(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}i", *values)


#: Sound arrays, the bytes in their streams that say where values lie, and what takes their place.
POINTED = {
    "text far away": (pa.array(["a", "b", "c"]), offsets(0, 1, 2, 3), offsets(0, 1 << 20, 1 << 21, 1 << 22)),
    "text backwards": (pa.array(["a", "b", "c"]), offsets(0, 1, 2, 3), offsets(0, 3, 1, 3)),
    "text before": (pa.array(["a", "b", "c"]), offsets(0, 1, 2, 3), offsets(-4096, 1, 2, 3)),
    "bytes": (pa.array([b"a", b"b", b"c"]), offsets(0, 1, 2, 3), offsets(0, 1, 2, 1 << 30)),
    "list": (pa.array([[1], [2], [3]]), offsets(0, 1, 2, 3), offsets(0, 1, 2, 1 << 28)),
    "dictionary": (
        pa.DictionaryArray.from_arrays(pa.array([1, 0, 1], pa.int32()), pa.array(["a", "b"])),
        offsets(1, 0, 1),
        offsets(1, 99_999, -5),
    ),
    "no text": (pa.array(["abcdefgh"]), b"abcdefgh", b"\xff\xfe\xfd\xfc\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("what", POINTED)
def test_values_outside_of_the_stream_are_refused_by_the_process_and_by_the_check_alone(
    decoder: ArrowDecoder, what: str
) -> None:
    array, old, new = POINTED[what]
    sound = stream_of(pa.table({"x": array}))
    assert sound.count(old) == 1
    assert decoder.decode(sound).column(0).to_pylist() == array.to_pylist()
    spoiled = sound.replace(old, new)
    with pytest.raises(FrameError, match="not a sound Arrow stream"):
        read_table(spoiled)
    with pytest.raises(FrameError, match="not a sound Arrow stream"):
        decoder.decode(spoiled)


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_a_small_stream_that_asks_for_much_memory_costs_the_server_none(
    decoder: ArrowDecoder, compression: str
) -> None:
    zeros = pa.Array.from_buffers(pa.int64(), 40 << 20, [None, pa.py_buffer(bytes(320 << 20))])
    small = stream_of(pa.table({"x": zeros}), compression)
    assert len(small) < _LIMIT / 20
    with pytest.raises(FrameError, match="64 MB"):
        decoder.decode(small)
    assert decoder.decode(stream_of(pa.table({"x": [1]}))).num_rows == 1, "the next stream is decoded"


def test_a_stream_within_the_limit_is_decoded_compressed_or_not(decoder: ArrowDecoder) -> None:
    table = pa.table({"x": list(range(10_000)), "t": ["a", None] * 5_000})
    for compression in (None, "zstd", "lz4"):
        assert decoder.decode(stream_of(table, compression)).equals(table)


def test_spoiled_streams_are_refused_or_decoded_and_the_server_goes_on(decoder: ArrowDecoder) -> None:
    chance = random.Random(7)
    table = pa.table({"n": [1, 2, 3], "t": ["a", "bb", None], "d": pa.array(["x", "y", "x"]).dictionary_encode()})
    sound = stream_of(table)
    for _ in range(400):
        spoiled = bytearray(sound)
        for _ in range(chance.randint(1, 8)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        part = bytes(spoiled[: chance.randint(0, len(spoiled))]) if chance.random() < 0.3 else bytes(spoiled)
        with contextlib.suppress(FrameError):
            decoder.decode(part)
    assert decoder.decode(sound).equals(table)


def test_types_that_no_panel_shows_are_refused_before_their_values_are_read() -> None:
    union = pa.UnionArray.from_sparse(pa.array([0, 0], pa.int8()), [pa.array([1, 2])])
    ends = pa.RunEndEncodedArray.from_arrays([2], [7])
    for array in (union, ends):
        with pytest.raises(FrameError, match="which is not taken"):
            read_table(stream_of(pa.table({"x": array})))
    deep = pa.array([1])
    for _ in range(20):
        deep = pa.ListArray.from_arrays([0, 1], deep)
    with pytest.raises(FrameError, match="which is not taken"):
        read_table(stream_of(pa.table({"x": deep})))


def test_a_table_that_nobody_asked_for_is_not_decoded(kernel: WorkspaceKernel, ann: Actor) -> None:
    client = Client(kernel, Actor(id=ann.id, kind="kernel"))
    header = TableAnswer(call=99).model_dump_json().encode()
    client.session.receive(struct.pack(">I", len(header)) + header + b"\x00" * 1000)
    client.send(type="history", id="after")
    client.until(lambda frame: frame.get("id") == "after")
    assert kernel.arrow._child is None
