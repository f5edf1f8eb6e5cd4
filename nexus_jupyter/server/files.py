"""Pictures that lie below the workspace's ``files/``, for the views of its panels."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath

from tornado import web

from nexus_jupyter.server.handler import NexusHandler, guarded

__all__ = ["PictureHandler"]

#: What a browser is told that a file is, by the end of its name; nothing else is given out here.
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
_LARGEST = 20 << 20


class PictureHandler(NexusHandler):
    """One picture. Opened as a page of its own it can run nothing: the policy of the API's answers is kept."""

    @guarded("panel.read")
    async def get(self, path: str) -> None:
        """Return a picture."""
        kind = _TYPES.get(PurePosixPath(path).suffix.lower())
        if kind is None:
            raise web.HTTPError(404, "Only pictures can be shown: avif, bmp, gif, jpeg, png, svg, webp.")
        kernel = await self.workspace()
        content = await asyncio.to_thread(kernel.files.load, path, _LARGEST)
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(content, set_content_type=kind)
