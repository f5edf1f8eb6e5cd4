"""Loaded programs, and the machines that start from them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import msgpack

from nexus_jupyter.engine.instance import Instance, Runtime
from nexus_jupyter.engine.limits import EngineFailure, FailureKind, Limits
from nexus_jupyter.engine.memory import MemoryImage
from nexus_jupyter.engine.module import Memory
from nexus_jupyter.protocol.base import JsonValue

if TYPE_CHECKING:
    from nexus_jupyter.engine.engine import Engine

__all__ = ["Image", "Machine", "pack", "unpack"]

#: How many times the processor time of one program all programs of an extension may use together.
_TOGETHER = 4


def pack(value: JsonValue | bytes) -> bytes:
    """Return a value in MessagePack, as the engine reads it."""
    try:
        return msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass")  # type: ignore[no-any-return]
    except OverflowError:
        return msgpack.packb(_without_large(value), use_bin_type=True, unicode_errors="surrogatepass")  # type: ignore[no-any-return]


def unpack(data: bytes) -> JsonValue:
    """Return the value that the engine wrote; raises `EngineFailure` when it is none.

    The engine writes well-formed UTF-8 only. A report that is not is refused: a text with half a surrogate pair could
    be neither stored nor sent to a browser.
    """
    try:
        return msgpack.unpackb(  # type: ignore[no-any-return]
            data, raw=False, strict_map_key=True, unicode_errors="strict", ext_hook=_refuse, max_ext_len=0
        )
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise EngineFailure(f"The report cannot be read: {error}.", kind="threw") from error


def _refuse(code: int, _data: bytes) -> object:
    raise ValueError(f"it holds an extension of type {code}")


def _without_large(value: object) -> object:
    """Return the value with integers beyond 64 bits as numbers, which is what JavaScript has."""
    if isinstance(value, dict):
        return {key: _without_large(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_large(item) for item in value]
    return float(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value


class Image:
    """A loaded program: compiled code, and the memory that the program left.

    Parameters
    ----------
    name
        For messages and metrics.
    engine
        Whose threads and clock it uses.
    runtime
        The compiled module.
    memory
        What a machine's memory holds beyond the module's own.
    """

    def __init__(self, name: str, engine: Engine, runtime: Runtime, memory: MemoryImage | None = None) -> None:
        self.name = name
        self.engine = engine
        self.runtime = runtime
        self._memory = memory
        self._base: Memory | None = None

    @property
    def own_bytes(self) -> int:
        """Bytes that this image has beyond the program that it was made from."""
        return self._memory.own_bytes if self._memory is not None else 0

    def start(self, limits: Limits | None = None) -> Machine:
        """Return a new machine. It must be closed, and used on the engine's threads only (`Engine.on_thread`)."""
        return Machine(self, Instance(self.runtime, limits or Limits(), self._memory))

    def extend(
        self,
        name: str,
        programs: Sequence[tuple[str, str]],
        *,
        checks: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        trial: JsonValue = None,
    ) -> tuple[Image, dict[str, EngineFailure]]:
        """Return an image in which further programs were evaluated after this one's, and how some of them failed.

        It shares this image's code and memory, and keeps only what differs. A program that throws, or uses too much,
        leaves the others as they are.

        Parameters
        ----------
        name
            The new image's.
        programs
            File names, by which failures are returned, and sources.
        checks
            Sources by the programs' file names. Each is compiled and never run; its program is evaluated only if it
            compiles.
        limits
            What one of them may use. All of them together may use four times as much processor time.
        trial
            A message like those to come, sent to a machine that is thrown away: from it the image learns which memory
            a machine will write.
        """
        extension = _Extension(self, self._memory, limits or Limits())

        def extend() -> tuple[Image, dict[str, EngineFailure]]:
            with self.engine.running():
                return self._extended(name, extension, extension.evaluate(programs, checks or {}), trial)

        return self.engine.on_thread(extend)

    def call(self, message: JsonValue, *, limits: Limits | None = None) -> JsonValue:
        """Send one message to a new machine and return its report.

        Raises
        ------
        EngineFailure
            If the program throws or uses too much.
        """

        def call() -> JsonValue:
            machine = self.start(limits)
            try:
                return machine.send(message)
            finally:
                machine.close()

        return self.engine.on_thread(call)

    def _extended(
        self, name: str, extension: _Extension, memory: Memory, trial: JsonValue
    ) -> tuple[Image, dict[str, EngineFailure]]:
        self._base = self._base if self._base is not None else self._contents()
        extended = MemoryImage(self._base, memory)
        if trial is not None:
            extended.learn(memory, self._try(extended, extension.limits, trial))
        return Image(name, self.engine, self.runtime, extended), extension.failures

    def _contents(self) -> Memory:
        """Return the memory that the module itself starts with."""
        instance = Instance(self.runtime, Limits())
        try:
            return instance.contents()
        finally:
            instance.close()

    def _try(self, memory: MemoryImage, limits: Limits, trial: JsonValue) -> Memory:
        instance = Instance(self.runtime, limits, memory)
        try:
            with self.engine.running(), suppress(EngineFailure):
                instance.call(pack(trial))
            return instance.contents()
        finally:
            instance.close()


class _Extension:
    """Evaluates programs after an image's own, each so that its failure is its own.

    A program that throws leaves a machine as it was. One that uses too much leaves a machine that can only be closed:
    then another one is started, without that program.
    """

    def __init__(self, image: Image, memory: MemoryImage | None, limits: Limits) -> None:
        self.limits = limits
        self.failures: dict[str, EngineFailure] = {}
        self._runtime = image.runtime
        self._memory = memory
        self._left = _TOGETHER * limits.cpu_seconds

    def evaluate(self, programs: Sequence[tuple[str, str]], checks: Mapping[str, str]) -> Memory:
        """Return the memory that those programs leave which do not fail."""
        for file, source in programs:
            if file in checks:
                self._check(file, source, checks[file])
        while True:
            instance = self._start()
            try:
                if self._all(instance, [(file, source) for file, source in programs if file not in self.failures]):
                    return instance.memory()
            finally:
                self._left -= instance.cpu
                instance.close()

    def _check(self, file: str, source: str, check: str) -> None:
        """Compile a program and its check, in a machine that is thrown away."""
        instance = self._start()
        try:
            # The program first: its errors have the places that its author knows.
            instance.compile(source, file)
            self._compile_check(instance, check, file)
        except EngineFailure as failure:
            self.failures[file] = failure
        finally:
            self._left -= instance.cpu
            instance.close()

    def _compile_check(self, instance: Instance, check: str, file: str) -> None:
        try:
            instance.compile(check, file)
        except EngineFailure as failure:
            if failure.kind != "threw":
                raise
            text = "The text goes on after the end of the function that it is the body of; there is a '}' too many."
            raise EngineFailure(text, kind="threw", name="SyntaxError") from failure

    def _all(self, instance: Instance, programs: Sequence[tuple[str, str]]) -> bool:
        """Evaluate programs; tell whether the machine has not been broken by one of them."""
        for file, source in programs:
            try:
                instance.evaluate(source, file)
            except EngineFailure as failure:
                self.failures[file] = failure
                if failure.kind != "threw":
                    return False
        return True

    def _start(self) -> Instance:
        # Something even when all is used: what is sound takes little, and must not fail for the others.
        seconds = min(self.limits.cpu_seconds, max(self._left, self.limits.cpu_seconds / 10))
        instance = Instance(self._runtime, replace(self.limits, cpu_seconds=seconds), self._memory)
        instance.now_ns = 0
        return instance


class Machine:
    """A running program: takes messages until it is closed. Used by one thread at a time."""

    def __init__(self, image: Image, instance: Instance) -> None:
        self._engine = image.engine
        self._instance = instance
        self._memory_bytes = 0

    @property
    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        return self._instance.cpu

    @property
    def memory_bytes(self) -> int:
        """Size of the machine's memory, or its last one."""
        return self._memory_bytes or self._instance.memory_bytes

    def send(self, message: JsonValue, *, now_ns: int | None = None) -> JsonValue:
        """Give the program a message; return its report once it has nothing left to do.

        Parameters
        ----------
        message
            What the program receives.
        now_ns
            The time that the program sees meanwhile, in nanoseconds since the epoch; the present when left out.

        Raises
        ------
        EngineFailure
            If the program throws or uses too much; then the machine can only be closed.
        """
        return unpack(self.exchange(pack(message), now_ns=now_ns))

    def exchange(self, message: bytes, *, now_ns: int | None = None) -> bytes:
        """Do what `send` does, with both values in MessagePack."""
        self._instance.now_ns = time.time_ns() if now_ns is None else now_ns
        with self._engine.running():
            return self._instance.call(message)

    def evaluate(self, source: str, file: str) -> None:
        """Evaluate a further program in this machine, and the jobs that it makes.

        Raises
        ------
        EngineFailure
            If it throws or uses too much.
        """
        with self._engine.running():
            self._instance.evaluate(source, file)

    def heat(self) -> None:
        """Take the page faults of a first message now."""
        self._instance.heat()

    def cancel(self, kind: FailureKind = "cancelled") -> None:
        """End what runs, as a failure of this kind; callable from any thread."""
        self._instance.cancel(kind)

    def close(self) -> None:
        """Free everything; safe to call twice."""
        self._memory_bytes = self.memory_bytes
        self._instance.close()
