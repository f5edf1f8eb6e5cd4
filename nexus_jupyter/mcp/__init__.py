"""Panels for any MCP client: their tools and resources, and tools to make and change panels.

The SDK is loaded by `service` and `stdio`, which are imported where they are used: most servers never need it.
"""

from nexus_jupyter.mcp.caller import Caller

__all__ = ["Caller"]
