"""What the router of language models costs: the first token beside the bare SDK, and the way to the next model."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

from nexus_jupyter.ai import CallFact, Router
from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.protocol.ai import Endpoint, Message, ModelRequest
from nexus_jupyter.protocol.errors import UnavailableError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["ai_router"]

_TIMES, _FIRST = 200, 20
#: A server that answers at once, and below /bad fails as the question says.
_SERVER = r"""
import asyncio, json
def event(delta, finish=None):
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    frame = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    data = b"data: " + json.dumps(frame).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            size = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
            body = await reader.readexactly(int(size[0].split(b":")[1]))
            bad = b"/bad/" in head.split(b"\r\n")[0]
            if bad and b"refuse" in body:
                writer.write(b"HTTP/1.1 500 X\r\ncontent-length: 2\r\n\r\n{}")
                continue
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            writer.write(event({"content": "to"}))
            if bad and b"break" in body:
                await writer.drain()
                writer.close()
                return
            for _ in range(20):
                writer.write(event({"content": "ken "}))
            writer.write(event({}, "stop") + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def ai_router() -> list[Row]:
    """Time first tokens, with the router and without it, and what passes from a failure to the next model's token."""
    try:
        import openai  # noqa: F401 - asked for here, so that the sentence can say what is missing
    except ImportError as error:
        raise UnavailableError("This benchmark needs openai.", hint="Run: pip install 'nexus-jupyter[ai]'") from error
    with _server() as url:
        return asyncio.run(_measure(url))


@contextmanager
def _server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


async def _measure(url: str) -> list[Row]:
    import httpx2
    from openai import AsyncOpenAI

    failed = [0.0]

    def note(fact: CallFact) -> None:
        if fact.kind == "failed":
            failed[0] = time.perf_counter()

    one = Endpoint(name="one", url=f"{url}/bad/v1", model="m")
    router = Router([one, Endpoint(name="two", url=f"{url}/v1", model="m")])
    router.follow(note)
    http = httpx2.AsyncClient(trust_env=False)
    plain, routed, refused, broken = list[float](), list[float](), list[float](), list[float]()
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none", http_client=http) as client:
        for index in range(_TIMES + _FIRST):
            # In turn, so that whatever else the machine does meets all of them; a success lets the breaker forget.
            times = [await _plain(client)]
            times.append(await _routed(router, "answer", time.perf_counter()))
            times.append(await _routed(router, "refuse") - failed[0] * 1e3)
            times.append(await _routed(router, "break") - failed[0] * 1e3)
            if index >= _FIRST:
                for kept, took in zip((plain, routed, refused, broken), times, strict=True):
                    kept.append(took)
    await router.aclose()
    added = [mine - theirs for mine, theirs in zip(routed, plain, strict=True)]
    return [
        summary("bare SDK, first token", plain),
        summary("router, first token", routed, peer="bare SDK, first token"),
        summary("what the router adds", added, target="30"),
        summary("next model's token after HTTP 500", refused, peer="bare SDK, first token", target="200"),
        summary("next model's token after a break", broken, peer="bare SDK, first token", target="200"),
    ]


async def _plain(client: AsyncOpenAI) -> float:
    began, first = time.perf_counter(), 0.0
    stream = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "answer"}], max_tokens=4000, stream=True
    )
    async for chunk in stream:
        if not first and chunk.choices and chunk.choices[0].delta.content:
            first = (time.perf_counter() - began) * 1e3
    return first


async def _routed(router: Router, text: str, began: float = 0.0) -> float:
    """Return when the first token came that counted, in milliseconds after a time."""
    request = ModelRequest(task="edit", messages=[Message(role="user", content=text)], user="ann")
    first = None
    async with aclosing(router.stream(request)) as events:
        async for event in events:
            if event.kind == "restarted":
                first = None
            elif event.kind == "text" and first is None:
                first = time.perf_counter()
    assert first is not None
    return (first - began) * 1e3
