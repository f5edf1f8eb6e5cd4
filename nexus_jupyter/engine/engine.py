"""The engine: programs that are loaded once, and the threads and the clock of all machines."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, TypeVar

import wasmtime
from wasmtime import _ffi as ffi  # the C interface itself: the setting below has no public name

from nexus_jupyter.assets import asset
from nexus_jupyter.engine.cache import CompileCache, default_cache
from nexus_jupyter.engine.image import Image
from nexus_jupyter.engine.instance import WASM_STACK, Instance, Runtime
from nexus_jupyter.engine.limits import Limits
from nexus_jupyter.engine.module import bake
from nexus_jupyter.engine.threads import FairPool, Share, on_large_stack
from nexus_jupyter.engine.ticker import Ticker
from nexus_jupyter.protocol.errors import UnavailableError

__all__ = ["Engine"]

T = TypeVar("T")

_THREADS = 8
#: Threads at most, when all others are held by tasks that take long.
_MOST_THREADS = 32
_CONFIG = f"epoch,stack={WASM_STACK},cow"


class Engine:
    """Loads programs and runs tasks on threads that JavaScript can run on.

    Parameters
    ----------
    artefact
        The engine's WebAssembly; the package's when left out.
    cache
        Folder of compiled modules; the user's when left out.
    threads
        How many tasks run at the same time; more, while others wait for tasks that take long (see `FairPool`). More
        than there are cores: the system shares the cores out fairly, so that a handler that computes for seconds does
        not hold up those of other panels.
    """

    _shared: ClassVar[tuple[int, Engine] | None] = None
    _shared_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, artefact: Path | None = None, cache: Path | None = None, *, threads: int | None = None) -> None:
        self._wasm = artefact.read_bytes() if artefact else asset("engine.wasm")
        self._key = f"{hashlib.sha256(self._wasm).hexdigest()} {_CONFIG}"
        config = wasmtime.Config()
        config.epoch_interruption = True
        # First: the C interface ends the process when the wasm stack is larger than this one.
        ffi.wasmtime_config_async_stack_size_set(config.ptr(), WASM_STACK + (1 << 20))
        config.max_wasm_stack = WASM_STACK
        config.memory_init_cow = True
        self._engine = wasmtime.Engine(config)
        self._cache = CompileCache(cache or default_cache())
        self._ticker = Ticker(self._engine)
        self._images: dict[str, Image] = {}
        self._lock = threading.Lock()
        self._local = threading.local()
        self.threads = threads or max(_THREADS, os.cpu_count() or 1)
        self._pool = FairPool(self.threads, _MOST_THREADS)
        self._compile_seconds: float | None = None

    @classmethod
    def shared(cls) -> Engine:
        """Return this process's engine.

        Raises
        ------
        UnavailableError
            In a process that was forked from one with an engine: its threads do not survive a fork.
        """
        with cls._shared_lock:
            if cls._shared is None:
                cls._shared = (os.getpid(), cls())
            owner, engine = cls._shared
            if owner != os.getpid():
                raise UnavailableError(
                    "JavaScript cannot run in a forked process.",
                    hint="Start the process with the method 'spawn': multiprocessing.get_context('spawn').",
                )
            return engine

    def image(self, name: str, source: str) -> Image:
        """Load a program: evaluate it once and keep the memory it leaves. The same source gives the same image.

        The program leaves a global ``engine`` with the functions ``receive`` and ``report``; see `Machine`.

        Raises
        ------
        EngineFailure
            If the program throws.
        """
        found = self._images.get(source)
        if found is not None:
            return found
        # Compiled on this thread: a pool thread that waited here for another one could wait for ever.
        with self._lock:
            if source not in self._images:
                self._images[source] = self._load(name, source)
            return self._images[source]

    def submit(self, task: Callable[[], T], share: Share = Share()) -> Future[T]:  # noqa: B008 - an immutable value
        """Run a function on a thread that has the stack JavaScript needs. It must not wait for another such task.

        Parameters
        ----------
        task
            What to run.
        share
            For whom: threads are shared out fairly between people, and between the panels of a person.
        """

        def run() -> T:
            self._local.inside = True
            return task()

        return self._pool.submit(run, share)

    def on_thread(self, task: Callable[[], T]) -> T:
        """Run a function on such a thread, this one if it is one, and wait."""
        return task() if getattr(self._local, "inside", False) else self.submit(task).result()

    def running(self) -> Ticker:
        """Return a context in which limits of time are kept."""
        return self._ticker

    def warm_up(self) -> None:
        """Load the package's own programs in the background, so that the first panel need not wait for a compiler."""

        def load() -> None:
            for name in ("reactor", "sandbox"):
                self.image(name, asset(f"{name}.js").decode())

        threading.Thread(target=load, name="nexus-warm-up", daemon=True).start()

    def status(self) -> dict[str, object]:
        """Return what `nexus doctor` tells about the engine."""
        return {
            "artefact": self._key[:12],
            "wasmtime": version("wasmtime"),
            "cache": str(self._cache.folder) if self._cache.usable else None,
            "images": sorted(image.name for image in list(self._images.values())),
            "compile_seconds": self._compile_seconds,
        }

    def _load(self, name: str, source: str) -> Image:
        started = time.perf_counter()
        digest = hashlib.sha256(source.encode()).hexdigest()
        module = self._cache.load(self._engine, f"{self._key} {digest}", lambda: self._bake(source, name))
        runtime = Runtime(self._engine, module)
        self._compile_seconds = round(time.perf_counter() - started, 3)
        return Image(name, self, runtime)

    def _bake(self, source: str, name: str) -> bytes:
        plain = Runtime(self._engine, self._cache.load(self._engine, self._key, lambda: self._wasm))

        def take() -> bytes:
            instance = Instance(plain, Limits(cpu_seconds=30))
            # The image's own time and random state are the same on every machine; each run sets its own.
            instance.now_ns = 0
            try:
                with self._ticker:
                    instance.boot()
                    instance.evaluate(source, name)
                    instance.bind()
                    return bake(self._wasm, instance.memory())
            finally:
                instance.close()

        return on_large_stack(take)
