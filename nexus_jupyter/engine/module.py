"""WebAssembly binaries: reading sections, and baking a memory image into a module.

A baked module starts with the memory that an instance had after it evaluated a program, so that a new instance has the
program loaded without running it (the idea of Wizer, by the Bytecode Alliance).
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["bake", "strip_exports"]

_HEADER = 8
_EXPORT, _MEMORY, _GLOBAL, _DATA, _DATA_COUNT, _CUSTOM = 7, 5, 6, 11, 12, 0
_PAGE = 65536
#: Runs of zeros at least this long are left out of the image.
_BLOCK = 256


def _unsigned(number: int) -> bytes:
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        if not number:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def _signed(number: int) -> bytes:
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        if (number == 0 and not byte & 0x40) or (number == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def _read(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return number, at


def _sections(wasm: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER
    while at < len(wasm):
        kind = wasm[at]
        size, start = _read(wasm, at + 1)
        yield kind, wasm[start : start + size]
        at = start + size


def _join(wasm: bytes, sections: list[tuple[int, bytes]]) -> bytes:
    return wasm[:_HEADER] + b"".join(bytes([kind]) + _unsigned(len(body)) + body for kind, body in sections)


def _exports(body: bytes) -> Iterator[tuple[str, int, int]]:
    count, at = _read(body, 0)
    for _ in range(count):
        length, at = _read(body, at)
        name = body[at : at + length].decode()
        kind = body[at + length]
        index, at = _read(body, at + length + 1)
        yield name, kind, index


def strip_exports(wasm: bytes, keep: frozenset[str]) -> bytes:
    """Return the module with only the named exports, and without custom sections."""
    sections = []
    for kind, body in _sections(wasm):
        if kind == _CUSTOM:
            continue
        if kind == _EXPORT:
            kept = [
                _unsigned(len(name)) + name.encode() + bytes([what]) + _unsigned(index)
                for name, what, index in _exports(body)
                if name in keep
            ]
            body = _unsigned(len(kept)) + b"".join(kept)  # noqa: PLW2901 - the section in its new form
        sections.append((kind, body))
    return _join(wasm, sections)


def bake(wasm: bytes, memory: bytes, stack_pointer: int) -> bytes:
    """Return the module with a memory image as its data.

    Parameters
    ----------
    wasm
        The module; it exports its stack pointer as ``__stack_pointer`` and has one memory.
    memory
        The image, whole pages.
    stack_pointer
        Value of the stack pointer when the image was taken.
    """
    pointer = next(
        index
        for kind, body in _sections(wasm)
        if kind == _EXPORT
        for name, _, index in _exports(body)
        if name == "__stack_pointer"
    )
    sections = []
    for kind, body in _sections(wasm):
        if kind in {_CUSTOM, _DATA_COUNT}:
            continue
        changed = body
        if kind == _MEMORY:
            changed = _memory_section(body, len(memory) // _PAGE)
        elif kind == _GLOBAL:
            changed = _global_section(body, pointer, stack_pointer)
        elif kind == _DATA:
            changed = _data_section(memory)
        sections.append((kind, changed))
    return _join(wasm, sections)


def _memory_section(body: bytes, pages: int) -> bytes:
    _, at = _read(body, 0)
    flags = body[at]
    least, rest = _read(body, at + 1)
    return _unsigned(1) + bytes([flags]) + _unsigned(max(least, pages)) + body[rest:]


def _global_section(body: bytes, pointer: int, value: int) -> bytes:
    count, at = _read(body, 0)
    parts = [_unsigned(count)]
    for index in range(count):
        start = at
        at = _skip_constant(body, at + 2)
        parts.append(
            body[start : start + 2] + b"\x41" + _signed(value) + b"\x0b" if index == pointer else body[start:at]
        )
    return b"".join(parts)


def _skip_constant(body: bytes, at: int) -> int:
    opcode = body[at]
    at += 1
    if opcode == 0x44:  # noqa: PLR2004 - f64.const
        at += 8
    elif opcode == 0x43:  # noqa: PLR2004 - f32.const
        at += 4
    else:
        _, at = _read(body, at)
    if body[at] != 0x0B:  # noqa: PLR2004 - end
        raise ValueError("The module initialises a global in a way that is not understood.")
    return at + 1


def _data_section(memory: bytes) -> bytes:
    zero = bytes(_BLOCK)
    segments, at = [], 0
    while at < len(memory):
        if memory[at : at + _BLOCK] == zero[: len(memory) - at]:
            at += _BLOCK
            continue
        end = at + _BLOCK
        while end < len(memory) and memory[end : end + _BLOCK] != zero[: len(memory) - end]:
            end += _BLOCK
        piece = memory[at:end]
        segments.append(b"\0\x41" + _signed(at) + b"\x0b" + _unsigned(len(piece)) + piece)
        at = end
    return _unsigned(len(segments)) + b"".join(segments)
