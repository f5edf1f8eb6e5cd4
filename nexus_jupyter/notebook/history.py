"""``ws.history``: versions in git, branches and merges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nexus_jupyter.notebook.conflicts import ConflictList
from nexus_jupyter.notebook.difference import Difference
from nexus_jupyter.notebook.versions_host import VersionsHost
from nexus_jupyter.protocol.versions import BranchInfo, MergeInfo, RemoteInfo, VersionInfo

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HistoryFace"]

#: A commit id (or its beginning), ``HEAD~1``, a branch, a tag, or what `HistoryFace.commit` returned.
Ref = str | VersionInfo


class HistoryFace:
    """Commits of the workspace, branches of it, and the way back.

    What is not committed is never lost: before going to another version or merging one, it is committed.
    """

    def __init__(self, versions: VersionsHost) -> None:
        self._versions = versions

    def commit(
        self, message: str | None = None, *, without_panels: bool = False, include: Sequence[str] = ()
    ) -> VersionInfo:
        """Make a version of all panels, their state, and the files below ``files/``.

        Parameters
        ----------
        message
            Made from what changed when left out.
        without_panels
            Whether the version may lack every panel that the newest one has.
        include
            Files that go into the version although they look like secrets, such as ``files/prod.env``.

        Returns
        -------
        VersionInfo
            The version; its ``notes`` say what is not in it, and what became of files that were edited by hand.

        Raises
        ------
        UnavailableError
            If git is not installed.
        ConflictError
            If every panel of the newest version would be gone, and that was not asked for; or if a file looks like a
            secret, and ``include`` does not name it.
        HistoryError
            If a file is too large to be kept in versions, or git refuses.
        """
        return self._versions.commit(message, without_panels=without_panels, include=include)

    def log(self, limit: int = 50, *, everything: bool = False) -> pd.DataFrame:
        """Return the newest versions first: id, message, author, time, parents, refs, graph.

        Parameters
        ----------
        limit
            How many.
        everything
            Whether those of all branches and tags, or of the present branch.
        """
        import pandas as pd

        rows = [version.model_dump() for version in self._versions.log(limit, everything=everything)]
        frame = pd.DataFrame(rows, columns=list(VersionInfo.model_fields))
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame

    def diff(self, a: Ref | int | None = None, b: Ref | int | None = None) -> Difference:
        """Return what differs in meaning between two versions.

        Parameters
        ----------
        a
            The older one: a version, or a rev of the journal as a number; the newest commit when left out.
        b
            The newer one; the workspace as it is when left out.
        """
        return Difference(self._versions.diff(_name(a), _name(b)))

    def branch(self, name: str, at: Ref | None = None) -> BranchInfo:
        """Make a branch at a version, or at the newest; `switch` goes to it."""
        return self._versions.branch(name, _ref(at))

    def branches(self) -> list[BranchInfo]:
        """Return all branches; ``current`` marks the one that the next commit goes to."""
        return self._versions.branches()

    def switch(self, branch: str) -> int:
        """Go to another branch and return the new rev.

        Raises
        ------
        ConflictError
            While a merge has open questions.
        """
        return self._versions.switch(branch).rev

    def merge(self, ref: Ref) -> MergeInfo:
        """Merge a version, such as a branch, into the present branch.

        What excludes each other becomes a question of its panel (``panel.conflicts``); the commit with two parents is
        made at once, or with the last answer.
        """
        return self._versions.merge(str(_ref(ref)))

    def checkout(self, ref: Ref) -> int:
        """Make all panels what they were in a version; one change, which the journal shows.

        Returns
        -------
        int
            The new rev.
        """
        return self._versions.checkout(str(_ref(ref))).rev

    def revert(self, what: int | Ref, op: int | Sequence[int] | None = None) -> MergeInfo:
        """Take back an old change and leave standing what came since.

        Parameters
        ----------
        what
            A rev of the journal, or a commit.
        op
            Which op or ops of the rev, counted from 0; all of them when left out.

        Raises
        ------
        ConflictError
            If what it changed was changed again since; the message says by whom, and in which rev.
        """
        if isinstance(what, int):
            ops = None if op is None else [op] if isinstance(op, int) else list(op)
            return self._versions.revert(what, ops, None)
        return self._versions.revert(None, None, _ref(what))

    def tag(self, name: str, at: Ref | None = None) -> VersionInfo:
        """Give a version a name, or the newest one."""
        return self._versions.tag(name, _ref(at))

    def remote(self, name: str = "origin", url: str | None = None) -> RemoteInfo | list[RemoteInfo]:
        """Confirm a repository to push to and to pull from; without a URL, return those that are confirmed.

        Parameters
        ----------
        name
            What it is called.
        url
            The absolute path of a repository, or an ssh or https address.
        """
        return self._versions.remotes() if url is None else self._versions.remote(name, url)

    def push(self, remote: str | None = None) -> VersionInfo:
        """Bring the present branch's commits to a remote, and return the newest of them.

        Raises
        ------
        ConflictError
            If the remote has versions that are not here: `pull` first.
        """
        return self._versions.push(remote)

    def pull(self, remote: str | None = None) -> MergeInfo:
        """Fetch a remote's versions and merge those of the present branch; see `merge`."""
        return self._versions.pull(remote)

    def conflicts(self) -> ConflictList:
        """Return the questions of all panels that wait for an answer."""
        return ConflictList(self._versions.conflicts(None))


def _ref(ref: Ref | None) -> str | None:
    return ref.id if isinstance(ref, VersionInfo) else ref


def _name(ref: Ref | int | None) -> str | None:
    return f"@{ref}" if isinstance(ref, int) else _ref(ref)
