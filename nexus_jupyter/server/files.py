"""Pictures that lie below the workspace's ``files/``, for the views of its panels."""

from __future__ import annotations

import asyncio

from tornado import web

from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.workspace.pictures import LARGEST_PICTURE, picture_type

__all__ = ["PictureHandler"]


class PictureHandler(NexusHandler):
    """One picture. Opened as a page of its own it can run nothing: the policy of the API's answers is kept."""

    @guarded("panel.read")
    async def get(self, path: str) -> None:
        """Return a picture."""
        kind = picture_type(path)
        if kind is None:
            raise web.HTTPError(404, "Only pictures can be shown: avif, bmp, gif, jpeg, png, svg, webp.")
        kernel = await self.workspace()
        content = await asyncio.to_thread(kernel.files.load, path, LARGEST_PICTURE)
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(content, set_content_type=kind)
