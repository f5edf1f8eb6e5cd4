"""Pictures that lie below the workspace's ``files/``: what they are, and how a page or notebook takes them along."""

from __future__ import annotations

import base64
from pathlib import PurePosixPath

from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.sandbox import Files

__all__ = ["LARGEST_PICTURE", "InlinePictures", "picture_type"]

#: What a browser is told that a file is, by the end of its name; nothing else is given out as a picture.
_TYPES = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
#: Bytes of the largest picture.
LARGEST_PICTURE = 20 << 20
#: Bytes of all pictures that one drawing takes along: it stays in notebooks.
_ALONG = 4 << 20


def picture_type(path: str) -> str | None:
    """Return the media type of a picture by its name, ``None`` if it is none."""
    return _TYPES.get(PurePosixPath(path).suffix.lower())


class InlinePictures:
    """Gives the pictures of one drawing as ``data:`` addresses, as far as there is room.

    An SVG is left out: it is a document, which no drawing takes from a text.

    Parameters
    ----------
    files
        Those of the workspace.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._left = _ALONG

    def __call__(self, path: str) -> str | None:
        """Return a picture, ``None`` if there is no such, or no room for it."""
        kind = picture_type(path)
        if kind is None or kind == "image/svg+xml":
            return None
        try:
            content = self._files.load(path, self._left)
        except NexusError:
            return None
        self._left -= len(content)
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"
