"""Confine this process to some folders and ports, with no other programs: Landlock and seccomp of the Linux kernel.

Both are applied by a process to itself, before it loads what it does not trust, and cannot be undone. Landlock decides
about files and TCP ports, seccomp refuses the system calls that make sockets or start programs. Each holds alone. They
are reached through `ctypes`: the packages on PyPI that bind them are unfinished or not maintained, and what is needed
here is three system calls and a filter of a dozen instructions.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Confinement", "Layers", "confine", "supported"]

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 38, 22, 2
#: System calls of Landlock have the same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH, _NET_PORT = 1, 2
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
#: Rights over a file itself, as against those over what is in a folder.
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
#: Removing and making files and folders (bits 4, 5, 7, 8), making links (12), which lead to nothing that may not be
#: reached by itself, renaming between folders (13), and shortening.
_CHANGE = _WRITE_FILE | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 13 | _TRUNCATE
_BIND, _CONNECT = 1, 2
#: The rights that each version of Landlock's interface added to those of the first, which are the lowest 13 bits.
_ADDED = {2: 1 << 13, 3: _TRUNCATE, 5: _IOCTL}
_NET_SINCE, _SCOPES_SINCE = 4, 6
#: By architecture: the constant that seccomp knows it by, and numbers of system calls.
_PROGRAMS = {
    "x86_64": (0xC000003E, {"execve": 59, "execveat": 322, "ptrace": 101, "io_uring_setup": 425, "userfaultfd": 323}),
    "aarch64": (0xC00000B7, {"execve": 221, "execveat": 281, "ptrace": 117, "io_uring_setup": 425, "userfaultfd": 282}),
}
_SOCKETS = {
    "x86_64": {"socket": 41, "connect": 42, "bind": 49},
    "aarch64": {"socket": 198, "connect": 203, "bind": 200},
}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # EPERM
#: Numbers from here on are those of the x32 interface, by which the others could be gone around.
_X32 = 0x40000000


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a process may reach.

    Attributes
    ----------
    read
        Files and folders that may be read, with what is below them.
    write
        Folders that may be changed, with what is below them.
    ports
        TCP ports that may be connected to; with none, sockets cannot be made at all.
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Layers:
    """Which of the kernel's mechanisms hold a process, and why others do not."""

    files: bool = False
    network: bool = False
    programs: bool = False
    missing: tuple[str, ...] = field(default=())


def supported() -> Layers:
    """Tell what this system offers, without applying it."""
    if sys.platform != "linux":
        return Layers(missing=(f"{platform.system()} has no Landlock and no seccomp",))
    version = _landlock_version()
    machine = platform.machine() in _PROGRAMS
    missing = []
    if not version:
        missing.append("this kernel has no Landlock (Linux 5.13 or newer, with 'landlock' in its list of modules)")
    if not machine:
        missing.append(f"no seccomp filter is known for the architecture {platform.machine()}")
    return Layers(bool(version), machine or version >= _NET_SINCE, machine or bool(version), tuple(missing))


def confine(wanted: Confinement, *, landlock: bool = True, seccomp: bool = True) -> Layers:
    """Confine this thread, and those that it starts, for good.

    Parameters
    ----------
    wanted
        What may be reached.
    landlock, seccomp
        Leave one of the two out, to try the other alone.

    Returns
    -------
    Layers
        What holds now. A system that does not offer a mechanism goes without it, and says so.
    """
    offered = supported()
    if sys.platform != "linux":
        return offered
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return Layers(missing=("this process may not give up its privileges (prctl)",))
    missing = list(offered.missing)
    version = _landlock_version() if landlock else 0
    held = bool(version) and _told(missing, "Landlock", lambda: _restrict(libc, wanted, version))
    filtered = seccomp and platform.machine() in _PROGRAMS and _told(missing, "seccomp", lambda: _filter(libc, wanted))
    network = (held and version >= _NET_SINCE) or (filtered and not wanted.ports)
    return Layers(held, network, held or filtered, tuple(missing))


def _told(missing: list[str], name: str, apply: object) -> bool:
    assert callable(apply)
    try:
        apply()
    except OSError as error:
        missing.append(f"{name} was refused ({os.strerror(error.errno or 0)})")
        return False
    return True


def _landlock_version() -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(0, int(found))


def _restrict(libc: ctypes.CDLL, wanted: Confinement, version: int) -> None:
    rights = (1 << 13) - 1
    for since, more in _ADDED.items():
        rights |= more if version >= since else 0
    attributes = struct.pack("=Q", rights)
    if version >= _NET_SINCE:
        attributes += struct.pack("=Q", _BIND | _CONNECT)
    if version >= _SCOPES_SINCE:
        attributes += struct.pack("=Q", 3)  # no abstract sockets of others, no signals to others
    ruleset = _checked(libc.syscall(ctypes.c_long(_CREATE_RULESET), attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for path in wanted.read:
            _allow(libc, ruleset, path, (_READ_FILE | _READ_DIR) & rights)
        for path in wanted.write:
            _allow(libc, ruleset, path, (_READ_FILE | _READ_DIR | _CHANGE) & rights)
        for port in wanted.ports if version >= _NET_SINCE else ():
            rule = struct.pack("=QQ", _CONNECT, port)
            _checked(libc.syscall(ctypes.c_long(_ADD_RULE), ruleset, _NET_PORT, rule, 0))
        _checked(libc.syscall(ctypes.c_long(_RESTRICT_SELF), ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there need not be reached
    try:
        of_it = rights if Path(path).is_dir() else rights & _OF_FILES
        rule = struct.pack("=Qi", of_it, opened)
        _checked(libc.syscall(ctypes.c_long(_ADD_RULE), ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(opened)


def _filter(libc: ctypes.CDLL, wanted: Confinement) -> None:
    machine = platform.machine()
    architecture, calls = _PROGRAMS[machine]
    refused = sorted({**calls, **({} if wanted.ports else _SOCKETS[machine])}.values())
    # Each step: code, where to go on when true and when false (steps after the next), operand.
    last = len(refused)
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 0, last + 3, architecture), (_LOAD, 0, 0, 0), (_AT_LEAST, last + 1, 0, _X32)]
    steps += [(_EQUAL, last - index, 0, number) for index, number in enumerate(refused)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    described = struct.pack("@HP", len(steps), ctypes.addressof(program))
    _checked(libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, described, 0, 0))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
