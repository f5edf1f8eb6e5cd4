"""From opening a workspace to closing it: what comes after, or from a forked process, is refused."""

from __future__ import annotations

import os

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.database import forked

__all__ = ["Opening"]


class Opening:
    """The time in which a workspace may be used, by the process that opened it.

    A forked process has copies of all objects and none of the threads, so what waits for a thread would hang there and
    what writes would break the parent's journal. It is told by its process id.

    Parameters
    ----------
    name
        The workspace's name, for the error.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._process = os.getpid()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the workspace was closed."""
        return self._closed

    @property
    def here(self) -> bool:
        """Whether this is the process that opened the workspace."""
        return os.getpid() == self._process

    def close(self) -> None:
        """Refuse everything from now on."""
        self._closed = True

    def check(self) -> None:
        """Make sure that the workspace may be used.

        Raises
        ------
        StorageError
            If it was closed, or this process was forked from the one that opened it.
        """
        if not self.here:
            raise forked()
        if self._closed:
            raise StorageError(
                f"The workspace '{self._name}' has been closed, so nothing is read or changed any more.",
                hint="Open it again.",
            )
