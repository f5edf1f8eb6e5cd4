"""The WebSocket: every type of frame, sound and spoiled; broken frames of the protocol below; clients that do not read."""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
import time
from typing import Any

from pydantic import TypeAdapter
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from nexus_jupyter.protocol.rights import FRAMES
from nexus_jupyter.protocol.stream import ClientFrame
from tests.attacker.attack import Attack, Deck
from tests.attacker.ledger import Answer, Sent, shown
from tests.attacker.people import PEOPLE, Person
from tests.attacker.values import Maker

__all__ = ["Stream"]

_SCHEMA = TypeAdapter(ClientFrame).json_schema()
_DEFS = _SCHEMA["$defs"]
#: The client's own log, which tells of connections that are broken on purpose.
_QUIET = logging.getLogger("tests.attacker.stream")
_QUIET.disabled = True
#: Messages of one connection, and seconds for what they are answered with.
_MESSAGES, _PATIENCE = 25, 20.0
#: Codes that a server closes a connection with when it was at fault itself.
_FAULT = frozenset([1006, 1011])
#: Frames that are answered by something else than a result, or not at all.
_SILENT = frozenset(["subscribe", "unsubscribe", "focus", "cancel", "code.update", "code.close", "answer", "hello"])


class Stream:
    """Opens connections as people, one after the other, and sends frames on each."""

    def __init__(self, attack: Attack, worker: int = 0) -> None:
        self._attack = attack
        self._chance = attack.chance(f"stream {worker}")
        self._maker = Maker(self._chance, attack.world)
        self._frames = {name: ref.rpartition("/")[2] for name, ref in _SCHEMA["discriminator"]["mapping"].items()}
        self._turns = {"table": 0, "broken frames": 0, "unread": 0}
        self.types = {*self._frames, "connect", *self._turns}
        self._deck = Deck(self._chance, list(self._frames))
        self._ends = Deck(
            self._chance, ["close", "close", "close", "drop", "broken frames", "unread", "table", "table"]
        )
        self._waits: dict[str, Sent] = {}
        self._garbled = False

    def step(self) -> None:
        """Open a connection, send frames, take the answers, and end it in some way."""
        person = self._chance.choice(PEOPLE)
        sent = self._attack.ledger.send(Sent("stream", "connect", person, "server.read"))
        url = f"ws://127.0.0.1:{self._attack.server.port}/nexus/api/stream"
        try:
            connection = connect(
                url, additional_headers=self._attack.server.headers(person), max_size=None, open_timeout=60,
                compression=self._chance.choice([None, "deflate"]), proxy=None, close_timeout=5,
                logger=_QUIET,
            )  # fmt: skip
        except InvalidStatus as error:
            self._attack.ledger.answer(
                sent, Answer(False, str(error.response.status_code), bytes(error.response.body or b""))
            )
            return
        except (OSError, InvalidHandshake) as error:
            self._attack.ledger.answer(sent, Answer(False, f"no connection: {type(error).__name__}"))
            return
        with connection:
            self._attack.ledger.answer(sent, Answer(True, "101"))
            try:
                self._talk(connection, person)
            except ConnectionClosed as error:
                self._closed(person, error.rcvd.code if error.rcvd else 1006, sent)
            except TimeoutError:
                self._attack.ledger.answer(sent, Answer(False, "timeout"))

    def close(self) -> None:
        """Nothing stays open between two steps."""

    def _talk(self, connection: ClientConnection, person: Person) -> None:
        self._waits, self._garbled = {}, False
        for number in range(_MESSAGES):
            if self._attack.over.is_set():
                return
            self._send(connection, person)
            if number % 5 == 4:
                self._read(connection, person)
        end = self._ends.next()
        if end == "table":
            call = self._chance.randint(0, 3)
            header = self._chance.choice([json.dumps({"call": call}).encode(), b"{", b'{"call": 1e999}', b""])
            length = self._chance.choice([len(header), 2**32 - 1, 0, 3])
            data = struct.pack(">I", length) + header + self._chance.randbytes(self._chance.choice([0, 10, 2000]))
            self._note(Sent("stream", "table", person, "function.answer", shown(data)))
            connection.send(data)
        self._read(connection, person)
        match end:
            case "drop":
                connection.socket.shutdown(socket.SHUT_RDWR)
            case "broken frames":
                self._break(connection, person)
            case "unread":
                self._leave_unread(connection, person)

    def _send(self, connection: ClientConnection, person: Person) -> None:
        kind = self._deck.next()
        self._maker.begin()
        frame = self._maker.of(_DEFS[self._frames[kind]], _DEFS)
        whole = self._chance.random() < 0.5
        data = json.dumps(frame).encode() if whole else self._maker.dumped(self._maker.spoiled(frame))
        sent = self._note(Sent("stream", kind, person, FRAMES[kind][0], shown(data)))
        if isinstance(frame.get("id"), str) and kind not in _SILENT:
            self._waits[frame["id"]] = sent
        try:
            data.decode()
        except UnicodeDecodeError:
            self._garbled = True  # a text that is no UTF-8 ends a connection, by RFC 6455
        connection.send(data, text=True)

    def _read(self, connection: ClientConnection, person: Person) -> None:
        """Take all that comes until a last request is answered; what is not answered by then need not be."""
        mark = f"barrier{self._maker.id()}"
        connection.send(json.dumps({"type": "history", "id": mark, "most": 2}))
        until = time.monotonic() + _PATIENCE
        while True:
            message = connection.recv(timeout=max(0.1, until - time.monotonic()))
            data = message.encode() if isinstance(message, str) else message
            frame = json.loads(message) if isinstance(message, str) else _header(message)
            request = frame.get("id")
            if request == mark:
                return
            sent = self._waits.pop(request, None) if isinstance(request, str) else None
            if sent is None:
                # It came by itself, or answers something spoiled, whose sender may see it all the same.
                sent = Sent("stream", str(frame.get("type", "page")), person, "panel.follow", "(came by itself)")
                self._attack.ledger.answer(sent, Answer(False, "told", data))
                continue
            refused = frame.get("problem") or frame.get("type") == "notice"
            kind = str(refused.get("code")) if isinstance(refused, dict) else "done"
            self._learn(frame)
            self._attack.ledger.answer(sent, Answer(not refused, kind, data))

    def _learn(self, frame: dict[str, Any]) -> None:
        value = frame.get("value")
        for name in ("epoch", "run", "id"):
            if isinstance(value, dict) and isinstance(value.get(name), str):
                self._maker.world.known.append(value[name])
        del self._maker.world.known[:-200]

    def _break(self, connection: ClientConnection, person: Person) -> None:
        """Send what is no WebSocket's frame."""
        mask = os.urandom(4)
        data = self._chance.choice([
            b"\x81\x05hello", b"\xf1\x80" + mask, b"\x83\x80" + mask, b"\x89\xfe\x00\xff" + mask + bytes(255), b"\x80\x80" + mask,
            b"\x01\x81" + mask + b"a" + b"\x81\x81" + mask + b"b", b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + mask,
            b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + mask, b"\x81\x84\x00\x00\x00\x00\xff\xfe\xfd\xfc", b"\xc1\x84" + mask + b"zzzz",
            b"\x88\x81" + mask + b"x", b"\x88\x82\x00\x00\x00\x00\x00\x01", b"\x82\xff\x00\x00\x00\x00\x00\x30\x00\x00" + mask + bytes(3 << 20),
            self._chance.randbytes(100),
        ])  # fmt: skip
        self._note(Sent("stream", "broken frames", person, None, shown(data)))
        try:
            connection.socket.sendall(data)
            time.sleep(0.05)
            connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _leave_unread(self, connection: ClientConnection, person: Person) -> None:
        """Ask for much and read nothing."""
        sent = self._note(Sent("stream", "unread", person, None))
        asked = json.dumps({"type": "history", "id": "u", "most": 2000})
        page = json.dumps({"type": "frame.page", "id": "p", "panel": "board", "query": "big", "limit": 10_000})
        for _ in range(150):
            connection.send(asked)
            connection.send(page)
        self._attack.ledger.answer(sent, Answer(False, "left"))
        connection.socket.shutdown(socket.SHUT_RDWR)

    def _closed(self, person: Person, code: int, sent: Sent) -> None:
        # 1009 is for a message that is too large, 4403 for a person who lost their rights, 1013 for one who reads nothing.
        self._attack.ledger.answer(sent, Answer(False, f"closed {code}"))
        if code in _FAULT and not self._garbled and not self._attack.over.is_set() and self._attack.server.alive:
            words = f"A connection of {person.name} was closed with {code}."
            self._attack.ledger.found("answers", words, sent, kind=f"closed {code}")

    def _note(self, sent: Sent) -> Sent:
        return self._attack.ledger.send(sent)


def _header(message: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from(">I", message)
    found: dict[str, Any] = json.loads(message[4 : 4 + length])
    return found
