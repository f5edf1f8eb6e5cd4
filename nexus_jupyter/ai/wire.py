"""The HTTP under the SDK: what it may send, and how much it may take in.

The SDK reads an organisation, a project, further headers and a key from the environment, and tells servers about the
machine. None of that is configured for *this* endpoint, so a request leaves with the headers named here and no others.
The key is put on here too: the SDK never holds it, so it cannot log it or keep it in an exception.
Imported where it is used, for it loads the HTTP client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx2

__all__ = ["TooMuch", "Wire", "http_client"]

_SENT = {"host", "accept", "content-type", "content-length", "transfer-encoding", "connection"}
#: Bytes of one line of an event stream, and of a body that is none.
_LINE = 1 << 20


class TooMuch(httpx2.TransportError):
    """A server sent more than an answer can be."""


class Wire(httpx2.AsyncBaseTransport):
    """A transport that adds the key, leaves out what is nobody's business, and counts what comes.

    Parameters
    ----------
    key
        Returns the key at the moment of the request; empty for none.
    most
        Bytes that a response may have.
    agent
        What we say we are.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, key: Callable[[], str], most: int, agent: str) -> None:
        self._inner, self._key, self._most, self._agent = inner, key, most, agent

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of our own making in the place of the SDK's."""
        headers = [(name, value) for name, value in request.headers.raw if name.decode("latin-1").lower() in _SENT]
        headers += [(b"User-Agent", self._agent.encode()), (b"Accept-Encoding", b"identity")]
        if key := self._key():
            headers.append((b"Authorization", f"Bearer {key}".encode("latin-1")))
        # A new one: the SDK's errors hold the request that it made, and that one has no key.
        ours = httpx2.Request(
            request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions
        )
        response = await self._inner.handle_async_request(ours)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise TooMuch("the answer is compressed, although it was asked not to be")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Counted(response.stream, self._most)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, most: int) -> None:
        self._inner, self._most = inner, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = line = 0
        async for chunk in self._inner:
            total += len(chunk)
            end = chunk.rfind(b"\n")
            line = line + len(chunk) if end < 0 else len(chunk) - end - 1
            if total > self._most or line > _LINE:
                raise TooMuch("the answer does not end")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def http_client(*, key: Callable[[], str], most: int, agent: str) -> httpx2.AsyncClient:
    """Return a client that follows no redirects and knows no proxies; time-outs are the caller's."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=30)
    inner = httpx2.AsyncHTTPTransport(trust_env=False, limits=limits)
    wire = Wire(inner, key=key, most=most, agent=agent)
    return httpx2.AsyncClient(transport=wire, trust_env=False, follow_redirects=False, timeout=None)
