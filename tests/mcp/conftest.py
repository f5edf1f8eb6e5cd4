"""What the tests of MCP share: one Jupyter server, and ways to talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from nexus_jupyter.benchmarks.lab import jupyterlab


class Server(NamedTuple):
    """A running Jupyter server: the address of its MCP, and its token."""

    url: str
    token: str


def awaited(work: Coroutine[Any, Any, None]) -> None:
    """Run in a thread of its own: the browser's driver keeps a loop running in the main one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running Jupyter server."""
    folder = tmp_path_factory.mktemp("mcp") / "root"
    folder.mkdir()
    with jupyterlab(folder) as (url, _):
        base, _, token = url.partition("lab?token=")
        yield Server(f"{base}nexus/mcp", token)
