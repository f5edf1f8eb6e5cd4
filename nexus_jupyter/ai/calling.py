"""One streamed call of one endpoint, with all that the SDK leaves to its caller."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from nexus_jupyter.ai.endpoints import resolved_key
from nexus_jupyter.ai.failures import CallFailed, Failure, Kind, excerpt, judge_status, overflow
from nexus_jupyter.ai.manners import Manners, allowed
from nexus_jupyter.protocol.ai import Endpoint, ModelRequest
from nexus_jupyter.protocol.errors import UnavailableError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["Caller", "Ended"]

#: Questions about how an endpoint wants to be asked, within one call.
_LESSONS = 5
#: Characters that a token of an answer may have on average, before it counts as endless.
_CHARACTERS = 64
#: Seconds to wait for the count of tokens once the answer is whole.
_FOR_USAGE = 2.0
#: Bytes of a response beside those of its tokens, and of each token: a chunk of the stream repeats its frame.
_BYTES, _BYTES_EACH = 1 << 20, 4096
#: Reasons to stop that are no end of an answer.
_DECLINED = {
    "content_filter": "its filter stopped it",
    "tool_calls": "it called a tool",
    "function_call": "it called a function",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an answer. The counts are the endpoint's, if it counted."""

    cut: bool
    prompt_tokens: int | None
    completion_tokens: int | None


class Caller:
    """Calls one endpoint; what it learns about it, it keeps.

    Its connections belong to the event loop that uses it; in another loop there are new ones.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.manners = Manners.of(endpoint)
        self._client: AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def call(self, request: ModelRequest) -> AsyncGenerator[str | Ended]:
        """Yield the pieces of the answer and its end; closing the generator ends the call.

        Raises
        ------
        CallFailed
            If the answer is not whole, for any reason. It neither holds nor chains errors of the SDK, which hold more
            than may leave the process.
        """
        failure = None
        pieces = self._pieces(request)
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        except CallFailed:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK lets errors of JSON, decoding and HTTP through
            failure = self._judge(error)
        if failure is not None:
            raise CallFailed(failure)

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    async def _pieces(self, request: ModelRequest) -> AsyncGenerator[str | Ended]:
        client = await self._connected()
        clock = asyncio.get_running_loop().time
        began = clock()
        last = began + self.endpoint.total_within
        first = min(last, began + self.endpoint.first_within)
        stream = await self._opened(client, request, first)
        reader = _Reader(self.endpoint.name, allowed(self.endpoint, request) * _CHARACTERS)
        try:
            while not reader.finish:
                patience = min(last, clock() + self.endpoint.next_within) if reader.begun else first
                chunk = await self._next(stream, patience, reader, total=patience == last)
                if text := reader.read(chunk):
                    yield text
            with suppress(Exception):  # the answer is whole: what goes wrong now costs a count and nothing else
                async with asyncio.timeout_at(min(last, clock() + _FOR_USAGE)):
                    async for chunk in stream:
                        reader.read(chunk)
        finally:
            await stream.close()
        yield self._end(reader, request)

    async def _opened(
        self, client: AsyncOpenAI, request: ModelRequest, deadline: float
    ) -> Any:  # Any: a stream of the SDK
        for _ in range(_LESSONS):
            options = self.manners.options(self.endpoint, request)
            try:
                async with asyncio.timeout_at(deadline):
                    return await client.chat.completions.create(**options)
            except TimeoutError:
                raise CallFailed(self._late(first=True)) from None
            except Exception as error:
                status = getattr(error, "status_code", 0)
                words = _words(error)
                over, _ = overflow(getattr(error, "code", None), words, getattr(error, "body", None))
                if status not in {400, 422} or over or not self.manners.adapt(words, options):
                    raise
        raise CallFailed(Failure("format", f"'{self.endpoint.name}' refuses each form of the request."))

    async def _next(self, stream: Any, deadline: float, reader: _Reader, *, total: bool) -> Any:  # Any: as above
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(stream)
        except TimeoutError:
            raise CallFailed(self._late(first=not reader.begun, total=total)) from None
        except StopAsyncIteration:
            why = f"'{self.endpoint.name}' stopped in the middle of its answer."
            if not reader.seen:
                why = f"'{self.endpoint.name}' did not answer with an event stream."
            raise CallFailed(Failure("unfinished", why)) from None

    def _end(self, reader: _Reader, request: ModelRequest) -> Ended:
        name = self.endpoint.name
        if reader.refusal or reader.finish in _DECLINED:
            why = excerpt(reader.refusal) or _DECLINED[reader.finish]
            raise CallFailed(Failure("declined", f"'{name}' did not answer: {why}."))
        cut = reader.finish == "length"
        if cut and not (request.task == "complete" and reader.size):
            limit = allowed(self.endpoint, request)
            raise CallFailed(
                Failure("length", f"The answer of '{name}' is longer than the {limit:,} tokens it may have.")
            )
        if not reader.size:
            raise CallFailed(Failure("unfinished", f"'{name}' answered with nothing."))
        return Ended(cut, reader.prompt_tokens, reader.completion_tokens)

    def _late(self, *, first: bool, total: bool = False) -> Failure:
        endpoint = self.endpoint
        if total:
            return Failure("late", f"'{endpoint.name}' did not finish within {endpoint.total_within:g} s.")
        if first:
            return Failure("late", f"'{endpoint.name}' did not begin to answer within {endpoint.first_within:g} s.")
        return Failure("stalled", f"'{endpoint.name}' said nothing more for {endpoint.next_within:g} s.")

    async def warm(self) -> None:
        """Load what the first call would load."""
        await self._connected()

    async def _connected(self) -> AsyncOpenAI:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # Loading the SDK takes half a second, which nobody else should have to wait.
            self._client = await asyncio.to_thread(self._connect)
            self._loop = loop
        return self._client

    def _connect(self) -> AsyncOpenAI:
        import openai

        from nexus_jupyter.ai.wire import http_client

        most = _BYTES + self.endpoint.answer * _BYTES_EACH
        agent = f"nexus-jupyter/{version('nexus-jupyter')}"
        http = http_client(key=lambda: resolved_key(self.endpoint), most=most, agent=agent)
        # Retries are the router's: it may have somebody else to ask. The key is not given to the SDK; see `wire`.
        client = openai.AsyncOpenAI(
            base_url=self.endpoint.url, api_key="none", http_client=http, max_retries=0, timeout=None
        )
        assert client.chat.completions  # loaded here, not by the first request
        return client

    def _judge(self, error: Exception) -> Failure:
        name = self.endpoint.name
        if isinstance(error, UnavailableError):
            return Failure("key", f"{error.message}")
        if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError, RecursionError)):
            return Failure("malformed", f"'{name}' sent something that is no JSON.")
        import httpx2
        import openai

        from nexus_jupyter.ai.wire import TooMuch

        if isinstance(error, TooMuch) or isinstance(error.__cause__, TooMuch):
            return Failure("too-much", f"'{name}' sent more than an answer can be.")
        if isinstance(error, openai.APIStatusError):
            return self._judge_status(error)
        if isinstance(error, (openai.APIConnectionError, httpx2.TransportError)):
            cause = error.__cause__ or error
            if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout)):
                return Failure("network", f"'{name}' cannot be reached: {self._excerpt(cause)}.")
            return Failure("cut", f"The connection to '{name}' broke off.")
        if isinstance(error, openai.APIError):
            over, limit = overflow(error.code, error.message, error.body)
            kind: Kind = "overflow" if over else "server"
            return Failure(kind, f"'{name}' failed while answering: {self._excerpt(error.message)}.", limit=limit)
        return Failure("malformed", f"'{name}' sent something that is no answer ({type(error).__name__}).")

    def _judge_status(self, error: Any) -> Failure:  # Any: an APIStatusError, whose class is loaded late
        name, words = self.endpoint.name, self._excerpt(_words(error))
        over, limit = overflow(error.code, _words(error), error.body)
        if over and error.status_code in {400, 413, 422, 500}:
            return Failure("overflow", f"What '{name}' was sent is more than it takes: {words}.", limit=limit)
        return judge_status(name, error.status_code, error.code, words, rest=_rest(error.response.headers))

    def _excerpt(self, words: object) -> str:
        try:
            key = resolved_key(self.endpoint)
        except UnavailableError:
            key = ""
        return excerpt(words, key=key)


class _Reader:
    """Takes chunks apart, whatever they are made of."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self.size = 0
        self.finish = ""
        self.refusal = ""
        #: Something came, and something of the answer came, be it a thought.
        self.seen = self.begun = False
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None

    def read(self, chunk: Any) -> str:  # Any: what the SDK makes of JSON that it does not check
        """Return the text in a chunk."""
        self.seen = True
        usage = getattr(chunk, "usage", None)
        prompt, completion = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
        if isinstance(prompt, int) and isinstance(completion, int):
            self.prompt_tokens, self.completion_tokens = max(0, prompt), max(0, completion)
        choices = getattr(chunk, "choices", None)
        if not isinstance(choices, list):
            raise CallFailed(Failure("malformed", f"'{self._name}' sent something that is no answer."))
        if not choices or getattr(choices[0], "index", 0) not in {0, None}:
            return ""
        return self._read_choice(choices[0])

    def _read_choice(self, choice: Any) -> str:  # Any: as above
        delta = getattr(choice, "delta", None)
        text, refusal = getattr(delta, "content", None), getattr(delta, "refusal", None)
        finish = getattr(choice, "finish_reason", None)
        thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
        if isinstance(refusal, str):
            self.refusal += refusal[: self._most]
        if isinstance(finish, str) and finish:
            self.finish = finish
        if text is not None and not isinstance(text, str):
            raise CallFailed(Failure("malformed", f"'{self._name}' sent an answer that is no text."))
        if text or thought or refusal:
            self.begun = True
        self.size += len(text or "")
        if self.size > self._most or len(self.refusal) > self._most:
            raise CallFailed(Failure("too-much", f"'{self._name}' does not come to an end."))
        return text or ""


def _words(error: Any) -> str:  # Any: an APIError, or whatever else went wrong
    """Return what the server said, without the SDK's frame around it."""
    body = getattr(error, "body", None)
    said = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    return said if isinstance(said, str) else str(getattr(error, "message", ""))


def _rest(headers: Any) -> float | None:  # Any: headers of the HTTP client
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return _until(headers.get("retry-after", ""))


def _until(date: str) -> float | None:
    import time
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(date)
    return max(0.0, mktime_tz(parsed) - time.time()) if parsed else None
