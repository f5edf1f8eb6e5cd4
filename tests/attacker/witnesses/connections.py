"""Nothing calls a listener that nobody may call, and the server connects to nothing."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import psutil

from tests.attacker.attack import Attack
from tests.attacker.witnesses.processes import events

__all__ = ["Connections", "Listener"]


class Listener:
    """A port on loopback that takes note of who calls."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.came: list[bytes] = []
        threading.Thread(target=self._accept, name="attack-listener", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.settimeout(2)
            try:
                self.came.append(connection.recv(500))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except OSError:
                self.came.append(b"")
            connection.close()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


class Connections:
    """Looks at the sockets of the server and its children, and at what they say of themselves."""

    listener: Listener

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._read: dict[Path, int] = {}
        events(attack.place.harness, self._read)

    def look(self) -> None:
        """Look at who has connected to what."""
        found = self._attack.ledger.found
        while self.listener.came:
            said = self.listener.came.pop()
            found(
                "connections", f"Somebody has called the listener on loopback and said {said[:200]!r}.", kind="called"
            )
        for event in events(self._attack.place.harness, self._read):
            if event["event"] == "socket.connect":
                found(
                    "connections",
                    f"A process dials {event['said']}:\n{event['where']}",
                    kind=f"dials {event['said'][:1]}",
                )
        try:
            server = psutil.Process(self._attack.server.pid)
            family = [server, *server.children(recursive=True)]
        except psutil.Error:
            return
        for one in family:
            try:
                sockets = one.net_connections("inet")
                name = one.name()
            except psutil.Error:
                continue
            for each in sockets:
                own = each.laddr and each.laddr.port == self._attack.server.port
                if each.raddr and not own and not name.startswith(("git", "ssh")):
                    found("connections", f"{name} ({one.pid}) is connected to {each.raddr}.", kind=f"connected {name}")

    def end(self) -> None:
        """Look at who called last."""
        self.look()
