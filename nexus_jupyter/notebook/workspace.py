"""A workspace, as people hold it in a notebook."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import pyarrow.parquet as pq

from nexus_jupyter.arrow import tabular
from nexus_jupyter.dashboards import frame_name, prepare
from nexus_jupyter.notebook.adoption import AdoptionFace
from nexus_jupyter.notebook.asking import ask
from nexus_jupyter.notebook.assistant import AssistantView
from nexus_jupyter.notebook.conflicts import ConflictWarning
from nexus_jupyter.notebook.drafting import PanelStream
from nexus_jupyter.notebook.edit import Edit
from nexus_jupyter.notebook.exposed import ExposedFunctions
from nexus_jupyter.notebook.graph import GraphFace
from nexus_jupyter.notebook.history import HistoryFace
from nexus_jupyter.notebook.host import Host
from nexus_jupyter.notebook.journal import JournalFace
from nexus_jupyter.notebook.panel import Panel
from nexus_jupyter.notebook.trilog import TriLogFace
from nexus_jupyter.protocol.ai import AskBody
from nexus_jupyter.protocol.api import DashboardBody, ReplayInfo, RunInfo
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.versions import VersionInfo

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.local import LocalHost
    from nexus_jupyter.workspace import WorkspaceOptions

__all__ = ["Workspace"]

F = TypeVar("F", bound=Callable[..., Any])  # Any: functions of people, with any parameters


class Workspace(JournalFace):
    """Panels, frames, versions and history of one folder.

    Made by `nexus_jupyter.connect` or `Workspace.open`; the same calls give the same results whether the workspace
    lives in a Jupyter server or in this process.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.history = HistoryFace(host.versions)
        self.trilog = TriLogFace(host)
        self.nog = GraphFace(host)
        self.adoption = AdoptionFace(host.upkeep)
        self._exposed = ExposedFunctions()
        #: Why the workspace is in this process, where that was not asked for; see `connect`.
        self.reason = ""
        #: Conflicts that a cell has been warned of, by id and time.
        self._told = set[tuple[str, int | None]]()

    @classmethod
    def open(cls, folder: str | Path, *, options: WorkspaceOptions | None = None) -> Workspace:
        """Open a folder's workspace in this process; made when missing.

        Opened again while it is open here, it is the same object: a cell can be run twice. ``close`` closes it for all
        who hold it. At the end of a ``with`` block it is closed only if it was not open before.

        Parameters
        ----------
        folder
            Where it is.
        options
            Limits of runs, and what panels may be granted; the defaults, or those it is open with, when left out.

        Raises
        ------
        StorageError
            If the folder cannot be written, another process has the workspace open, or it is open here with other
            options.
        """
        from nexus_jupyter.notebook.local import LocalHost

        root = Path(folder).expanduser().resolve()
        with _opening:
            there = _opened.get(root)
            if there is not None and not there.closed:
                if options is not None and options != there.host.options:
                    raise StorageError(
                        f"The workspace {root} is open in this process with other options.",
                        hint="Close it first, or leave the options out.",
                    )
                there.holders += 1
                return there.workspace
            host = LocalHost(root, options)
            workspace = cls(host)
            _opened[root] = _Opened(workspace, host)
            return workspace

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self._host.name

    @property
    def closed(self) -> bool:
        """Whether the workspace was closed, here or by somebody else who holds it in this process."""
        return self._host.closed

    @property
    def panels(self) -> list[str]:
        """Names of all panels."""
        return self._host.panels()

    def panel(self, name: str, source: str | object) -> Panel:
        """Create a panel, or give it a new text; values of states that stay are kept.

        The same text again changes nothing. A changed one is merged with what was edited elsewhere since; what excludes
        each other is asked in ``panel.conflicts``, with a warning. A table gives a dashboard, whose text is made by
        rules and can be edited like any other; called again with other rows, it shows those.

        Parameters
        ----------
        name
            The panel's name, as in ``<panel id="...">``.
        source
            Its text; or a DataFrame (pandas, polars, anything with the Arrow C stream interface) to make one of.

        Raises
        ------
        NXMLError
            If the text has errors. ``diagnostics`` has all of them, with fixes; a panel that was there stays.
        FrameError
            If it is neither a text nor a table that can be shown.

        Examples
        --------
        >>> import pandas as pd, tempfile
        >>> with Workspace.open(tempfile.mkdtemp()) as ws:
        ...     panel = ws.panel("sales", pd.DataFrame({"region": ["north", "south"] * 9, "sales": range(18)}))
        ...     panel.state["region"] = "north"
        ...     [tool.name for tool in panel.tools]
        ['filter_region']
        """
        if isinstance(source, str):
            info = self._host.put_panel(name, source, via="cell")
        else:
            made = prepare(name, source)
            frame = frame_name(name)
            self._host.bind(frame, made.table)
            wish = DashboardBody(frame=frame, called=made.called, omitted=made.omitted, via="cell")
            info = self._host.put_dashboard(name, wish)
        asked = [one for one in info.conflicts if (one.id, one.theirs.ts) not in self._told]
        self._told |= {(one.id, one.theirs.ts) for one in asked}
        if asked:
            warnings.warn(
                f"'{name}' has open conflicts, and what is there stays until they are answered: "
                f"{' '.join(one.message for one in asked)} Look at panel.conflicts, and answer with panel.resolve().",
                ConflictWarning,
                stacklevel=2,
            )
        return Panel(self._host, name)

    def commit(
        self, message: str | None = None, *, without_panels: bool = False, include: Sequence[str] = ()
    ) -> VersionInfo:
        """Make a version of the workspace; short for ``ws.history.commit``."""
        return self.history.commit(message, without_panels=without_panels, include=include)

    def stream(self, name: str) -> PanelStream:
        """Write a panel piece by piece, shown as it arrives; use it in a ``with`` block.

        Raises
        ------
        NXMLError
            At the end of the block, if the text has errors; a panel that was there stays.
        """
        return PanelStream(self._host, name)

    def ask(
        self,
        text: str,
        *,
        panel: str | None = None,
        create: str | None = None,
        frames: Sequence[str] = (),
        show: bool = True,
    ) -> Edit:
        """Say what you want; get what would change. Nothing is changed until it is accepted.

        Parameters
        ----------
        text
            The wish, in any language that the model knows.
        panel
            The panel that is meant; the words decide when left out.
        create
            The name of a new panel, when one is wished for.
        frames
            Bound frames that matter, whatever the words say.
        show
            Whether a notebook shows what arrives.

        Returns
        -------
        Edit
            ``preview()``, ``ops``, ``diff``, ``impact``, ``context``; ``accept(ops=...)``, ``reject()``, ``undo(op)``.

        Raises
        ------
        UnavailableError
            If no model is configured; its one sentence says how to.
        ModelError
            If no proposal came of it.
        """
        return ask(self._host, AskBody(text=text, panel=panel, create=create, frames=list(frames)), show=show)

    def assistant(self) -> AssistantView:
        """Return a field for wishes; leave it as a cell's last value to see it."""
        return AssistantView(self._host)

    def __getitem__(self, name: str) -> Panel:
        self._host.panel(name)
        return Panel(self._host, name)

    def __contains__(self, name: object) -> bool:
        return name in self.panels

    def __iter__(self) -> Iterator[str]:
        return iter(self.panels)

    def delete(self, name: str) -> None:
        """Delete a panel; a checkout of an older version brings it back."""
        self._host.delete(name)

    def bind(self, **frames: object) -> None:
        """Give panels tables to read, as ``<frame from="kernel:NAME">``.

        Parameters
        ----------
        **frames
            Tables by name: anything with the Arrow C stream interface (pandas 2.2+, polars, pyarrow, DuckDB ...).
            They are copied to the workspace, so that panels work while this kernel is busy, and after it has gone.

        Raises
        ------
        FrameError
            If a value is no table.
        """
        for name, frame in frames.items():
            self._host.bind(name, tabular(name, frame))

    @overload
    def expose(self, function: F, /) -> F: ...

    @overload
    def expose(self, /, *, name: str) -> Callable[[F], F]: ...

    @overload
    def expose(self, function: F, /, *, name: str) -> F: ...

    def expose(self, function: F | None = None, /, *, name: str | None = None) -> F | Callable[[F], F]:
        """Let panels call a function of this notebook, by name, if they are granted ``kernel.call`` for it.

        Arguments are checked against the function's annotations. A call waits while the notebook is busy. Use it as a
        decorator, with or without a name, or call it.

        Parameters
        ----------
        function
            What to call; its annotations and its docstring are told to panels and tools.
        name
            What panels call it; the function's own name when left out.

        Raises
        ------
        RequestError
            If its parameters cannot be given by name.
        """
        if function is None:
            return lambda found: self.expose(found, name=name or found.__name__)
        self._exposed.add(function, name or function.__name__)
        self._host.expose(self._exposed)
        return function

    def export_html(self, *panels: str, title: str | None = None) -> str:
        """Return panels, all when none is named, as one HTML page that lives on without a server.

        Of frames of more than 50,000 rows it has the first, which it says; `export` puts all of them beside the page.

        Raises
        ------
        NotFoundError
            If there is no panel of a name.
        """
        return self._host.export_html(list(panels), title, "").html

    def export(self, path: str | os.PathLike[str], *panels: str, title: str | None = None) -> list[Path]:
        """Write panels, all when none is named, as one HTML page that lives on without a server.

        Parameters
        ----------
        path
            The page's file.
        panels
            Which panels, in order.
        title
            The page's; the panels' titles when left out.

        Returns
        -------
        files
            What was written: the page, and, where a frame has more than the 50,000 rows that a page takes, all its
            rows as ``NAME_files/FRAME.parquet`` beside it, to which the page links.

        Raises
        ------
        NotFoundError
            If there is no panel of a name.
        """
        page = Path(path)
        beside = page.parent / f"{page.stem}_files"
        made = self._host.export_html(list(panels), title, beside.name)
        files = [beside / f"{name}.parquet" for name in made.cut]
        for name, file in zip(made.cut, files, strict=True):
            beside.mkdir(parents=True, exist_ok=True)
            pq.write_table(self._host.table(name), file)
        page.write_text(made.html, encoding="utf-8")
        return [page, *files]

    def grant(self, panel: str, cap: str, *, target: str | None = None, seconds: float | None = None) -> None:
        """Allow a panel something that its text asks for with ``<uses>``.

        Parameters
        ----------
        panel
            The panel's name.
        cap
            A capability, such as ``"net.http"``.
        target
            What for: an origin, a folder, a function's name ...; anything when left out.
        seconds
            For how long; until revoked when left out.
        """
        self._host.grant(panel, cap, target, seconds)

    def revoke(self, panel: str, cap: str | None = None, *, target: str | None = None) -> int:
        """Take back what a panel was allowed; return how many grants that ended.

        Without a target those of a capability for any target, without a capability all. Runs under way lose it too.
        """
        return self._host.revoke(panel, cap, target)

    @property
    def grants(self) -> pd.DataFrame:
        """All grants there ever were: panel, cap, target, granted_by, at, until, revoked_by, revoked_at, stale, holds.

        One whose panel has other code now than when it was given is stale, and does not hold.
        """
        import pandas as pd

        columns = ["panel", "cap", "target", "granted_by", "at", "until", "revoked_by", "revoked_at", "stale"]
        table = pd.DataFrame([grant.model_dump(include=set(columns)) for grant in self._host.grants()], columns=columns)
        for column in ("at", "until", "revoked_at"):
            table[column] = pd.to_datetime(table[column], utc=True)
        now = pd.Timestamp.now(tz="UTC")
        lasting = table["until"].isna() | (table["until"] > now)
        return table.assign(holds=table["revoked_at"].isna() & lasting & ~table["stale"].astype(bool))

    @property
    def runs(self) -> pd.DataFrame:
        """The newest runs of actions: id, ts, panel, action, actor, outcome, cpu_ms, wall_ms, memory_bytes."""
        import pandas as pd

        columns = list(RunInfo.model_fields)
        table = pd.DataFrame([run.model_dump() for run in self._host.runs()], columns=columns)
        return table.assign(ts=pd.to_datetime(table["ts"], utc=True))

    def replay(self, run: str) -> ReplayInfo:
        """Run a recorded run again, with the clock, the chance and the host's answers of then.

        Nothing is changed and nothing is asked of anybody. ``same`` tells whether it did the same, bit for bit.

        Raises
        ------
        NotFoundError
            If there is no recording of it.
        RequestError
            If it was recorded with another version of the engine.
        """
        return self._host.replay(run)

    def close(self) -> None:
        """Let go of the workspace. Nothing is lost: every change is saved when it is made.

        Every call after this is refused, for all who hold the workspace in this process.
        """
        self._host.close()
        with _opening:
            for root in [root for root, one in _opened.items() if one.workspace is self]:
                del _opened[root]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _opening:
            mine = next((one for one in _opened.values() if one.workspace is self), None)
            if mine is not None and mine.holders > 1 and not mine.closed:
                mine.holders -= 1
                return
        self.close()

    def _ipython_key_completions_(self) -> list[str]:
        return self.panels

    def __repr__(self) -> str:
        if self.closed:
            return f"Workspace(closed; it was {self._host.description})"
        since = f", since {self.reason}" if self.reason else ""
        return f"Workspace({self.name!r}, {self._host.description}{since})"


@dataclass
class _Opened:
    """A workspace that is open in this process, and how often it was asked for."""

    workspace: Workspace
    host: LocalHost
    holders: int = 1

    @property
    def closed(self) -> bool:
        return self.host.closed


#: Workspaces that are open in this process, by folder.
_opened: dict[Path, _Opened] = {}
_opening = threading.Lock()
