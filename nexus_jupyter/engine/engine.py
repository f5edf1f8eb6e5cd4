"""The engine: programs that are loaded once, and called any number of times, each time in an instance of its own."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, TypeVar

import wasmtime
from wasmtime import _ffi as ffi  # the C interface itself: the setting below has no public name

from nexus_jupyter.assets import asset
from nexus_jupyter.engine.cache import CompileCache, default_cache
from nexus_jupyter.engine.instance import EXPORTS, WASM_STACK, Instance, Runtime, Ticker
from nexus_jupyter.engine.limits import EngineFailure, Limits
from nexus_jupyter.engine.module import bake, strip_exports
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import UnavailableError
from nexus_jupyter.protocol.run import Profile

__all__ = ["Engine", "Image", "Outcome"]

T = TypeVar("T")

#: Machine stack of the threads that run JavaScript, in bytes: the engine's, and what calls it.
_THREAD_STACK = 64 << 20
_CONFIG = f"epoch,stack={WASM_STACK},cow"
#: Calls a function and keeps the settled result, as JSON, until the host fetches it: promises settle only in jobs.
_PRELUDE = """
(() => {
  const { parse, stringify } = JSON;
  let state = "pending";
  let outcome;
  const fixed = (name, value) => Object.defineProperty(globalThis, name, { value });
  fixed("__start", (text) => {
    const { path, argument } = parse(text);
    let target = globalThis;
    for (const name of path.split(".")) target = target[name];
    const done = (value) => { outcome = stringify(value === undefined ? null : value); state = "done"; };
    const failed = (error) => { outcome = error; state = "failed"; };
    const result = target(argument);
    const waits = result !== null && typeof result === "object" && typeof result.then === "function";
    if (waits) result.then(done).catch(failed);
    else done(result);
  });
  fixed("__finish", () => {
    if (state === "failed") throw outcome;
    return state === "done" ? outcome : undefined;
  });
})();
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a call, as JSON value, and what it used."""

    value: JsonValue
    profile: Profile


class Engine:
    """Compiles programs and runs calls.

    Parameters
    ----------
    artefact
        The engine's WebAssembly; the package's when left out.
    cache
        Folder of compiled modules; the user's when left out.
    threads
        How many calls run at the same time.
    """

    _shared: ClassVar[tuple[int, Engine] | None] = None
    _shared_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, artefact: Path | None = None, cache: Path | None = None, *, threads: int | None = None) -> None:
        self._wasm = strip_exports(artefact.read_bytes() if artefact else asset("engine.wasm"), EXPORTS)
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
        self._pool = _make_pool(threads or max(4, os.cpu_count() or 1))
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

    def submit(self, task: Callable[[], T]) -> Future[T]:
        """Run a function on a thread that has the stack JavaScript needs. It must not wait for another such task."""

        def run() -> T:
            self._local.inside = True
            return task()

        return self._pool.submit(run)

    def on_thread(self, task: Callable[[], T]) -> T:
        """Run a function on such a thread, this one if it is one, and wait."""
        return task() if getattr(self._local, "inside", False) else self.submit(task).result()

    def running(self) -> Ticker:
        """Return a context in which deadlines are kept."""
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
            "artefact": hashlib.sha256(self._wasm).hexdigest()[:12],
            "wasmtime": version("wasmtime"),
            "cache": str(self._cache.folder) if self._cache.usable else None,
            "images": sorted(image.name for image in list(self._images.values())),
            "compile_seconds": self._compile_seconds,
        }

    def _load(self, name: str, source: str) -> Image:
        started = time.perf_counter()
        baked = self._cache.image(self._wasm, source, lambda: self._bake(source, name))
        runtime = Runtime(self._engine, self._cache.load(self._engine, baked, _CONFIG))
        self._compile_seconds = round(time.perf_counter() - started, 3)
        return Image(name, self, runtime)

    def _bake(self, source: str, name: str) -> bytes:
        limits = Limits()
        plain = Runtime(self._engine, self._cache.load(self._engine, self._wasm, _CONFIG))

        def take() -> bytes:
            instance = Instance(plain, memory_bytes=limits.memory_bytes, seed=b"\1", now_ns=0)
            try:
                with self._ticker:
                    instance.boot(limits.memory_bytes)
                    instance.deadline(30)
                    instance.evaluate(_PRELUDE, "prelude")
                    instance.evaluate(source, name)
                    return bake(self._wasm, *instance.image())
            finally:
                instance.close()

        return _on_large_stack(take)


class Image:
    """A loaded program."""

    def __init__(self, name: str, engine: Engine, runtime: Runtime) -> None:
        self.name = name
        self._engine = engine
        self._runtime = runtime

    def call(
        self,
        function: str,
        argument: JsonValue,
        *,
        limits: Limits | None = None,
        program: tuple[str, str] | None = None,
    ) -> Outcome:
        """Call a function of the program in a fresh instance, which is destroyed afterwards.

        Parameters
        ----------
        function
            Dotted name of a global function that takes one JSON value and returns one, or a promise of one.
        argument
            What it is given.
        limits
            What it may use.
        program
            A file name and a source that is evaluated in the instance before the call.

        Raises
        ------
        EngineFailure
            If it throws, uses too much, or returns a promise that nothing settles.
        """
        return self._engine.on_thread(lambda: self._call(function, argument, limits or Limits(), program))

    def _call(self, function: str, argument: JsonValue, limits: Limits, program: tuple[str, str] | None) -> Outcome:
        started, cpu = time.perf_counter(), time.thread_time()
        request = json.dumps({"path": function, "argument": argument}, ensure_ascii=False, separators=(",", ":"))
        instance = Instance(self._runtime, memory_bytes=limits.memory_bytes, seed=os.urandom(16))
        try:
            with self._engine.running():
                instance.deadline(limits.cpu_seconds)
                instance.limit(limits.memory_bytes)
                if program is not None:
                    instance.evaluate(program[1], program[0])
                instance.call("__start", request)
                instance.pump()
                text = instance.call("__finish", "")
            if text is None:
                raise EngineFailure(
                    "It waits for something that never comes: nothing settles its promise.", kind="never"
                )
            if len(text) > limits.output_bytes:
                raise EngineFailure(
                    f"The result is {len(text)} characters long; {limits.output_bytes} are allowed.", kind="output"
                )
            profile = Profile(
                cpu_ms=round((time.thread_time() - cpu) * 1e3, 3),
                wall_ms=round((time.perf_counter() - started) * 1e3, 3),
                memory_bytes=instance.memory_bytes,
            )
        finally:
            instance.close()
        return Outcome(json.loads(text), profile)


def _make_pool(threads: int) -> ThreadPoolExecutor:
    before = threading.stack_size(_THREAD_STACK)
    try:
        pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="nexus-js")
        # Threads are made when first needed, with the stack size of that moment: make them all now.
        barrier = threading.Barrier(threads + 1)
        for _ in range(threads):
            pool.submit(barrier.wait)
        barrier.wait()
    finally:
        threading.stack_size(before)
    return pool


def _on_large_stack(task: Callable[[], T]) -> T:
    """Run a function on a new thread with a large stack, and wait."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(task())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
            errors.append(error)

    before = threading.stack_size(_THREAD_STACK)
    try:
        thread = threading.Thread(target=run, name="nexus-bake")
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
