"""Memory that a machine starts with beyond its module's own: what a panel's image adds.

On Linux it is a sealed file in memory that each machine maps privately over its own: the kernel copies a page when it
is first written, so an idle machine costs next to nothing. Elsewhere the pieces that differ are copied.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import weakref

from nexus_jupyter.engine.module import PAGE, Memory

__all__ = ["MemoryImage", "copy_of"]

#: Differences are found, and zeros left out, in pieces of this size: a page of the machine's own memory.
_PIECE = 4096
_READ_WRITE = 0x1 | 0x2
_PRIVATE_FIXED = 0x02 | 0x10
#: Linux 5.14; older kernels refuse it, which costs only time.
_POPULATE_WRITE = 23
#: Pieces that lie closer together than this are asked for at once.
_NEAR = 8 * _PIECE
_FAILED = ctypes.c_void_p(-1).value

if sys.platform == "linux":
    # Python's own mmap chooses the address itself.
    _mmap = ctypes.CDLL(None).mmap
    _mmap.restype = ctypes.c_void_p
    _mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    _madvise = ctypes.CDLL(None).madvise
    _madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class MemoryImage:
    """A memory, kept as what differs from another one.

    Parameters
    ----------
    base
        The memory that a machine has anyway.
    memory
        The memory that it is to have, whole pages, not shorter.
    mapped
        Map it instead of copying; only where the platform can. Left out: where it can.
    """

    def __init__(self, base: Memory, memory: Memory, *, mapped: bool | None = None) -> None:
        #: Bytes.
        self.size = len(memory)
        ranges = _differences(base, memory)
        #: Bytes that differ.
        self.own_bytes = sum(end - start for start, end in ranges)
        self._hot: list[tuple[int, int]] = []
        self._file: int | None = None
        if (mapped is None or mapped) and sys.platform == "linux":
            self._file = _sealed_file(memory)
            if self._file is not None:
                weakref.finalize(self, os.close, self._file)
        self._pieces = [] if self._file is not None else [(start, memory[start:end]) for start, end in ranges]

    def learn(self, before: Memory, after: Memory) -> None:
        """Note which pages a trial has written: most of them will be written by every machine."""
        self._hot = []
        for start, end in _differences(before, after, len(before)):
            if self._hot and start - self._hot[-1][1] <= _NEAR:
                self._hot[-1] = (self._hot[-1][0], end)
            else:
                self._hot.append((start, end))

    def heat(self, address: int) -> None:
        """Make a machine's own copies of the pages that it will write: at once, not by one fault for each."""
        if self._file is not None:
            for start, end in self._hot:
                _madvise(address + start, end - start, _POPULATE_WRITE)

    def lay(self, address: int) -> None:
        """Give a machine this memory. Its own begins at the address, and is at least as large."""
        if self._file is not None:
            if _mmap(address, self.size, _READ_WRITE, _PRIVATE_FIXED, self._file, 0) != _FAILED:
                return
            # Too many mappings, perhaps. A failed MAP_FIXED may have unmapped what was there: copying would fault.
            raise MemoryError("The machine's memory could not be mapped.")
        for offset, piece in self._pieces:
            ctypes.memmove(address + offset, piece, len(piece))


def copy_of(address: int, size: int) -> Memory:
    """Return a copy of memory. Other threads run meanwhile: `memmove` releases the lock, `string_at` does not."""
    copy = mmap.mmap(-1, max(size, 1))
    ctypes.memmove((ctypes.c_char * size).from_buffer(copy), address, size)
    return copy


def _sealed_file(memory: Memory) -> int | None:
    """Return a file in memory with these contents, which nobody can change any more."""
    import fcntl

    try:
        file = os.memfd_create("nexus-image", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None  # a kernel without it, or no file descriptor left: copy instead
    try:
        os.ftruncate(file, len(memory))
        with memoryview(memory) as view:
            for start, end in _differences(b"", memory):
                with view[start:end] as piece:
                    os.pwrite(file, piece, start)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    except OSError:
        os.close(file)
        return None
    return file


def _differences(before: Memory, after: Memory, size: int | None = None) -> list[tuple[int, int]]:
    """Return where a memory differs from another one, which goes on with zeros where it is shorter.

    Each step takes little, so that other threads can run between two: a range ends at a page of the module.
    """
    ranges: list[tuple[int, int]] = []
    # Slices are copied and compared at once; a memoryview compares item by item.
    for page in range(0, len(after) if size is None else size, PAGE):
        new = after[page : page + PAGE]
        old = before[page : page + PAGE].ljust(len(new), b"\0")
        if new == old:
            continue
        started = -1
        for at in range(0, len(new), _PIECE):
            differs = new[at : at + _PIECE] != old[at : at + _PIECE]
            if differs and started < 0:
                started = at
            elif not differs and started >= 0:
                ranges.append((page + started, page + at))
                started = -1
        if started >= 0:
            ranges.append((page + started, page + len(new)))
    return ranges
