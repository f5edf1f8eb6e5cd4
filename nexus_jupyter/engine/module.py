"""Baking a memory image into a WebAssembly module.

A baked module starts with the memory that an instance had after it evaluated a program, so that a new instance has the
program loaded without running it (the idea of Wizer, by the Bytecode Alliance).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import TypeAlias

__all__ = ["PAGE", "Memory", "bake"]

#: The memory of a machine, of which slices are taken. A copy is a mapping, whose pages of zeros take no memory.
Memory: TypeAlias = bytes | mmap.mmap

#: Bytes of a WebAssembly page.
PAGE = 65536
_HEADER = 8
_MEMORY, _DATA, _DATA_COUNT, _CUSTOM = 5, 11, 12, 0
#: Runs of zeros at least this long are left out of the image.
_BLOCK = 256


def bake(wasm: bytes, memory: Memory) -> bytes:
    """Return the module with a memory image as its data.

    The image must have been taken between two calls from the host: then the module's one mutable global, the stack
    pointer, has its initial value.

    Parameters
    ----------
    wasm
        A module with one memory.
    memory
        The image, whole pages.
    """
    sections = []
    for kind, body in _sections(wasm):
        if kind in {_CUSTOM, _DATA_COUNT}:
            continue
        changed = body
        if kind == _MEMORY:
            changed = _memory_section(body, len(memory) // PAGE)
        elif kind == _DATA:
            changed = _data_section(memory)
        sections.append((kind, changed))
    return wasm[:_HEADER] + b"".join(bytes([kind]) + _unsigned(len(body)) + body for kind, body in sections)


def _sections(wasm: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER
    while at < len(wasm):
        kind = wasm[at]
        size, start = _read(wasm, at + 1)
        yield kind, wasm[start : start + size]
        at = start + size


def _memory_section(body: bytes, pages: int) -> bytes:
    _, at = _read(body, 0)
    flags = body[at]
    least, rest = _read(body, at + 1)
    return _unsigned(1) + bytes([flags]) + _unsigned(max(least, pages)) + body[rest:]


def _data_section(memory: Memory) -> bytes:
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
