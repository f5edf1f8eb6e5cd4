"""Files that people choose in a panel: taken in parts, kept as a whole below ``files/uploads/PANEL``."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
import unicodedata
from dataclasses import dataclass, field

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.stream import Upload
from nexus_jupyter.sandbox import Files
from nexus_jupyter.storage.names import for_programs

__all__ = ["Uploads"]

#: Bytes of one file, and of all that are on their way over one connection.
_LARGEST = 50 << 20


@dataclass
class _Incoming:
    parts: list[bytes] = field(default_factory=list)
    size: int = 0


class Uploads:
    """The uploads of one connection; those that are not ended go when it does.

    Parameters
    ----------
    files
        Where they are kept.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._incoming: dict[str, _Incoming] = {}
        self._kept: set[str] = set()

    def take(self, frame: Upload) -> JsonValue:
        """Take a part; the last one gives ``{name, size, type, path}``.

        Raises
        ------
        RequestError
            If it is too large, or no base64.
        StorageError
            If there is no room for it.
        """
        incoming = self._incoming.setdefault(frame.file, _Incoming())
        try:
            part = base64.b64decode(frame.data, validate=True)
        except (binascii.Error, ValueError) as error:
            del self._incoming[frame.file]
            raise RequestError("A part of the file is no base64.") from error
        incoming.parts.append(part)
        incoming.size += len(part)
        if sum(one.size for one in self._incoming.values()) > _LARGEST:
            del self._incoming[frame.file]
            raise RequestError(
                f"A file may have {_LARGEST >> 20} MB.", hint="Put it into the notebook's folder instead."
            )
        if not frame.last:
            return None
        del self._incoming[frame.file]
        name = _plain(frame.name)
        path = f"uploads/{_plain(frame.panel)}/{name}"
        self._files.keep(path, b"".join(incoming.parts))
        self._kept.add(path)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return {"name": name, "size": incoming.size, "type": kind, "path": path}

    def withdraw(self, value: JsonValue) -> None:
        """Remove the files of this connection that a value names, since the value was refused."""
        if isinstance(value, dict):
            path = value.get("path")
            if isinstance(path, str) and path in self._kept:
                self._kept.discard(path)
                self._files.discard(path)
                return
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                self.withdraw(one)


def _plain(name: str) -> str:
    """Return a name that no file system and no tool takes for another; the last part of a path is its name."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    plain = re.sub(r"[^\w. ()+-]", "_", last).lstrip(".")[:120].strip(". ") or "file"
    if not for_programs(plain):
        plain = f"file {plain}"
    return plain if for_programs(plain) else "file"
