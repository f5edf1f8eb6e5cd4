"""A network between a workspace and its database server that can be cut at the worst moment."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Literal


class Proxy:
    """Passes bytes on between a free port of loopback and another port.

    ``cut`` says what happens to the next commit: with ``asked`` it never reaches the server, with ``done`` its
    confirmation never comes back. Then the connection is gone; while ``down``, no other can be made.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.cut: Literal["", "asked", "done"] = ""
        self.stays_down = False
        self.down = False
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if self.down:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            muted = threading.Event()
            threading.Thread(target=self._up, args=(client, server, muted), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server, muted), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, muted: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut and b"COMMIT" in data:
                    mode, self.cut = self.cut, ""
                    self.cuts += 1
                    self.down = self.stays_down
                    if mode == "asked":
                        break
                    muted.set()
                server.sendall(data)
        _end(client, server)

    def _down(self, client: socket.socket, server: socket.socket, muted: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if muted.is_set():
                    break
                client.sendall(data)
        _end(client, server)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
