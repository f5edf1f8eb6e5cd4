"""``kernel.past``: what happened, for a time bar, and panels as they were. From the journal alone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, case, func, or_, select

from nexus_jupyter.frames import Page
from nexus_jupyter.nog import Graph, own_attr
from nexus_jupyter.nog.deltas import Difference
from nexus_jupyter.nog.explain import told
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.past import HistoryRequest, PastPanel, Tick, Ticks
from nexus_jupyter.protocol.patch import Cause
from nexus_jupyter.protocol.stream import FramePage
from nexus_jupyter.storage.database import reading
from nexus_jupyter.storage.schema import journal as table
from nexus_jupyter.workspace.panels import panel_view, view_scoped

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["Past"]

#: Rows that one query asks for by their revs.
_AT_ONCE = 500
#: Longer ops are those of texts, which are not told in a line; shorter ones are read for the values that they set.
_TOLD = 4000
#: Characters of a value, and values of a change, that are told.
_LONGEST, _MOST = 60, 3


class Past:
    """Answers questions about the past of one workspace.

    Parameters
    ----------
    kernel
        The workspace.
    """

    def __init__(self, kernel: WorkspaceKernel) -> None:
        self._kernel = kernel
        #: Tells this workspace from others in the same page.
        self.instance = uuid.uuid4().hex

    def history(self, wish: HistoryRequest, user: str) -> Ticks:
        """Return changes in a range of revs, thinned evenly if there are more than are wanted.

        Parameters
        ----------
        wish
            The range; of a panel, which the changes of the whole workspace concern too, or of all.
        user
            Whose personal values may be told.
        """
        base, newest = self._kernel.journal.base, self._kernel.head.rev
        first, last = max(wish.after, base.rev) + 1, newest if wish.upto is None else min(wish.upto, newest)
        revs: Sequence[int] = range(first, last + 1)
        if wish.panel is not None:
            revs = self._revs_of(wish.panel, first, last)
        chosen = _thinned(revs, wish.most)
        rows = self._rows([revs[index] for index in chosen])
        ticks = []
        before = -1
        for index, row in zip(chosen, rows, strict=True):
            ticks.append(_tick(row, user, index - before))
            before = index
        return Ticks(ticks=ticks, newest=newest, begins=base.rev, begins_ts=base.ts)

    def panel(self, name: str, user: str, *, rev: int | None = None, ts: int | None = None) -> PastPanel:
        """Return a panel as one person had it, after a rev or at a time.

        Raises
        ------
        NotFoundError
            If the rev is still to come, or the moment was dropped when the journal was compacted.
        """
        rev = self.rev_at(ts) if rev is None and ts is not None else self._kernel.head.rev if rev is None else rev
        graph = self._kernel.writer.at(rev)
        mark = self._kernel.journal.mark(rev)
        past = PastPanel(panel=name, rev=rev, ts=mark.ts if mark is not None else 0, exists=False)
        cause = self._cause(name, rev)
        past = past.model_copy(update={"cause": _tick(cause, user, 1) if cause is not None else None})
        if name not in graph or graph.entity(name).type != "Panel":
            return past
        view = panel_view(graph, name, user)
        links = self._kernel.links.state_in(graph, name, user)
        return past.model_copy(
            update={
                "exists": True,
                "nxml": view.nxml,
                "state": view.state,
                "links": {key: value for key, value in links.items() if key not in view.state},
                "present": self._present(graph, self._kernel.reactor.check(view.nxml)),
            }
        )

    def page(self, frame: FramePage, rev: int, user: str) -> Page:
        """Return rows of a query with the text and the states of a rev; the frame's rows are those of now.

        Raises
        ------
        NotFoundError
            If there was no such panel at that rev.
        FrameError
            If the frame is not bound any more, or is another one now.
        """
        graph = self._kernel.writer.at(rev)
        build = self._kernel.reactor.check(panel_view(graph, frame.panel, user).nxml)
        state = {**self._kernel.links.state_in(graph, frame.panel, user), **view_scoped(build, frame.state)}
        return self._kernel.frames.page(
            build,
            frame.query,
            state,
            offset=frame.offset,
            limit=frame.limit,
            order=frame.order,
            aggregates=frame.aggregates,
            marks=frame.marks,
        )

    def rev_at(self, ts: int) -> int:
        """Return the rev that the workspace was at, at a time in nanoseconds since the epoch.

        Raises
        ------
        NotFoundError
            If the time is before what the journal still knows.
        """
        journal = self._kernel.journal
        if ts < journal.base.ts:
            raise NotFoundError(
                "What was then is gone: the journal was compacted, and begins later.",
                hint="A commit from that time can be checked out.",
            )
        low, high = journal.base.rev, self._kernel.head.rev
        while low < high:  # time never runs backwards in the journal
            middle = (low + high + 1) // 2
            mark = journal.mark(middle)
            low, high = (middle, high) if mark is not None and mark.ts <= ts else (low, middle - 1)
        return low

    def _present(self, graph: Graph, build: Build) -> list[str]:
        """Return the frames of a panel whose rows are not known to be those of then."""
        now = self._kernel.head.graph

        def digest(of: Graph, source: str) -> JsonValue:
            entity = f"frame:{source.removeprefix('kernel:')}"
            return of.entity(entity).attrs.get("digest") if entity in of else None

        return [
            frame.name
            for frame in build.frames
            if frame.call is not None
            or digest(graph, frame.source) is None
            or digest(graph, frame.source) != digest(now, frame.source)
        ]

    def _revs_of(self, panel: str, first: int, last: int) -> list[int]:
        query = select(table.c.rev).where(self._mine, table.c.rev.between(first, last), _concerns(panel))
        with reading(self._kernel.journal.engine) as connection:
            return list(connection.execute(query.order_by(table.c.rev)).scalars())

    def _rows(self, revs: Sequence[int]) -> list[Row[Any]]:  # Any: columns of several types
        found: list[Row[Any]] = []
        with reading(self._kernel.journal.engine) as connection:
            for start in range(0, len(revs), _AT_ONCE):
                query = _TICKS.where(self._mine, table.c.rev.in_(revs[start : start + _AT_ONCE]))
                found += connection.execute(query.order_by(table.c.rev))
        return found

    def _cause(self, panel: str, rev: int) -> Row[Any] | None:  # Any: as above
        query = _TICKS.where(self._mine, table.c.rev <= rev, table.c.rev > self._kernel.journal.base.rev)
        newest: list[Row[Any]] = []
        with reading(self._kernel.journal.engine) as connection:
            for one in (table.c.panel == panel, table.c.panel.is_(None)):  # each is a walk along an index
                newest += connection.execute(query.where(one).order_by(table.c.rev.desc()).limit(1))
        return max(newest, key=lambda row: int(row.rev), default=None)

    @property
    def _mine(self) -> Any:  # Any: a SQL expression
        return table.c.workspace == self._kernel.store.key


def _short(column: Any) -> Any:  # Any: SQL expressions
    return case((func.length(column) <= _TOLD, column), else_="[]").label(column.name)


_TICKS = select(
    table.c.rev,
    table.c.ts,
    table.c.panel,
    table.c.actor,
    table.c.cause,
    _short(table.c.ops),
    _short(table.c.inverse),
)


def _concerns(panel: str) -> Any:  # Any: a SQL expression
    return or_(table.c.panel == panel, table.c.panel.is_(None))


def _thinned(revs: Collection[int], most: int) -> list[int]:
    """Return the indices of those that are kept: the newest of each of so many equal parts."""
    count = len(revs)
    parts = min(count, most)
    return [(part + 1) * count // parts - 1 for part in range(parts)]


def _tick(row: Row[Any], user: str, count: int) -> Tick:  # Any: columns of several types
    actor, cause = Actor.model_validate_json(row.actor), Cause.model_validate_json(row.cause)
    return Tick(
        rev=row.rev,
        ts=row.ts,
        actor=actor.name or actor.id,
        kind=cause.kind,
        via=cause.via,
        panel=row.panel,
        text=told(actor, cause, row.panel),
        what=_what(json.loads(row.ops), json.loads(row.inverse), user),
        count=count,
    )


def _what(ops: Iterable[dict[str, Any]], inverse: Iterable[dict[str, Any]], user: str) -> str:  # Any: JSON of ops
    """Say which values of states a change has set, from what to what; those of other people are not told."""
    seen = ("value", own_attr(user))
    assigning = ("set", "edit")
    before = {op["id"]: op["attrs"] | op.get("edits", {}) for op in inverse if op["op"] in assigning}
    told_: list[str] = []
    for op in ops:
        _, found, name = str(op.get("id", "")).partition("/state.")
        if op["op"] not in assigning or not found:
            continue
        for key in seen:
            if key in op["attrs"]:
                was = f"{_shown(before[op['id']][key])} \u2192 " if key in before.get(op["id"], {}) else ""
                told_.append(f"{name}: {was}{_shown(op['attrs'][key])}")
            elif key in op.get("edits", {}):
                told_.append(_edited(name, op["edits"][key], before[op["id"]][key]))
    more = len(told_) - _MOST
    return ", ".join(told_[:_MOST]) + (f" and {more} more" if more > 0 else "")


def _edited(name: str, forward: Difference, backward: Difference) -> str:
    """Say what a difference changes: where, and from what to what, if it is one place."""
    while True:
        if "list" in forward and len(forward["list"]) == 1:
            (at, *rest), (_, *back) = forward["list"][0], backward["list"][0]
            name += f"[{at}]"
            if len(rest) > 1:
                return f"{name}: {_shown(back[1])} \u2192 {_shown(rest[1])}"
            forward, backward = rest[0], back[0]
        elif len(forward.get("dict", {})) == 1 and len(forward) == 1:
            key = next(iter(forward["dict"]))
            name += f".{key}"
            forward, backward = forward["dict"][key], backward["dict"][key]
        else:
            break
    if "set" in forward:
        return f"{name}: {_shown(backward['set'])} \u2192 {_shown(forward['set'])}"
    if "text" in forward:
        return f"{name}: \u2026{_shown(backward['text'][2])} \u2192 \u2026{_shown(forward['text'][2])}"
    if "list" in forward:
        return f"{name}: {len(forward['list'])} places"
    keys = [*forward["dict"], *forward.get("gone", ()), *(key for _, key, _ in forward.get("new", ()))]
    return f"{name}: {_shown(', '.join(keys))}"


def _shown(value: JsonValue) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"
