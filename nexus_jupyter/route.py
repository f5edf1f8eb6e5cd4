"""The way from a kernel to its Jupyter server: a port or a socket, by TLS or not, through a proxy or not.

Requests and the WebSocket take the same way. The machine's own addresses are never asked through a proxy; other servers
are, where the environment says so.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import certifi
import httpx
import websocket

from nexus_jupyter.protocol.errors import UnavailableError

__all__ = ["Route", "hint_of", "is_distrust"]

#: Seconds in which a server has to take a connection.
_PATIENCE = 30.0
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Route:
    """How a server is reached.

    Attributes
    ----------
    url
        Its base URL, as requests name it.
    certfile
        The file that the server has its certificate from; the first one in it is the only one that is taken then, and
        its names do not matter. It is read for each connection, since certificates are renewed.
    trusted
        A file with certificates to trust beside the system's.
    unix
        Path of the UNIX socket that it listens on; empty for a port.
    proxy
        URL of the proxy between; empty where there is none.
    """

    url: str
    certfile: str = ""
    trusted: str = ""
    unix: str = ""
    proxy: str = ""

    @classmethod
    def to(cls, url: str, *, certfile: str = "", trusted: str = "") -> Route:
        """Return the way to a server; Jupyter writes that to a socket as ``http+unix://`` with its quoted path."""
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme == "http+unix":
            return cls(f"http://localhost{parts.path}", unix=unquote(parts.netloc))
        proxy = _proxy(parts.scheme, parts.hostname or "")
        return cls(url.rstrip("/"), certfile, trusted, proxy=proxy)

    @classmethod
    def from_environment(cls, url: str) -> Route:
        """Return the way to a server with the certificates that the environment names."""
        certfile, trusted = os.environ.get("NEXUS_SERVER_CERTFILE", ""), os.environ.get("NEXUS_SERVER_CERTIFICATE", "")
        return cls.to(url, certfile=certfile, trusted=trusted)

    def client(self, path: str, *, timeout: float) -> httpx.Client:
        """Return a client for requests below a path; ``timeout`` in seconds.

        Raises
        ------
        UnavailableError
            If a certificate cannot be read.
        """
        base = self.url + path
        # What of the environment counts was decided before, for requests and the WebSocket alike.
        if self.unix:
            return httpx.Client(
                base_url=base, timeout=timeout, trust_env=False, transport=httpx.HTTPTransport(uds=self.unix)
            )
        verify = self._context() or True
        return httpx.Client(base_url=base, timeout=timeout, trust_env=False, verify=verify, proxy=self.proxy or None)

    def connect(self, path: str, token: str) -> websocket.WebSocket:
        """Open a WebSocket.

        Raises
        ------
        OSError, websocket.WebSocketException, UnavailableError
            If the server cannot be reached, or refuses; as `client`.
        """
        address, header = self.url.replace("http", "ws", 1) + path, [f"Authorization: Bearer {token}"]
        if not self.proxy:
            # The library would look for proxies itself, also for loopback.
            return websocket.create_connection(address, header=header, socket=self._socket())
        proxy, context = urlsplit(self.proxy), self._context()
        return websocket.create_connection(
            address,
            header=header,
            http_proxy_host=proxy.hostname,
            http_proxy_port=proxy.port or 80,
            http_proxy_auth=(unquote(proxy.username), unquote(proxy.password or "")) if proxy.username else None,
            sslopt={"context": context} if context is not None else None,
        )

    def _socket(self) -> socket.socket:
        if self.unix:
            opened = socket.socket(socket.AF_UNIX)
            opened.connect(self.unix)
            return opened
        parts, context = urlsplit(self.url), self._context()
        host = parts.hostname or ""
        opened = socket.create_connection((host, parts.port or (80 if context is None else 443)), _PATIENCE)
        opened.settimeout(None)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened if context is None else context.wrap_socket(opened, server_hostname=host)

    def _context(self) -> ssl.SSLContext | None:
        if not self.url.startswith("https:"):
            return None
        own = _first_certificate(self.certfile)
        if own:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            # The very certificate is known: its names, and who signed it, say nothing more.
            context.check_hostname = False
            context.load_verify_locations(cadata=own)
        else:
            context = ssl.create_default_context()
            context.load_verify_locations(certifi.where())
            if self.trusted:
                _trust(context, self.trusted)
        # A certificate that is trusted need not be an authority's.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


def is_distrust(error: Exception) -> bool:
    """Tell whether a server was not reached since its certificate is not trusted."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def hint_of(error: Exception) -> str:
    """Return what can be done about a server that is not reached."""
    if is_distrust(error):
        return (
            "Its certificate is not trusted here. Before Jupyter is started, name a file with it, or with that of its "
            "authority: NEXUS_SERVER_CERTIFICATE=/path/to/certificate.pem."
        )
    return "If it was restarted, restart this kernel, so that it learns the new address."


def _first_certificate(path: str) -> str:
    """Return the first certificate of a file as PEM: a server's own, before those that signed it."""
    try:
        found = _CERTIFICATE.search(Path(path).read_text(encoding="ascii", errors="replace")) if path else None
    except OSError:
        return ""  # another account's file: what it has may be trusted otherwise
    return found[0] if found else ""


def _trust(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(path)
    except OSError as error:
        raise UnavailableError(
            f"The certificates in {path} cannot be read: {error.strerror or error}.",
            hint="NEXUS_SERVER_CERTIFICATE names a file of certificates in PEM, or is left out.",
        ) from error


def _proxy(scheme: str, host: str) -> str:
    """Return the proxy that the environment names for a host, unless that is this machine."""
    if _is_here(host) or urllib.request.proxy_bypass(host):
        return ""
    found = urllib.request.getproxies()
    return found.get(scheme) or found.get("all") or ""


def _is_here(host: str) -> bool:
    """Tell whether all addresses of a name are this machine's own."""
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(_is_own(address) for address in addresses)


def _is_own(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if found.is_loopback:
        return True
    family = socket.AF_INET6 if found.version == 6 else socket.AF_INET  # noqa: PLR2004 - the protocol's version
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))  # only an address of this machine can be bound
    except OSError:
        return False
    return True
