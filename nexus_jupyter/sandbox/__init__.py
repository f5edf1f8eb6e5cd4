"""The sandbox: runs of handlers."""

from nexus_jupyter.sandbox.sandbox import Sandbox, SandboxResult

__all__ = ["Sandbox", "SandboxResult"]
