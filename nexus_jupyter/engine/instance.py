"""One JavaScript virtual machine: a WebAssembly instance of the engine in a store of its own.

Calls go through wasmtime's C interface unchecked, by ctypes: a call costs microseconds that way and several times as
much through the checked Python layer, which also keeps the last exception in a variable that all threads share.
"""

from __future__ import annotations

import ctypes
import itertools
import struct
import time
from collections.abc import Callable
from ctypes import POINTER, byref, c_void_p
from typing import Any

import msgpack
import wasmtime
from wasmtime import FuncType, ValType, WasmtimeError
from wasmtime import _ffi as ffi  # the C interface itself: wasmtime-py has no public name for it

from nexus_jupyter.engine.limits import EngineFailure, FailureKind, Limits, parse_stack
from nexus_jupyter.engine.memory import MemoryImage, copy_of
from nexus_jupyter.engine.module import PAGE, Memory

__all__ = ["WASM_STACK", "Instance", "Runtime"]

#: JavaScript's own stack, and the machine stack below it, in bytes. With less machine stack, deep recursion in the
#: engine's C code would trap before JavaScript can say what happened.
JS_STACK = 256 * 1024
WASM_STACK = 8 << 20
#: Memory between the allocator's limit and the instance's, for the error that says so.
HEADROOM = 8 << 20
#: Ticks after which a running machine is looked at: is it cancelled, has it used its time?
_LOOK = 2
_OK, _TOO_LARGE = 0, 2

_Raw = ffi.wasmtime_val_raw_t
_NO_FINALIZER = ctypes.cast(0, ctypes.CFUNCTYPE(None, c_void_p))
_BAD_FILE, _NOT_SUPPORTED = 8, 52  # WASI error numbers
_I32, _I64 = ValType.i32(), ValType.i64()
_EpochCallback = ctypes.CFUNCTYPE(
    ctypes.c_size_t,
    POINTER(ffi.wasmtime_context_t),
    c_void_p,
    POINTER(ctypes.c_uint64),
    POINTER(ffi.wasmtime_update_deadline_kind_t),
)
_ids = itertools.count(1)
_instances: dict[int, Instance] = {}


class Runtime:
    """What all instances of a module share: the compiled code and the functions it may call.

    The module gets no files, no environment and no network: the imports that it must have are answered with errors.
    """

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module) -> None:
        self.engine = engine
        self._keep: list[object] = []
        linker = wasmtime.Linker(engine)
        self._define(linker, "fd_close", FuncType([_I32], [_I32]), lambda _vm, _args: _NOT_SUPPORTED)
        self._define(linker, "fd_fdstat_get", FuncType([_I32] * 2, [_I32]), lambda _vm, _args: _BAD_FILE)
        self._define(linker, "fd_write", FuncType([_I32] * 4, [_I32]), lambda _vm, _args: _NOT_SUPPORTED)
        seek = FuncType([_I32, _I64, _I32, _I32], [_I32])
        self._define(linker, "fd_seek", seek, lambda _vm, _args: _NOT_SUPPORTED)
        clock = FuncType([_I32, _I64, _I32], [_I32])
        self._define(linker, "clock_time_get", clock, lambda vm, args: vm.clock(args[2].i32))
        self.prepared = linker.instantiate_pre(module)
        self.on_epoch = _EpochCallback(_look)

    def _define(
        self,
        linker: wasmtime.Linker,
        name: str,
        kind: FuncType,
        function: Callable[[Instance, Any], int],  # Any: an array of raw wasm values
    ) -> None:
        def call(_env: object, caller: Any, args: Any, _count: int) -> int | None:  # Any: C pointers
            try:
                data: Any  # a pointer that is our number
                data = ffi.wasmtime_context_get_data(ffi.wasmtime_caller_context(caller))
                result = function(_instances[int(data)], args)
                args[0].i64 = 0
                args[0].i32 = result
            except BaseException:  # noqa: BLE001 - a Python exception may not cross the engine's frames: trap instead
                return ctypes.cast(ffi.wasmtime_trap_new(b"host error", 10), c_void_p).value
            return 0

        callback = ffi.wasmtime_func_unchecked_callback_t(call)
        self._keep.append(callback)
        module = "wasi_snapshot_preview1"
        error = ffi.wasmtime_linker_define_func_unchecked(
            linker.ptr(),
            ctypes.create_string_buffer(module.encode()),
            len(module),
            ctypes.create_string_buffer(name.encode()),
            len(name),
            kind.ptr(),
            callback,
            None,
            _NO_FINALIZER,
        )
        if error:
            raise WasmtimeError._from_ptr(error)  # noqa: SLF001 - as wasmtime-py itself does


class Instance:
    """A virtual machine. Used by one thread at a time, then closed; after a failure it may only be closed.

    Parameters
    ----------
    runtime
        The module.
    limits
        What it may use, over all calls.
    memory
        What its memory holds beyond the module's own.
    """

    def __init__(self, runtime: Runtime, limits: Limits, memory: MemoryImage | None = None) -> None:
        self.limits = limits
        #: The time that JavaScript sees, in nanoseconds since the epoch. It stands still during a call.
        self.now_ns = time.time_ns()
        #: Seconds of processor time used.
        self.cpu = 0.0
        self._stopped: FailureKind | None = None
        self._started = 0.0
        self._functions: dict[str, Any] = {}  # Any: C structures
        self._values = (_Raw * 8)()
        self._result = 0
        self._id = next(_ids)
        _instances[self._id] = self
        self._store: Any = ffi.wasmtime_store_new(runtime.engine.ptr(), c_void_p(self._id), _NO_FINALIZER)
        self._context = ffi.wasmtime_store_context(self._store)
        ffi.wasmtime_store_limiter(self._store, limits.memory_bytes, 20000, 1, 1, 1)
        ffi.wasmtime_store_epoch_deadline_callback(self._store, runtime.on_epoch, c_void_p(self._id), _NO_FINALIZER)
        ffi.wasmtime_context_set_epoch_deadline(self._context, _LOOK)
        self._instance = ffi.wasmtime_instance_t()
        trap = POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_instance_pre_instantiate(
            runtime.prepared.ptr(), self._context, byref(self._instance), byref(trap)
        )
        if error or trap:
            self.close()
            raise EngineFailure("The JavaScript engine could not be started.", kind="memory")
        self._memory = self._export("memory").of.memory
        self._cold = memory
        if memory is not None:
            self._take_over(memory)

    def boot(self) -> None:
        """Start an instance of a module that was not baked."""
        self._call("_initialize")
        if self._call("nx_init", JS_STACK) != _OK:
            raise EngineFailure("The JavaScript engine could not be started.", kind="memory")

    def close(self) -> None:
        """Free everything; safe to call twice."""
        if self._store is not None:
            ffi.wasmtime_store_delete(self._store)
            self._store = None
            _instances.pop(self._id, None)

    def cancel(self, kind: FailureKind) -> None:
        """End what runs, soon, and whatever is called later; callable from any thread."""
        self._stopped = kind

    @property
    def memory_bytes(self) -> int:
        """Size of the memory; it only grows."""
        return int(ffi.wasmtime_memory_data_size(self._context, byref(self._memory)))

    def heat(self) -> None:
        """Make the copies of those pages that a message will write, once."""
        if self._cold is not None:
            self._cold.heat(self._base())
            self._cold = None

    def contents(self) -> Memory:
        """Return a copy of the memory as it is."""
        return copy_of(self._base(), self.memory_bytes)

    def memory(self) -> Memory:
        """Return the memory after a garbage collection, for images."""
        self._call("nx_collect")
        return self.contents()

    # JavaScript

    def evaluate(self, source: str, file: str) -> None:
        """Evaluate a program for its effects."""
        code = source.encode("utf-8", "surrogatepass")
        self._limit()
        self._settle(self._call("nx_evaluate", self._text(code), len(code), self._text(file.encode())))

    def compile(self, source: str, file: str) -> None:
        """Compile a program without running any of it.

        Raises
        ------
        EngineFailure
            If it is not well-formed, or compiling it uses too much.
        """
        code = source.encode("utf-8", "surrogatepass")
        self._limit()
        self._settle(self._call("nx_compile", self._text(code), len(code), self._text(file.encode())))

    def bind(self) -> None:
        """Take the program's functions, to which messages will go."""
        if self._call("nx_bind") != _OK:
            raise EngineFailure("The program defines no engine.receive and engine.report.", kind="threw")

    def call(self, message: bytes) -> bytes:
        """Give the program a message and return its report, both in MessagePack.

        Raises
        ------
        EngineFailure
            If the program throws or uses too much.
        """
        self.heat()
        self._limit()
        pointer = self._place(message)
        return self._settle(self._call("nx_call", pointer, len(message), self.limits.output_bytes))

    # What the module asks of its host

    def clock(self, pointer: int) -> int:
        """Answer WASI's clock."""
        self._write(pointer, struct.pack("<Q", self.now_ns))
        return 0

    def look(self) -> bool:
        """Tell whether what runs may go on."""
        if self._stopped is None and self.cpu + time.thread_time() - self._started > self.limits.cpu_seconds:
            self._stopped = "timeout"
        return self._stopped is None

    # Outcomes

    def _settle(self, status: int) -> bytes:
        self._result = self._result or self._call("nx_result")
        pointer, length = struct.unpack("<II", self._read(self._result, 8))
        if status == _OK:
            return self._read(pointer, length)
        if status == _TOO_LARGE:
            limit = self.limits.output_bytes
            raise EngineFailure(f"The result is longer than the {limit} bytes that are allowed.", kind="output")
        data = self._read(pointer, length)
        name, message, stack, without_memory = msgpack.unpackb(data, unicode_errors="replace")
        kind = _kind(name or "", "null" if message is None else message, without_memory=without_memory)
        raise EngineFailure(message or name or "null", kind=kind, name=name or "", stack=parse_stack(stack or ""))

    def _limit(self) -> None:
        self._call("nx_limit", self.limits.memory_bytes - HEADROOM)

    # Memory and calls

    def _text(self, data: bytes) -> int:
        return self._place(data + b"\0")

    def _place(self, data: bytes) -> int:
        pointer = self._call("nx_allocate", len(data))
        if pointer == 0:
            raise EngineFailure("out of memory", kind="memory")
        self._write(pointer, data)
        return pointer

    def _take_over(self, memory: MemoryImage) -> None:
        more = (memory.size - self.memory_bytes) // PAGE
        before = ctypes.c_uint64()
        try:
            if more and ffi.wasmtime_memory_grow(self._context, byref(self._memory), more, byref(before)):
                raise MemoryError("The machine's memory could not grow.")  # noqa: TRY301 - both ways end alike
            memory.lay(self._base())
        except MemoryError as error:
            self.close()
            raise EngineFailure(f"out of memory: {error}", kind="memory") from error

    def _base(self) -> int:
        # Asked for each time: the memory may move when it grows.
        return ctypes.addressof(ffi.wasmtime_memory_data(self._context, byref(self._memory)).contents)

    def _read(self, pointer: int, size: int) -> bytes:
        self._bounds(pointer, size)
        return ctypes.string_at(self._base() + pointer, size)

    def _write(self, pointer: int, data: bytes) -> None:
        self._bounds(pointer, len(data))
        ctypes.memmove(self._base() + pointer, data, len(data))

    def _bounds(self, pointer: int, size: int) -> None:
        if pointer < 0 or size < 0 or pointer + size > self.memory_bytes:
            raise EngineFailure("The JavaScript engine pointed outside of its memory.", kind="threw")

    def _export(self, name: str) -> Any:  # Any: a C structure
        found = ffi.wasmtime_extern_t()
        data = name.encode()
        if not ffi.wasmtime_instance_export_get(self._context, byref(self._instance), data, len(data), byref(found)):
            raise EngineFailure(f"The JavaScript engine lacks '{name}'.", kind="threw")
        return found

    def _call(self, name: str, *args: int) -> int:
        function = self._functions.get(name)
        if function is None:
            function = self._functions[name] = self._export(name).of.func
        values = self._values
        values[0].i64 = 0
        for index, value in enumerate(args):
            values[index].i64 = value
        trap = POINTER(ffi.wasm_trap_t)()
        self._started = time.thread_time()
        error = ffi.wasmtime_func_call_unchecked(self._context, byref(function), values, 8, byref(trap))
        self.cpu += time.thread_time() - self._started
        if error or trap:
            raise self._interrupted(error, trap)
        return int(values[0].i32) & 0xFFFFFFFF

    def _interrupted(self, error: Any, trap: Any) -> EngineFailure:  # Any: C pointers
        # Made into Python objects in any case: they own what they point to.
        broken = WasmtimeError._from_ptr(error) if error else None  # noqa: SLF001 - as wasmtime-py's own code makes it
        trapped = wasmtime.Trap._from_ptr(trap) if trap else None  # noqa: SLF001 - as above
        if self._stopped is not None:
            return EngineFailure(
                "was cancelled" if self._stopped == "cancelled" else "ran too long", kind=self._stopped
            )
        code = trapped.trap_code if trapped is not None else None
        if code is not None and code.name == "STACK_OVERFLOW":
            return EngineFailure("Maximum call stack size exceeded", kind="stack")
        reason = code.name if code is not None else str(trapped.message if trapped is not None else broken)
        return EngineFailure(f"The JavaScript engine stopped: {reason}.", kind="memory")


def _look(_context: object, data: Any, ticks: Any, update: Any) -> int:  # Any: C pointers
    """Decide, every few ticks, whether a machine runs on."""
    try:
        if _instances[int(data)].look():
            ticks[0] = _LOOK
            update[0] = 0  # go on
            return 0
    except BaseException:  # noqa: BLE001, S110 - a Python exception may not cross the engine's frames: stop instead
        pass
    return ctypes.cast(ffi.wasmtime_error_new(b"stopped"), c_void_p).value or 0


def _kind(name: str, message: str, *, without_memory: bool) -> FailureKind:
    if name == "InternalError" and "out of memory" in message:
        return "memory"
    if name in {"RangeError", "InternalError"} and "stack" in message.lower():
        return "stack"
    # When even the error found no memory, the engine throws a bare null; when only its message found none, an error
    # with a stand-in for it.
    without_words = (name, message) in {("", "null"), ("InternalError", "Invalid error message")}
    return "memory" if without_memory and without_words else "threw"
