"""The browser runtime, served from the package."""

from __future__ import annotations

from tornado import web

from nexus_jupyter.assets import BROWSER_ASSETS, asset, asset_version
from nexus_jupyter.server.handler import NexusHandler, guarded

__all__ = ["AssetHandler"]


class AssetHandler(NexusHandler):
    """Files for the browser."""

    @guarded("asset.read")
    async def get(self, name: str) -> None:
        """Return a file; one that is asked for by its version may be kept for ever."""
        if name not in BROWSER_ASSETS:
            raise web.HTTPError(404, f"There is no file '{name}'.")
        lasting = self.get_query_argument("v", "") == asset_version()
        self.set_header("Cache-Control", "private, max-age=31536000, immutable" if lasting else "no-cache")
        self.finish(asset(name), set_content_type="text/javascript; charset=utf-8")
