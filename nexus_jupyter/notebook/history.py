"""``ws.history``: versions in git."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexus_jupyter.notebook.host import Host
from nexus_jupyter.protocol.api import VersionInfo

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HistoryFace"]


class HistoryFace:
    """Commits of the workspace, and the way back to them."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def commit(self, message: str | None = None) -> VersionInfo:
        """Make a version of all panels and their state.

        Parameters
        ----------
        message
            Made from what changed when left out.

        Raises
        ------
        UnavailableError
            If git is not installed.
        """
        return self._host.commit(message)

    def log(self) -> pd.DataFrame:
        """Return the versions, newest first: id, message, author, time."""
        import pandas as pd

        rows = [version.model_dump() for version in self._host.log()]
        frame = pd.DataFrame(rows, columns=["id", "message", "author", "time"])
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame

    def checkout(self, ref: str | VersionInfo) -> int:
        """Make all panels what they were in a version; one change, which `log` and the journal show.

        Parameters
        ----------
        ref
            A commit id (or its beginning), ``HEAD~1``, a branch, a tag, or what `commit` returned.

        Returns
        -------
        int
            The new rev.
        """
        return self._host.checkout(ref.id if isinstance(ref, VersionInfo) else ref).rev
