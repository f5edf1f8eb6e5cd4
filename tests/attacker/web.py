"""HTTP as a hostile client speaks it: kept connections, headers and bodies of any kind, and what is no HTTP at all."""

from __future__ import annotations

import http.client
import socket
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Reply", "Web"]

#: Seconds to wait for an answer, and bytes that are read of it.
_PATIENCE, _MOST = 60.0, 64 << 20


@dataclass(frozen=True)
class Reply:
    """An answer: its status, 0 when there was none; its headers and body as bytes."""

    status: int
    head: bytes
    body: bytes

    @property
    def all(self) -> bytes:
        """All that came."""
        return self.head + b"\n" + self.body


class Web:
    """Connections to one server.

    Parameters
    ----------
    port
        Where it listens on loopback.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._kept: http.client.HTTPConnection | None = None

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        """Send a request and return the answer; a connection that was closed meanwhile is opened again."""
        for again in (False, True):
            connection = self._kept or http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
            self._kept = connection
            try:
                connection.putrequest(method, target, skip_accept_encoding=True)
                for name, value in headers.items():
                    connection.putheader(name, value)
                if body is not None or method in {"POST", "PUT", "PATCH", "DELETE"}:
                    connection.putheader("Content-Length", str(len(body or b"")))
                connection.endheaders(body)
                answer = connection.getresponse()
                head = "\n".join(f"{name}: {value}" for name, value in answer.getheaders()).encode("latin-1", "replace")
                return Reply(answer.status, head, answer.read(_MOST))
            except TimeoutError:
                self.close()
                return Reply(0, b"timeout", b"")
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if again:
                    return Reply(0, repr(error).encode(), b"")
        raise AssertionError

    def raw(self, data: bytes, *, wait: float = 0.3) -> bytes:
        """Send bytes as they are, and return what comes within a moment."""
        found = b""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE) as connection:
            connection.sendall(data)
            connection.settimeout(wait)
            while len(found) < _MOST and (part := connection.recv(65_536)):
                found += part
        return found

    def close(self) -> None:
        """Close the kept connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
