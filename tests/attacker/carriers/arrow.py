"""Arrow streams that are not what they say, bound as frames, and as the answers of a notebook's function."""

from __future__ import annotations

import random
import struct

import pyarrow as pa

from tests.attacker.attack import Attack, Deck
from tests.attacker.carriers.rest import answered
from tests.attacker.ledger import Sent
from tests.attacker.people import PEOPLE
from tests.attacker.values import Maker
from tests.attacker.web import Web
from tests.attacker.world import arrow

__all__ = ["Arrow"]

_BOMB = 200 << 20


class Arrow:
    """Binds frames."""

    types = frozenset(
        ["sound", "values outside", "bytes exchanged", "cut", "joined", "asks for much", "no stream", "odd types"]
    )

    def __init__(self, attack: Attack, worker: int = 0) -> None:
        self._attack = attack
        self._chance = attack.chance(f"arrow {worker}")
        self._maker = Maker(self._chance, attack.world)
        self._web = Web(attack.server.port)
        self.types = set(type(self).types)
        self._deck = Deck(self._chance, list(self.types))

    def step(self) -> None:
        """Bind one frame, and read it when it was taken."""
        kind = self._deck.next()
        data = self._stream(kind)
        person = self._chance.choice(PEOPLE)
        name = self._chance.choice(["numbers", "other", "other", "a.b", "\u00e9"])
        sent = self._attack.ledger.send(
            Sent("arrow", kind, person, "frame.bind", f"{len(data)} bytes: {data[:200].hex()}")
        )
        headers = {**self._attack.server.headers(person), "Content-Type": "application/vnd.apache.arrow.stream"}
        target = f"/nexus/api/frames/{name.encode().hex() if not name.isascii() else name}"
        answer = answered(self._web.ask("PUT", target, headers, data))
        self._attack.ledger.answer(sent, answer)
        if answer.done and kind in {"values outside", "no stream"}:
            words = "A stream whose values lie outside of it was taken."
            self._attack.ledger.found("answers", words, sent)
        if answer.done:
            reader = self._attack.somebody(self._chance, "read")
            self._attack.ledger.answer(
                sent, answered(self._web.ask("GET", target, self._attack.server.headers(reader)))
            )

    def close(self) -> None:
        """Close the connection."""
        self._web.close()

    def _stream(self, kind: str) -> bytes:
        chance = self._chance
        match kind:
            case "sound":
                return arrow(table(chance), chance.choice([None, "zstd", "lz4"]))
            case "values outside":
                return outside(chance)
            case "bytes exchanged":
                data = bytearray(arrow(table(chance), chance.choice([None, "zstd", "lz4"])))
                for _ in range(chance.choice([1, 1, 3, 20])):
                    data[chance.randrange(len(data))] = chance.choice([0, 0xFF, 0x7F, 0x80, chance.randrange(256)])
                return bytes(data)
            case "cut":
                data = arrow(table(chance))
                return data[: chance.randrange(len(data))]
            case "joined":
                return arrow(table(chance)) + chance.choice([arrow(table(chance)), chance.randbytes(100)])
            case "asks for much":
                zeros = pa.Array.from_buffers(pa.int64(), _BOMB // 8, [None, pa.py_buffer(bytes(_BOMB))])
                return arrow(pa.table({"x": zeros}), "zstd")
            case "odd types":
                return arrow(odd(chance))
            case _:
                return chance.choice(
                    [
                        b"\xff" * 40,
                        b"ARROW1\0\0" * 5,
                        struct.pack("<iI", -1, 2**31 - 1) + bytes(50),
                        chance.randbytes(500),
                    ]
                )


def table(chance: random.Random) -> pa.Table:
    """Return a sound table."""
    count = chance.randint(1, 200)
    return pa.table({
        "x": [chance.randint(-5, 2**40) for _ in range(count)], "t": [chance.choice(["a", "é" * 9, None]) for _ in range(count)],
        "f": [chance.random() for _ in range(count)], "l": [[1, 2], None] * (count // 2) + [[]] * (count % 2),
        "d": pa.array([chance.choice(["u", "v"]) for _ in range(count)]).dictionary_encode(),
    })  # fmt: skip


def outside(chance: random.Random) -> bytes:
    """Return a stream in which a value is said to lie where the stream has none."""
    far = chance.choice([1 << 20, 1 << 24, -4096, 1 << 30])
    old, new = struct.pack("<4i", 0, 1, 2, 3), struct.pack("<4i", 0, 1, 2, far)
    array = chance.choice([pa.array(["a", "b", "c"]), pa.array([b"a", b"b", b"c"]), pa.array([[1], [2], [3]])])
    return arrow(pa.table({"x": array})).replace(old, new)


def odd(chance: random.Random) -> pa.Table:
    """Return a table with types and names that frames may not know."""
    nested = pa.array([[[1]]])
    for _ in range(chance.choice([1, 30])):
        nested = pa.ListArray.from_arrays([0, 1], nested)
    columns = {
        "decimal": pa.array([1], pa.decimal128(38, 10)), "null": pa.nulls(1), "struct": pa.array([{"a": 1}]), "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        "view": pa.array(["a"], pa.string_view()), "large": pa.array(["a"], pa.large_string()), "time": pa.array([2**62], pa.timestamp("ns", "Nowhere/Land")),
        "nested": nested, "half": pa.array([1.0]).cast(pa.float16()), "duration": pa.array([1], pa.duration("s")), "fixed": pa.array([b"abcd"], pa.binary(4)),
    }  # fmt: skip
    name = chance.choice(list(columns))
    return pa.table(
        [columns[name]], names=[chance.choice(["x", "", 'a"b', "x" * 3000, "__proto__", "'; DROP TABLE x; --"])]
    )
