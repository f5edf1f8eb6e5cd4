"""The Jupyter server extension: REST, WebSocket, and Jupyter's own authentication on all of it."""

from nexus_jupyter.server.app import NexusApp

__all__ = ["NexusApp"]
