"""The journal as people see it: a table, kept small, and taken elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.upkeep import CompactBody, Compaction

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.host import Host

__all__ = ["JournalFace"]


class JournalFace:
    """The part of a workspace that is about its journal.

    Parameters
    ----------
    host
        Where the workspace lives.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def journal(self) -> pd.DataFrame:
        """All changes: rev, ts, actor, cause, panel, ops, ahead.

        ``ahead`` is how far ts was ahead of the machine's clock, where that had been put back; else it is missing.
        """
        found: pd.DataFrame = self._host.journal().to_pandas()
        return found

    def compact(
        self,
        *,
        keep_days: float | None = None,
        keep_changes: int | None = None,
        without_trilog: bool = False,
        rebuild: bool = False,
    ) -> Compaction:
        """Drop old changes from the journal. Panels and states stay as they are; undo and `journal` reach less far.

        Parameters
        ----------
        keep_days, keep_changes
            What stays: changes of so many days, and so many changes; what either keeps stays. With neither, all does.
        without_trilog
            Drop changes that TriLog has not read, too; it will then never know them.
        rebuild
            Write the journal's file anew if it was made by a version whose files cannot shrink. Changes wait meanwhile,
            and the disk needs room for two copies.

        Returns
        -------
        Compaction
            What was dropped, which the journal notes as well, and how many bytes the file gave back.

        Raises
        ------
        StorageError
            If it would not be safe; then nothing was dropped.
        """
        wish = CompactBody(
            keep_days=keep_days, keep_changes=keep_changes, without_trilog=without_trilog, rebuild=rebuild
        )
        return self._host.upkeep.compact(wish)

    def export_journal(self, path: str | Path) -> Path:
        """Write the journal to a file that ``nexus import`` fills another workspace from, on any database.

        Parameters
        ----------
        path
            Where to; compressed if the name ends in ``.gz``.

        Returns
        -------
        Path
            The file.
        """
        from nexus_jupyter.workspace import write_lines

        file = Path(path)
        write_lines(self._host.upkeep.lines(), file)
        return file
