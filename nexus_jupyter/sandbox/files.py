"""Files for handlers: those below the workspace's ``files/``, and none that a link could lead to."""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NotFoundError, QuotaError, RequestError, StorageError
from nexus_jupyter.sandbox.host import Answerable, Arguments, Caller, Operations
from nexus_jupyter.storage.names import for_programs

__all__ = ["Files"]

_DEEPEST = 16
_NAME = 200
_LISTED = 10_000
#: Characters of names that mean something else to another system, which the workspace may be copied to.
_FORBIDDEN = set('<>:"|?*\\\0')
#: How the name of a file begins while it is being written.
_PART = ".nexus-"


@dataclass(slots=True)
class Files:
    """The operations ``fs.*``.

    Attributes
    ----------
    root
        The folder; made when first written to.
    quota_bytes
        What all files in it may take.
    quota_files
        How many files there may be.
    """

    root: Path
    quota_bytes: int = 100 << 20
    quota_files: int = 10_000

    def operations(self) -> Operations:
        """Return the operations by name."""
        return {"fs.read": self.read, "fs.list": self.entries, "fs.write": self.write, "fs.remove": self.remove}

    async def read(self, caller: Caller, args: Arguments) -> Answerable:
        """Return a file's text, or its bytes."""
        parts = _parts(args)
        caller.token.require("fs.read", "/".join(parts))
        data = await asyncio.to_thread(self._read, parts, caller.answer_bytes)
        return data if args.get("as") == "bytes" else data.decode("utf-8", "replace")

    async def entries(self, caller: Caller, args: Arguments) -> Answerable:
        """Return names, kinds and sizes of what is in a folder."""
        parts = _parts(args, empty=True)
        caller.token.require("fs.read", "/".join(parts))
        found: JsonValue = await asyncio.to_thread(self._entries, parts)
        return found

    async def write(self, caller: Caller, args: Arguments) -> Answerable:
        """Write a file as a whole: it has its old content or the new one, never half of it."""
        parts = _parts(args, new=True)
        caller.token.require("fs.write", "/".join(parts))
        data = args.get("data")
        content = data if isinstance(data, bytes) else str(data).encode("utf-8", "replace")
        if data is None or isinstance(data, (dict, list)):
            raise RequestError("A file takes a text or bytes; use JSON.stringify for the rest.")
        await asyncio.to_thread(self._write, parts, content)
        return len(content)

    async def remove(self, caller: Caller, args: Arguments) -> Answerable:
        """Delete a file."""
        parts = _parts(args, new=True)
        caller.token.require("fs.write", "/".join(parts))
        await asyncio.to_thread(self._remove, parts)
        return None

    def load(self, path: str, limit: int) -> bytes:
        """Return a file's bytes, for a view that shows it.

        Raises
        ------
        NotFoundError
            If there is no such file, or only a link.
        RequestError
            If the path is none, or the file has more bytes than the limit.
        """
        return self._read(_parts({"path": path}), limit)

    def keep(self, path: str, content: bytes) -> None:
        """Write a file for a person: no run asks for it, so no grant is needed.

        Raises
        ------
        RequestError
            If the path is none.
        StorageError
            If the files would take too much.
        """
        self._write(_parts({"path": path}, new=True), content)

    def used(self) -> tuple[int, int]:
        """Return the bytes that all files take, and their number."""
        total = count = 0
        for where, _, names in os.walk(self.root):
            for name in names:
                try:
                    total += Path(where, name).lstat().st_size
                    count += 1
                except OSError:
                    continue  # gone meanwhile
        return total, count

    def discard(self, path: str) -> None:
        """Delete a file that was kept for a person, if it is there; raises as `keep`."""
        with suppress(NotFoundError):
            self._remove(_parts({"path": path}, new=True))

    def _read(self, parts: list[str], limit: int) -> bytes:
        with self._folder(parts[:-1]) as folder, _explained(parts):
            file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(file, "rb") as opened:
                found = os.fstat(file)
                if not stat.S_ISREG(found.st_mode):
                    raise RequestError(f"'{'/'.join(parts)}' is no plain file.")
                if found.st_size > limit:
                    raise RequestError(f"The file has {found.st_size} bytes; {limit} are allowed.")
                return opened.read(limit)

    def _entries(self, parts: list[str]) -> list[JsonValue]:
        entries: list[dict[str, JsonValue]] = []
        with self._folder(parts, make=not parts) as folder, _explained(parts), os.scandir(folder) as found:
            for entry in found:
                if entry.is_symlink() or entry.name.startswith(_PART):
                    continue
                kind: Literal["folder", "file"] = "folder" if entry.is_dir(follow_symlinks=False) else "file"
                entries.append({"name": entry.name, "kind": kind, "size": entry.stat(follow_symlinks=False).st_size})
                if len(entries) == _LISTED:
                    break
        return [*sorted(entries, key=lambda entry: str(entry["name"]))]

    def _write(self, parts: list[str], content: bytes) -> None:
        used, count = self.used()
        if count >= self.quota_files and not self.root.joinpath(*parts).exists():
            raise QuotaError(
                f"The workspace has {count} files, and may have {self.quota_files}.",
                hint="Delete some, or raise NexusApp.quota_files.",
            )
        if used + len(content) > self.quota_bytes:
            raise StorageError(
                f"The workspace's files take {used} bytes; with this one they would exceed {self.quota_bytes}.",
                hint="Delete some, or raise NexusApp.files_quota.",
            )
        with self._folder(parts[:-1], make=True) as folder, _explained(parts):
            temporary = f"{_PART}{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(temporary, flags, mode=0o600, dir_fd=folder)
            try:
                with os.fdopen(file, "wb") as opened:
                    opened.write(content)
                    opened.flush()
                    os.fsync(file)
                # Replaces a link itself, not what it points to.
                os.replace(temporary, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(temporary, dir_fd=folder)
                raise

    def _remove(self, parts: list[str]) -> None:
        with self._folder(parts[:-1]) as folder, _explained(parts):
            os.unlink(parts[-1], dir_fd=folder)

    @contextmanager
    def _folder(self, parts: list[str], *, make: bool = False) -> Iterator[int]:
        """Open a folder step by step, so that no step can be a link, not even one made meanwhile."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        with _explained(parts):
            if make:
                self.root.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.root, flags)
            try:
                for part in parts:
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(part, 0o700, dir_fd=folder)
                    inner = os.open(part, flags, dir_fd=folder)
                    os.close(folder)
                    folder = inner
                yield folder
            finally:
                os.close(folder)


def _parts(args: Arguments, *, empty: bool = False, new: bool = False) -> list[str]:
    """Read a path strictly; it is always relative to the workspace's files.

    A ``new`` one is written by a program that nobody may have read. A name that git, a shell or an editor looks for
    would decide what they run when a person works in the folder, so only names that none of them looks for are taken.
    """
    path = str(args.get("path"))
    parts = [part for part in path.split("/") if part not in {"", "."}]
    bad = path.startswith("/") or len(parts) > _DEEPEST or not path.isprintable() or (not parts and not empty)
    for part in parts:
        bad = bad or part == ".." or len(part.encode("utf-8", "surrogatepass")) > _NAME or part.startswith(_PART)
        bad = bad or bool(_FORBIDDEN & set(part))
        bad = bad or (new and not for_programs(part))
    if not bad:
        return parts
    plain = new and all(parts) and not path.startswith("/") and ".." not in parts
    hint = 'Names begin with no dot, end with no dot or space, and hold none of <>:"|?*\\~1.' if plain else ""
    raise RequestError(f"'{path[:200]}' is no path below the workspace's files.", hint=hint)


@contextmanager
def _explained(parts: list[str]) -> Iterator[None]:
    path = "/".join(parts)
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file '{path}'.") from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise RequestError(f"'{path}' is no file, or leads through something that is no folder.") from error
    except OSError as error:
        raise StorageError(f"'{path}' cannot be used: {error.strerror or error}.") from error
