"""A server on loopback that speaks Chat Completions and misbehaves as it is told, one step for each request."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nexus_jupyter.ai import Router
from nexus_jupyter.protocol.ai import Endpoint, Message, ModelEvent, ModelRequest

__all__ = ["Models", "Scripted", "Step", "answered", "ask", "awaited", "scripted"]

T = TypeVar("T")

#: Bytes that wait in this process when the other side does not read.
_FULL = 1 << 16
_FRAME = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def awaited(work: Coroutine[Any, Any, T]) -> T:
    """Run in a thread of its own: the browser's driver keeps a loop running in the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def answered(router: Router, request: ModelRequest, **given: Any) -> list[ModelEvent]:
    """All events of a request."""
    async with aclosing(router.stream(request, **given)) as events:
        return [event async for event in events]


def ask(text: str = "hello", **fields: object) -> ModelRequest:
    """A request of Ann's."""
    given = {"task": "edit", "messages": [Message(role="user", content=text)], "user": "ann", **fields}
    return ModelRequest.model_validate(given)


@dataclass
class Step:
    """What one request gets.

    ``raw`` are events sent as they are, before ``text``; ``cut_after`` pieces the connection breaks; ``hold_after`` pieces
    nothing more comes until ``Scripted.release`` is set.
    """

    text: str = "ok"
    piece: int = 4
    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    raw_after: list[bytes] = field(default_factory=list)
    cut_after: int | None = None
    hold_after: int | None = None
    hold_before: bool = False
    ping: bool = False
    finish: str | None = "stop"
    usage: tuple[int, int] | None = (9, 3)
    done: bool = True
    kind: str = "text/event-stream"


class Scripted:
    """The server; ``requests`` are the bodies that came, ``heads`` their headers."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = list(steps)
        self.requests: list[dict] = []
        self.heads: list[str] = []
        self.release = asyncio.Event()
        #: A request is being held; a client left meanwhile; the network takes no more.
        self.held, self.left, self.blocked = asyncio.Event(), asyncio.Event(), asyncio.Event()
        #: Requests being answered now, the most of them at a time, and pieces sent.
        self.running = self.most = self.sent = 0
        self._open: dict[asyncio.StreamWriter, asyncio.Task | None] = {}
        self.url = ""

    def endpoint(self, name: str = "one", **fields: object) -> Endpoint:
        return Endpoint.model_validate({"name": name, "url": self.url, "model": "m", **fields})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = asyncio.current_task()
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            del self._open[writer]

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length")]
        body = await reader.readexactly(int(lengths[0]) if lengths else 0)
        self.heads.append(head)
        self.requests.append(json.loads(body or b"{}"))
        step = self.steps.pop(0) if self.steps else Step()
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return await self._answer(step, reader, writer)
        finally:
            self.running -= 1

    async def close(self) -> None:
        self.release.set()
        handlers = list(self._open.items())
        for writer, _ in handlers:
            writer.close()
        await asyncio.gather(*(task for _, task in handlers if task), return_exceptions=True)

    async def _answer(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if step.status != 200:
            body = json.dumps(step.body or {"error": {"message": "scripted", "type": "x", "code": None}}).encode()
            headers = {"content-type": "application/json", **step.headers, "content-length": str(len(body))}
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"HTTP/1.1 {step.status} X\r\n{lines}\r\n".encode() + body)
            await writer.drain()
            return True
        if step.hold_before:
            await self._hold(reader)
        extra = "".join(f"{name}: {value}\r\n" for name, value in step.headers.items())
        writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {step.kind}\r\n{extra}transfer-encoding: chunked\r\n\r\n".encode()
        )
        for raw in step.raw:
            await self._send(writer, raw)
        pieces = [step.text[at : at + step.piece] for at in range(0, len(step.text), step.piece)]
        for index, piece in enumerate(pieces):
            if step.cut_after == index:
                writer.transport.abort()
                return False
            if step.hold_after == index:
                await self._hold(reader)
            if step.ping:
                await self._send(writer, b": ping\n\n")
            await self._send(writer, _event({**_FRAME, "choices": [_choice({"content": piece}, None)]}))
            self.sent += 1
        for raw in step.raw_after:
            await self._send(writer, raw)
        if step.finish is not None:
            await self._send(writer, _event({**_FRAME, "choices": [_choice({}, step.finish)]}))
        if step.usage is not None and self.requests[-1].get("stream_options"):
            prompt, completion = step.usage
            usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
            await self._send(writer, _event({**_FRAME, "choices": [], "usage": usage}))
        if step.done:
            await self._send(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _hold(self, reader: asyncio.StreamReader) -> None:
        released, gone = asyncio.ensure_future(self.release.wait()), asyncio.ensure_future(reader.read(1))
        self.held.set()
        await asyncio.wait({released, gone}, return_when=asyncio.FIRST_COMPLETED)
        released.cancel()
        if gone.done():
            self.left.set()
            raise ConnectionResetError
        gone.cancel()
        # The next request is read by the same reader, which takes one at a time.
        await asyncio.wait({gone})

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        if writer.transport.get_write_buffer_size() > _FULL:
            self.blocked.set()
        await writer.drain()


def _choice(delta: dict, finish: str | None) -> dict:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _event(data: dict) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


@asynccontextmanager
async def scripted(*steps: Step) -> AsyncIterator[Scripted]:
    """A server with its script."""
    server = Scripted(list(steps))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 22)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
        await server.close()


class Models:
    """A scripted server in a thread of its own, for tests that do not await: browsers, notebooks, other processes."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._context = scripted()
        self.server = self._wait(self._context.__aenter__())
        self.url = self.server.url

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def will(self, *steps: Step | str) -> None:
        """Answer the next requests so; what was left of an earlier script, and its release, is forgotten."""
        self._wait(self._again())
        self.server.steps[:] = [Step(text=one) if isinstance(one, str) else one for one in steps]

    async def _again(self) -> None:
        for event in (self.server.release, self.server.held, self.server.left):
            event.clear()

    def release(self) -> None:
        """Let a held answer go on."""
        self._loop.call_soon_threadsafe(self.server.release.set)

    def close(self) -> None:
        self._wait(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
