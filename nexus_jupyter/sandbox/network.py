"""HTTP and WebSocket for handlers, and the guard that keeps them away from what is not theirs.

A panel that may talk to one public origin must not become a way into the machine, the cluster or the cloud provider's
metadata service. So each connection is made to an address that was resolved and judged here: names are never resolved a
second time, redirects are followed one by one, each under the same rules, and the environment's proxies are not used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import socket
from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpcore
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from nexus_jupyter.protocol.errors import NexusError, PermissionDeniedError, RequestError
from nexus_jupyter.sandbox.capabilities import Token
from nexus_jupyter.sandbox.host import Answerable, Arguments, Caller, Operations

__all__ = ["Network"]

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
#: Headers that say who and where a request is from, or how it is framed: those are for us to say.
_OURS = {"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "expect"}
#: Headers that go along when a redirect leads to another origin.
_HARMLESS = {"user-agent", "accept", "accept-encoding", "accept-language", "content-type"}
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_SECONDS = 30.0
_BODY_BYTES = 4 << 20
_SOCKETS = 8
#: WebSocket's own code for it.
_POLICY_VIOLATION = 1008
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class _Unreachable(NexusError):
    """The other side did not answer as it should."""


@dataclass(slots=True)
class Network:
    """The operations ``net.*``.

    Attributes
    ----------
    private
        Origins (``http://host:port``) that panels may be granted although their address is not public. Everything
        else on private, loopback, link-local and reserved addresses is refused, granted or not.
    """

    private: Collection[str] = ()
    _numbers: Any = field(default_factory=lambda: itertools.count(1))  # Any: an iterator of ints

    def operations(self) -> Operations:
        """Return the operations by name."""
        return {
            "net.fetch": self.fetch,
            "net.open": self.open,
            "net.send": self.send,
            "net.receive": self.receive,
            "net.close": self.close,
        }

    # HTTP

    async def fetch(self, caller: Caller, args: Arguments) -> Answerable:
        """Make a request; redirects are followed where the panel may go there too."""
        url, method, headers, body = _request(args)
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._follow(caller, url, method, headers, body, as_bytes=args.get("as") == "bytes")
        except TimeoutError as error:
            raise _Unreachable(f"{url} did not answer within {_SECONDS:.0f} s.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise _Unreachable(f"{url} could not be reached: {str(error) or type(error).__name__}.") from error

    async def _follow(
        self, caller: Caller, url: str, method: str, headers: list[tuple[str, str]], body: bytes, *, as_bytes: bool
    ) -> Answerable:
        origin = _origin(_parsed(url, {"http", "https"}))
        for _ in range(_MOST_REDIRECTS + 1):
            parts = _parsed(url, {"http", "https"})
            caller.token.require("net.http", url)
            if _origin(parts) != origin:
                # What was meant for one server, a key perhaps, is not for the one that it points to.
                headers = [(name, value) for name, value in headers if name in _HARMLESS]
                origin = _origin(parts)
            # Which clicks belong together is nothing for strangers; the owner's own servers may trace it on.
            sent = [*headers, *_context(caller, headers)] if origin in self.private else headers
            async with (
                httpcore.AsyncConnectionPool(network_backend=_Guarded(self, parts)) as pool,
                pool.stream(method, url, headers=sent, content=body or None) as response,
            ):
                pairs = response.headers
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}
                if response.status not in _REDIRECTS or "location" not in found:
                    data = await _limited(response.aiter_stream(), caller, url)
                    content: dict[str, Any] = {"status": response.status, "url": url, "headers": found}
                    content["bytes" if as_bytes else "text"] = data if as_bytes else _text(data, found)
                    return content
            url = urljoin(url, found["location"])
            if response.status == 303 or (response.status in {301, 302} and method == "POST"):  # noqa: PLR2004 - HTTP's own numbers
                method, body = "GET", b""
        raise _Unreachable(f"More than {_MOST_REDIRECTS} redirects.")

    # WebSocket

    async def open(self, caller: Caller, args: Arguments) -> Answerable:
        """Open a WebSocket and return its number."""
        url = str(args.get("url"))
        parts = _parsed(url, {"ws", "wss"})
        caller.token.require("net.ws", url)
        if len(caller.resources) >= _SOCKETS:
            raise RequestError(f"A run may have {_SOCKETS} WebSockets open.")
        try:
            sock = await self._connected(parts)
            # The certificate must be that of the name, not of the address.
            tls = {"server_hostname": parts.hostname} if parts.scheme == "wss" else {}
            connection = await connect(
                url,
                sock=sock,
                proxy=None,
                max_size=caller.answer_bytes,
                open_timeout=_SECONDS,
                process_exception=lambda error: error,
                **tls,  # type: ignore[arg-type] # goes to asyncio's create_connection
            )
        # ValueError: a redirect, which cannot be followed on a socket that is connected already.
        except (OSError, TimeoutError, ValueError, WebSocketException) as error:
            raise _Unreachable(f"{url} could not be reached: {error}.") from error
        number = int(next(self._numbers))
        opened = caller.resources[number] = _Socket(connection, url)
        opened.watch = asyncio.create_task(opened.end_with_grant(caller.token))
        caller.closers.append(opened.close)
        return number

    async def send(self, caller: Caller, args: Arguments) -> Answerable:
        """Send a text or bytes."""
        message = args.get("message")
        if not isinstance(message, (str, bytes)):
            raise RequestError("A WebSocket sends texts and bytes; use JSON.stringify for the rest.")
        async with _using(caller, args) as connection:
            await connection.send(message)
        return None

    async def receive(self, caller: Caller, args: Arguments) -> Answerable:
        """Wait for the next message."""
        async with _using(caller, args) as connection:
            return await connection.recv()

    async def close(self, caller: Caller, args: Arguments) -> Answerable:
        """Close a WebSocket."""
        opened = _socket(caller, args)
        caller.resources.pop(int(args["socket"]))
        await opened.close()
        return None

    # The workspace's own messages

    async def judge(self, url: str) -> None:
        """Refuse an address that nothing may be sent to.

        Raises
        ------
        NexusError
            If it is no plain HTTP address, leads to what is not public, or is not known.
        """
        parts = _parsed(url, {"http", "https"})
        try:
            await self.addresses(parts)
        except OSError as error:
            raise _Unreachable(f"{parts.hostname} is not known: {error}.") from error

    async def deliver(self, url: str, body: bytes) -> int:
        """Post JSON to an address, following no redirects; return the status of the answer.

        Raises
        ------
        NexusError
            If it may not be reached, or cannot.
        """
        parts = _parsed(url, {"http", "https"})
        headers = [("user-agent", "nexus-jupyter"), ("content-type", "application/json")]
        try:
            async with (
                asyncio.timeout(_SECONDS),
                httpcore.AsyncConnectionPool(network_backend=_Guarded(self, parts)) as pool,
                pool.stream("POST", url, headers=headers, content=body) as response,
            ):
                return response.status
        except TimeoutError as error:
            raise _Unreachable(f"{parts.hostname} did not answer within {_SECONDS:.0f} s.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise _Unreachable(f"{parts.hostname} could not be reached: {type(error).__name__}.") from error

    # The guard

    async def addresses(self, parts: SplitResult) -> list[str]:
        """Resolve a host and return its addresses if all of them may be connected to.

        One forbidden address among several refuses the host: which one is used is not for the other side to choose.

        Raises
        ------
        PermissionDeniedError
            If one is not public.
        """
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if _origin(parts) in self.private:
            return addresses
        for address in addresses:
            if not _is_public(address):
                raise PermissionDeniedError(
                    f"{host} has the address {address}, which is not public. Panels cannot reach it unless the "
                    f"server's owner lists {_origin(parts)} in NexusApp.private_origins."
                )
        return addresses

    async def _connected(self, parts: SplitResult) -> socket.socket:
        port = parts.port or _PORTS[parts.scheme]
        error: OSError = OSError("no address")
        for address in await self.addresses(parts):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(_SECONDS):
                    await asyncio.get_running_loop().sock_connect(sock, (address, port))
            except OSError as failed:
                sock.close()
                error = failed
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise error


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that the guard has judged; the name goes into TLS and the Host header only."""

    def __init__(self, network: Network, parts: SplitResult) -> None:
        self._network = network
        self._parts = parts
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # Any: httpcore's own type
    ) -> httpcore.AsyncNetworkStream:
        error: Exception = OSError(f"{host} has no address")
        for address in await self._network.addresses(self._parts):
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (OSError, httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error


def _context(caller: Caller, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers that tell what a request is part of, without those that the handler has set itself."""
    given = {name.lower() for name, _ in headers}
    known = (("traceparent", caller.traceparent), ("baggage", caller.baggage))
    return [(name, value) for name, value in known if value and name not in given]


def _request(args: Arguments) -> tuple[str, str, list[tuple[str, str]], bytes]:
    url, method, body = str(args.get("url")), str(args.get("method", "GET")).upper(), args.get("body")
    if method not in _METHODS:
        raise RequestError(f"The method '{method[:20]}' is not one of {', '.join(sorted(_METHODS))}.")
    given = args.get("headers") or {}
    if not isinstance(given, dict):
        raise RequestError("Headers are an object of texts.")
    headers = [("user-agent", "nexus-jupyter"), ("accept-encoding", "identity")]
    for name, value in given.items():
        lower, text = str(name).lower(), str(value)
        if not lower.replace("-", "").replace("_", "").isalnum() or not (lower + text).isprintable():
            raise RequestError(f"'{lower[:40]}' is no header that can be sent.")
        if lower in _OURS or lower.startswith(("proxy-", "sec-")):
            raise RequestError(f"The header '{lower}' cannot be set.")
        headers = [(known, kept) for known, kept in headers if known != lower] + [(lower, text)]
    data = body if isinstance(body, bytes) else str(body).encode("utf-8", "replace") if body is not None else b""
    if len(data) > _BODY_BYTES:
        raise RequestError(f"The body has {len(data)} bytes; {_BODY_BYTES} are allowed.")
    return url, method, headers, data


def _parsed(url: str, schemes: set[str]) -> SplitResult:
    """Read an address strictly: no user names, no odd characters, nothing that two parsers could read in two ways."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise RequestError(f"'{url[:200]}' is no address: {error}.") from error
    odd = not url.isascii() or not url.isprintable() or " " in url or "\\" in url or "@" in parts.netloc
    if parts.scheme not in schemes or not parts.hostname or odd:
        raise RequestError(f"'{url[:200]}' is no plain {' or '.join(sorted(schemes))} address.")
    return parts


def _origin(parts: SplitResult) -> str:
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = parts.port
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in {None, _PORTS[parts.scheme]} else "")


def _is_public(address: str) -> bool:
    """Tell whether an address is global unicast by the tables below; what they do not know is not."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        # Addresses of version 4 in a form that hosts and networks translate today are what they lead to. The forms
        # that they do not translate any more (6to4, Teredo, compatible, IPv4-translated) are not unicast below.
        for prefix in _TRANSLATED:
            if found in prefix:
                return _is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return any(found in network for network in _UNICAST) and not any(found in network for network in _SPECIAL)


def _networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in text.split())


# Own tables, since those of the interpreter differ from version to version. IANA's registries of special-purpose
# addresses are the source; a range that the registry calls globally reachable, but that leads to a service of the
# network nearby (AS112, AMT, anycast of relays), is not needed by panels and is left out with the block that it is in.
_UNICAST = _networks("0.0.0.0/1 128.0.0.0/2 192.0.0.0/3 2000::/3")
_SPECIAL = _networks(
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 "
    "203.0.113.0/24 "
    "168.63.129.16/32 "  # the host's agent on Azure: a public address that only the machine itself reaches
    "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20"
)
#: Mapped addresses, which hosts translate, and the well-known prefix of NAT64, which networks do.
_TRANSLATED = _networks("::ffff:0:0/96 64:ff9b::/96")


async def _limited(stream: AsyncIterable[bytes], caller: Caller, url: str) -> bytes:
    data = bytearray()
    async for chunk in stream:
        caller.token.require("net.http", url)  # a grant may end while an answer comes
        data += chunk
        if len(data) > caller.answer_bytes:
            raise RequestError(f"The answer is longer than the {caller.answer_bytes} bytes that are allowed.")
    return bytes(data)


def _text(data: bytes, headers: dict[str, str]) -> str:
    kind = headers.get("content-type", "")
    charset = kind.partition("charset=")[2].partition(";")[0].strip(" \"'") or "utf-8"
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


@dataclass(slots=True)
class _Socket:
    """An open WebSocket, and what watches whether it may stay open."""

    connection: ClientConnection
    url: str
    watch: asyncio.Task[None] | None = None

    async def end_with_grant(self, token: Token) -> None:
        """Close the connection as soon as no grant covers it any more."""
        await token.until_denied("net.ws", self.url)
        await self.connection.close(_POLICY_VIOLATION, "not allowed any more")

    async def close(self) -> None:
        """Close the connection for the run."""
        if self.watch is not None:
            self.watch.cancel()
        await self.connection.close()


def _socket(caller: Caller, args: Arguments) -> _Socket:
    number = args.get("socket")
    found = caller.resources.get(number) if isinstance(number, int) else None
    if not isinstance(found, _Socket):
        raise RequestError("There is no such WebSocket, or it is closed.")
    return found


@asynccontextmanager
async def _using(caller: Caller, args: Arguments) -> AsyncIterator[ClientConnection]:
    """Give a socket's connection for one operation, which must be allowed when it begins and when it ends."""
    opened = _socket(caller, args)
    caller.token.require("net.ws", opened.url)
    try:
        yield opened.connection
    except WebSocketException as error:
        caller.token.require("net.ws", opened.url)
        raise _Unreachable(f"The WebSocket is closed: {error}.") from error
    caller.token.require("net.ws", opened.url)
