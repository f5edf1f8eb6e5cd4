"""One JavaScript virtual machine: a WebAssembly instance of QuickJS in a store of its own.

Calls go through wasmtime's C interface unchecked, by ctypes: a call costs microseconds that way and ten times as much
through the checked Python layer. Nothing outside this package knows which QuickJS is inside, or that it is one.
"""

from __future__ import annotations

import ctypes
import itertools
import struct
import threading
import time
from collections.abc import Callable
from ctypes import POINTER, byref, c_void_p
from typing import Any

import wasmtime
from wasmtime import FuncType, ValType, WasmtimeError
from wasmtime import _ffi as ffi  # the C interface itself: wasmtime-py has no public name for it

from nexus_jupyter.engine.limits import EngineFailure, FailureKind, JsFrame

__all__ = ["EXPORTS", "TICK", "Instance", "Runtime"]

#: Seconds between epoch ticks.
TICK = 0.005
#: JavaScript's own stack, and the machine stack below it, in bytes. With less machine stack, deep recursion in the
#: engine's C code would trap before JavaScript can say what happened.
JS_STACK = 256 * 1024
WASM_STACK = 8 << 20
#: Memory between the allocator's limit and the instance's, for the error that says so.
HEADROOM = 8 << 20

EXPORTS = frozenset(
    {
        "memory",
        "__stack_pointer",
        "_initialize",
        "wasm_malloc",
        "wasm_free",
        "qjs_init",
        "qjs_set_max_stack_size",
        "qjs_set_memory_limit",
        "qjs_eval",
        "qjs_get_string_len",
        "qjs_free_cstring",
        "qjs_new_string",
        "qjs_free_value",
        "qjs_get_exception",
        "qjs_is_exception",
        "qjs_is_job_pending",
        "qjs_execute_pending_job",
        "qjs_get_global",
        "qjs_get_prop_string",
        "qjs_call",
        "qjs_get_undefined",
        "qjs_is_undefined",
        "qjs_run_gc",
    }
)
_Raw = ffi.wasmtime_val_raw_t
_NO_FINALIZER = ctypes.cast(0, ctypes.CFUNCTYPE(None, c_void_p))
_BAD_FILE, _NOT_SUPPORTED = 8, 52  # WASI error numbers
_I32, _I64 = ValType.i32(), ValType.i64()
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
        env, wasi = "env", "wasi_snapshot_preview1"
        self._define(linker, env, "host_call", 5, lambda _vm, _args: 0)
        self._define(linker, env, "host_interrupt", 0, lambda _vm, _args: 0)
        self._define(linker, env, "host_promise_rejection", 3, None)
        self._define(linker, env, "host_module_normalize", 2, lambda _vm, _args: 0)
        self._define(linker, env, "host_module_load", 2, lambda _vm, _args: 0)
        self._define(linker, env, "host_get_timezone_offset", 2, lambda _vm, _args: 0)
        self._define(linker, wasi, "fd_close", 1, lambda _vm, _args: _NOT_SUPPORTED)
        self._define(linker, wasi, "fd_fdstat_get", 2, lambda _vm, _args: _BAD_FILE)
        self._define(linker, wasi, "fd_write", 4, lambda _vm, _args: _NOT_SUPPORTED)
        self._define(linker, wasi, "random_get", 2, lambda vm, args: vm.random(args[0].i32, args[1].i32))
        seek = FuncType([_I32, _I64, _I32, _I32], [_I32])
        self._define(linker, wasi, "fd_seek", seek, lambda _vm, _args: _NOT_SUPPORTED)
        clock = FuncType([_I32, _I64, _I32], [_I32])
        self._define(linker, wasi, "clock_time_get", clock, lambda vm, args: vm.clock(args[2].i32))
        self.prepared = linker.instantiate_pre(module)

    def _define(
        self,
        linker: wasmtime.Linker,
        module: str,
        name: str,
        kind: int | FuncType,
        function: Callable[[Instance, Any], int] | None,  # Any: an array of raw wasm values
    ) -> None:
        if isinstance(kind, int):
            kind = FuncType([_I32] * kind, [] if function is None else [_I32])

        def call(_env: object, caller: Any, args: Any, _count: int) -> int | None:  # Any: C pointers
            try:
                if function is not None:
                    data: Any  # a pointer that is our number
                    data = ffi.wasmtime_context_get_data(ffi.wasmtime_caller_context(caller))
                    vm = _instances[int(data)]
                    result = function(vm, args)
                    args[0].i64 = 0
                    args[0].i32 = result
            except BaseException:  # noqa: BLE001 - a Python exception may not cross the engine's frames: trap instead
                return ctypes.cast(ffi.wasmtime_trap_new(b"host error", 10), c_void_p).value
            return 0

        callback = ffi.wasmtime_func_unchecked_callback_t(call)
        self._keep.append(callback)
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
    """A virtual machine. Used by one thread at a time, then closed; after a failure it may only be closed."""

    def __init__(self, runtime: Runtime, *, memory_bytes: int, seed: bytes = b"", now_ns: int | None = None) -> None:
        self._random = seed
        self._now_ns = now_ns
        self._functions: dict[str, Any] = {}  # Any: C structures
        self._id = next(_ids)
        _instances[self._id] = self
        self._store: Any = ffi.wasmtime_store_new(runtime.engine.ptr(), c_void_p(self._id), _NO_FINALIZER)
        self._context = ffi.wasmtime_store_context(self._store)
        ffi.wasmtime_store_limiter(self._store, memory_bytes, 20000, 1, 1, 1)
        ffi.wasmtime_context_set_epoch_deadline(self._context, 1 << 40)
        self._instance = ffi.wasmtime_instance_t()
        trap = POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_instance_pre_instantiate(
            runtime.prepared.ptr(), self._context, byref(self._instance), byref(trap)
        )
        if error or trap:
            self.close()
            raise EngineFailure("The JavaScript engine could not be started.", kind="memory")
        self._memory = self._export("memory").of.memory

    def close(self) -> None:
        """Free everything; safe to call twice."""
        if self._store is not None:
            ffi.wasmtime_store_delete(self._store)
            self._store = None
            _instances.pop(self._id, None)

    def boot(self, memory_bytes: int) -> None:
        """Start an instance of a module that was not baked."""
        self._call("_initialize")
        if self._call("qjs_init", result=True) != 0:
            raise EngineFailure("The JavaScript engine could not be started.", kind="memory")
        self.limit(memory_bytes)
        self._call("qjs_set_max_stack_size", JS_STACK)

    def limit(self, memory_bytes: int) -> None:
        """Set the limit of JavaScript's allocator."""
        self._call("qjs_set_memory_limit", memory_bytes - HEADROOM)

    def deadline(self, seconds: float) -> None:
        """End whatever runs when this much time has passed, in ticks."""
        ffi.wasmtime_context_set_epoch_deadline(self._context, max(1, round(seconds / TICK)) + 1)

    def image(self) -> tuple[bytes, int]:
        """Return the memory and the stack pointer, for baking."""
        self._call("qjs_run_gc")
        value = ffi.wasmtime_val_t()
        pointer = self._export("__stack_pointer").of.global_
        ffi.wasmtime_global_get(self._context, byref(pointer), byref(value))
        return self._read(0, self.memory_bytes), value.of.i32

    @property
    def memory_bytes(self) -> int:
        """Size of the memory; it only grows."""
        return int(ffi.wasmtime_memory_data_size(self._context, byref(self._memory)))

    # What the module asks of its host

    def clock(self, pointer: int) -> int:
        """Answer WASI's clock."""
        now = self._now_ns if self._now_ns is not None else time.time_ns()
        self._write(pointer, struct.pack("<Q", now))
        return 0

    def random(self, pointer: int, count: int) -> int:
        """Answer WASI's random numbers from the seed alone, so that a run can be repeated."""
        self._write(pointer, (self._random * (count // max(1, len(self._random)) + 1))[:count] or bytes(count))
        return 0

    # JavaScript

    def evaluate(self, source: str, file: str) -> None:
        """Evaluate a program for its effects."""
        self._free(self._checked(self._evaluate(source, file)))

    def call(self, path: str, argument: str) -> str | None:
        """Call a global function of a dotted name with one text; return its result as text, ``None`` if undefined."""
        handle = self._call("qjs_get_global", result=True)
        for name in path.split("."):
            text = self._text(name.encode())
            inner = self._checked(self._call("qjs_get_prop_string", handle, text, result=True))
            self._call("wasm_free", text)
            self._free(handle)
            handle = inner
        data = argument.encode("utf-8", "surrogatepass")
        text = self._text(data)
        value = self._checked(self._call("qjs_new_string", text, len(data), result=True))
        self._call("wasm_free", text)
        arguments = self._allocate(4)
        self._write(arguments, struct.pack("<I", value))
        undefined = self._call("qjs_get_undefined", result=True)
        result = self._checked(self._call("qjs_call", handle, undefined, 1, arguments, result=True))
        return None if self._call("qjs_is_undefined", result, result=True) else self._string(result)

    def pump(self) -> None:
        """Run jobs of settled promises until there is none."""
        while self._call("qjs_is_job_pending", result=True):
            if self._call("qjs_execute_pending_job", result=True) >> 31:
                self._raise()

    def _evaluate(self, source: str, file: str) -> int:
        data = source.encode("utf-8", "surrogatepass")
        code, name = self._text(data), self._text(file.encode())
        result = self._call("qjs_eval", code, len(data), name, 0, result=True)
        self._call("wasm_free", code)
        self._call("wasm_free", name)
        return result

    def _checked(self, handle: int) -> int:
        if self._call("qjs_is_exception", handle, result=True):
            self._raise()
        return handle

    def _raise(self) -> None:
        error = self._call("qjs_get_exception", result=True)
        name, message, stack = (self._property(error, key) for key in (b"name", b"message", b"stack"))
        if message is None:
            message = self._string(error) or "null"
        raise EngineFailure(message, kind=self._kind(name or "", message), name=name or "", stack=_frames(stack or ""))

    def _kind(self, name: str, message: str) -> FailureKind:
        if name == "InternalError" and "out of memory" in message:
            return "memory"
        if name in {"RangeError", "InternalError"} and "stack" in message.lower():
            return "stack"
        # The engine throws a bare null when even the error object found no memory.
        return "memory" if not name and message == "null" and self.memory_bytes > HEADROOM * 4 else "threw"

    def _property(self, handle: int, name: bytes) -> str | None:
        text = self._text(name)
        value = self._call("qjs_get_prop_string", handle, text, result=True)
        self._call("wasm_free", text)
        if self._call("qjs_is_undefined", value, result=True) or self._call("qjs_is_exception", value, result=True):
            return None
        return self._string(value)

    def _string(self, handle: int) -> str | None:
        length = self._allocate(4)
        pointer = self._call("qjs_get_string_len", handle, length, result=True)
        if pointer == 0:
            return None
        size = int.from_bytes(self._read(length, 4), "little")
        return self._read(pointer, size).decode("utf-8", "replace")

    def _free(self, handle: int) -> None:
        self._call("qjs_free_value", handle)

    # Memory and calls

    def _text(self, data: bytes) -> int:
        pointer = self._allocate(len(data) + 1)
        self._write(pointer, data + b"\0")
        return pointer

    def _allocate(self, size: int) -> int:
        pointer = self._call("wasm_malloc", size, result=True)
        if pointer == 0:
            raise EngineFailure("out of memory", kind="memory")
        return pointer

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

    def _call(self, name: str, *args: int, result: bool = False) -> int:
        function = self._functions.get(name)
        if function is None:
            function = self._functions[name] = self._export(name).of.func
        values = (_Raw * 8)()
        for index, value in enumerate(args):
            values[index].i64 = value & 0xFFFFFFFF
        trap = POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_func_call_unchecked(self._context, byref(function), values, max(len(args), 1), byref(trap))
        if trap:
            raise _trapped(wasmtime.Trap._from_ptr(trap))  # noqa: SLF001 - as wasmtime-py's own code makes it
        if error:
            raise EngineFailure(str(WasmtimeError._from_ptr(error)), kind="threw")  # noqa: SLF001 - as above
        return int(values[0].i32) & 0xFFFFFFFF if result else 0


class Ticker:
    """Advances the epoch while something runs, and sleeps otherwise."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._running = 0
        self._wake = threading.Condition()
        threading.Thread(target=self._tick, name="nexus-ticker", daemon=True).start()

    def __enter__(self) -> None:
        with self._wake:
            self._running += 1
            if self._running == 1:
                self._wake.notify()

    def __exit__(self, *_: object) -> None:
        with self._wake:
            self._running -= 1

    def _tick(self) -> None:
        while True:
            with self._wake:
                while not self._running:
                    self._wake.wait()
            time.sleep(TICK)
            self._engine.increment_epoch()


def _trapped(trap: wasmtime.Trap) -> EngineFailure:
    code = trap.trap_code
    name = code.name if code is not None else ""
    if name == "INTERRUPT":
        return EngineFailure("ran too long", kind="timeout")
    if name == "STACK_OVERFLOW":
        return EngineFailure("Maximum call stack size exceeded", kind="stack")
    return EngineFailure(f"The JavaScript engine stopped: {name or trap.message}.", kind="memory")


def _frames(stack: str) -> tuple[JsFrame, ...]:
    """Read lines such as ``at add (counter/add:3:7)``."""
    frames = []
    for line in stack.splitlines():
        text = line.strip().removeprefix("at ")
        function, _, place = text.rpartition("(") if text.endswith(")") else ("", "", text)
        file, _, rest = place.rstrip(")").rpartition(":")
        file, _, middle = file.rpartition(":") if file.rpartition(":")[2].isdigit() else (file, "", rest)
        if middle.isdigit() and rest.isdigit():
            frames.append(JsFrame(function.strip(), file, int(middle), int(rest) if middle is not rest else 1))
    return tuple(frames)
