"""The host's side of a run: the operations that JavaScript may ask for, and the loop on which they wait."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.identity import SYSTEM, Actor
from nexus_jupyter.protocol.patch import Origin
from nexus_jupyter.sandbox.capabilities import Token

__all__ = ["Answerable", "Arguments", "Caller", "HostLoop", "Operation", "Operations"]

_THREADS = 32

#: What an operation may return: JSON, or bytes within it.
Answerable = JsonValue | bytes | Mapping[str, JsonValue | bytes]
#: What JavaScript passed; believed in nothing.
Arguments = dict[str, Any]  # Any: whatever MessagePack can hold


@dataclass(slots=True)
class Caller:
    """On whose behalf an operation is done.

    Attributes
    ----------
    token
        What the run may do.
    actor
        Who started the run.
    run
        The run's id.
    depth
        How many runs of other panels led to this one.
    origin
        What the run is to those that it starts.
    answer_bytes
        How much an operation may bring back.
    traceparent
        The run's place in its trace, in W3C's form.
    baggage
        Whom and what the run is for, in W3C's form.
    closers
        Called when the run ends, whichever way.
    """

    token: Token
    actor: Actor = SYSTEM
    run: str = ""
    depth: int = 0
    origin: Origin | None = None
    answer_bytes: int = 8 << 20
    traceparent: str = ""
    baggage: str = ""
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    #: Open resources by number; operations that open one put it here.
    resources: dict[int, Any] = field(default_factory=dict)  # Any: of each operation's own kind


Operation = Callable[[Caller, Arguments], Coroutine[Any, Any, Answerable]]
#: Operations by the names that `js/engine/sandbox.ts` uses.
Operations = Mapping[str, Operation]


class HostLoop:
    """An event loop in a thread of its own, one per process, on which host operations wait."""

    _shared: ClassVar[tuple[int, HostLoop] | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        # For names, files and databases: more than the handful that a small machine gets, so that slow queries of one
        # panel do not hold up the others.
        self.loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="nexus-host"))
        threading.Thread(target=self.loop.run_forever, name="nexus-host", daemon=True).start()

    @classmethod
    def shared(cls) -> HostLoop:
        """Return this process's loop."""
        with cls._lock:
            if cls._shared is None or cls._shared[0] != os.getpid():
                cls._shared = (os.getpid(), cls())
            return cls._shared[1]

    def run(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:  # Any: of whatever the work returns
        """Start a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call a function, which must not wait, after some time."""
        self.loop.call_soon_threadsafe(self.loop.call_later, seconds, call)
