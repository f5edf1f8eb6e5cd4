"""Frames of a workspace: kept as Arrow files, queried by DuckDB in this process.

They are copies: a panel goes on working while the kernel that bound them is busy, or gone.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from nexus_jupyter.arrow import decoded
from nexus_jupyter.frames import arrow
from nexus_jupyter.frames.constants import decided, evaluate, shape
from nexus_jupyter.frames.database import Database, LoadedFrame, StaleTableError
from nexus_jupyter.frames.marks import reduction
from nexus_jupyter.frames.page import FrameColumn, Page, plain
from nexus_jupyter.frames.query import Plan, chain, constants_of, decisions_of, plan, selected
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.expression import Expression
from nexus_jupyter.protocol.pages import AggregateRequest, Drawn, Marks
from nexus_jupyter.protocol.panel import Build, ColumnDeclaration, FrameDeclaration, Ordering, QueryDeclaration

__all__ = ["FrameInfo", "FrameStore"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
#: Tables that functions gave, of all panels.
_HELD = 64
#: Compiled forms of one query: one for each shape of its states.
_PLANS = 32
#: Groups whose place among the others is kept when some are left out.
_GROUPS = 1000


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """What is known of a bound frame."""

    rows: int
    digest: str
    columns: list[FrameColumn]


def _unanswerable(query: str, error: duckdb.Error) -> FrameError:
    first = str(error).splitlines()[0]
    return FrameError(f"The query '{query}' cannot be answered: {first}.", hint="Simplify it, or bind fewer rows.")


def _zone(kind: pa.DataType) -> str | None:
    return kind.tz if pa.types.is_timestamp(kind) else None


@dataclass(frozen=True, slots=True)
class _Chain:
    """A query of one build."""

    frame: FrameDeclaration
    queries: list[QueryDeclaration]
    constants: list[Expression]
    decisions: list[Expression]
    plans: OrderedDict[Hashable, Plan]


class FrameStore:
    """Keeps and queries frames; safe to use from any thread.

    Parameters
    ----------
    folder
        Where their files lie; what is there is found again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._loaded: dict[str, LoadedFrame] = {}
        self._held = OrderedDict[tuple[str, str], LoadedFrame]()
        self._database = Database()

    def put(self, name: str, table: pa.Table) -> FrameInfo:
        """Keep a table under a name.

        Raises
        ------
        FrameError
            If the name or a column cannot be used, or the file cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise FrameError(
                f"'{name}' is no name for a frame: it takes letters, digits and _.",
                hint="Start with a letter or _, at most 100 characters.",
            )
        table = arrow.usable(name, table)
        data, digest = arrow.file_bytes(table)
        path = self._path(name)
        with self._lock:
            try:
                if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                    arrow.write(path, data)
                    self._forget(name)
            except OSError as error:
                raise FrameError(
                    f"The frame '{name}' cannot be saved: {error.strerror or error}.",
                    hint="Free some disk space, or bind fewer rows.",
                ) from error
            self._frame(name)
        columns = [FrameColumn(field.name, arrow.column_kind(field.type), _zone(field.type)) for field in table.schema]
        return FrameInfo(table.num_rows, digest, columns)

    def table(self, name: str) -> pa.Table:
        """Return a bound frame; moments have their zones, categories are texts.

        Raises
        ------
        FrameError
            If nothing is bound under that name.
        """
        return decoded(self._frame(name).table)

    def hold(self, panel: str, frame: str, table: pa.Table, *, declared: Sequence[ColumnDeclaration] = ()) -> None:
        """Keep, in memory only, the table that a function gave for a frame of a panel, in place of the one before.

        An empty list says nothing of columns: they are those that the panel declares, or those of the rows before.

        Raises
        ------
        FrameError
            If the table has columns that a panel cannot show.
        """
        if not table.column_names:
            table = self._without_rows(panel, frame, declared)
        loaded = self._database.load(arrow.usable(frame, table))
        with self._lock:
            old = self._held.pop((panel, frame), None)
            self._held[panel, frame] = loaded
            gone = [self._held.popitem(last=False)[1]] if len(self._held) > _HELD else []
        for one in (*gone, *([old] if old is not None else [])):
            self._database.drop(one)

    def page(
        self,
        build: Build,
        query: str,
        state: dict[str, JsonValue],
        *,
        marks: Marks | None = None,
        offset: int = 0,
        limit: int = 100,
        order: Sequence[Ordering] = (),
        aggregates: Sequence[AggregateRequest] = (),
    ) -> Page:
        """Return a part of a query's rows, the number of all of them, and numbers over all of them.

        Parameters
        ----------
        build
            The panel's build.
        query
            One of its queries or frames.
        state
            Values of the states that the query reads.
        offset, limit
            Which rows; a limit of 0 gives the numbers alone.
        order
            Sorts the rows before the query's own order.
        aggregates
            Numbers over all rows.
        marks
            Give what a chart draws of the rows, in place of a page.

        Raises
        ------
        FrameError
            If a frame is not bound, or the query does not fit it.
        """
        try:
            while True:
                try:
                    made = self._plan(build, query, state)
                    if marks is None:
                        return self._answer(made, state, offset=offset, limit=limit, order=order, aggregates=aggregates)
                    # So few that none would be left out are there sooner without asking which ones matter.
                    page = self._answer(made, state, offset=0, limit=marks.most, order=(), aggregates=aggregates)
                    drawn = Drawn(groups=self._groups(build, query, state, marks.by))
                    if page.total <= page.table.num_rows:
                        return replace(page, marks=drawn)
                    return self._reduced(made, page, state, marks, drawn)
                except StaleTableError:
                    continue  # the frame was bound anew meanwhile
        except duckdb.Error as error:
            raise _unanswerable(query, error) from error

    def rows(self, build: Build, query: str, state: dict[str, JsonValue]) -> pa.Table:
        """Return all rows of a query, with the types of their frame; raises as `page`.

        Moments have their zone. Of an hour that comes twice, those that a query groups by are the first.
        """
        while True:
            try:
                base = self._base(build, query)
                found = self._all_rows(self._plan(build, query, state, base=base), base, state)
            except StaleTableError:
                continue  # the frame was bound anew meanwhile
            except duckdb.Error as error:
                raise _unanswerable(query, error) from error
            return found

    def names(self) -> list[str]:
        """Return the names of all bound frames."""
        return sorted(path.stem for path in self._folder.glob("*.arrow") if _NAME.fullmatch(path.stem))

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _base(self, build: Build, query: str) -> LoadedFrame:
        frame = self._chain(build, query).frame
        return self._frame(frame.source.removeprefix("kernel:")) if frame.call is None else self._given(build.id, frame)

    def _all_rows(self, made: Plan, base: LoadedFrame, state: dict[str, JsonValue]) -> pa.Table:
        if made.source.columns == base.source.columns and made.source.tie == base.source.tie:
            # Only chosen and sorted: the rows are those of the frame itself, whatever their types are.
            places = self._database.rows(made.all_rows("place"), state)
            return base.table.take(places.column(0))
        rows = self._database.rows(made.all_rows(selected(made.source.columns)), state)
        terms = made.source.columns.items()
        return pa.table({name: arrow.restored(rows, term.sql, term.rank, term.zone) for name, term in terms})

    def _answer(
        self,
        made: Plan,
        state: dict[str, JsonValue],
        *,
        offset: int,
        limit: int,
        order: Sequence[Ordering],
        aggregates: Sequence[AggregateRequest],
    ) -> Page:
        rows = pa.table({})
        if limit:
            rows = made.named(self._database.rows(made.rows(offset, limit, order), state))
            # The last page tells how many there are: no need to count.
            if not aggregates and (0 < rows.num_rows < limit or rows.num_rows == offset == 0):
                return Page(rows, offset + rows.num_rows, [])
        total, *numbers = self._database.numbers(made.numbers(aggregates), state)
        return Page(rows, int(str(total)), [plain(value) for value in numbers])

    def _reduced(self, made: Plan, page: Page, state: dict[str, JsonValue], marks: Marks, drawn: Drawn) -> Page:
        """Return what a chart draws of more rows than it has room for, in place of the first of them."""
        reduced = reduction(made, marks)
        if reduced is None:
            return replace(page, marks=drawn.model_copy(update={"there": page.total, "missing": {}}))
        there, *lacking, groups = (int(str(number)) for number in self._database.numbers(reduced.counts(), state))
        wanted = [marks.x, *dict.fromkeys(marks.y)] if marks.x is not None else []
        missing = dict(zip(wanted, lacking, strict=False))
        rows = made.named(self._database.rows(reduced.rows(groups), state), reduced.columns)
        return replace(page, table=rows, marks=drawn.model_copy(update={"there": there, "missing": missing}))

    def _groups(self, build: Build, query: str, state: dict[str, JsonValue], by: str | None) -> list[JsonValue]:
        """Return the different values of a column, whatever rows the queries leave out."""
        if by is None:
            return []
        made = self._plan(build, query, state, conditions=False)
        if by not in made.source.columns:
            return []
        term = made.column(by)
        sql = f"SELECT DISTINCT {term.sql} AS c0 FROM ({made.source.sql}) ORDER BY c0 NULLS LAST LIMIT {_GROUPS}"  # noqa: S608 - own names
        found = self._database.rows(made.statement(sql), state)
        return [plain(value) for value in found.column(0).to_pylist()]

    def _plan(
        self,
        build: Build,
        query: str,
        state: dict[str, JsonValue],
        *,
        conditions: bool = True,
        base: LoadedFrame | None = None,
    ) -> Plan:
        """Return a query's compiled form, over the newest rows of its frame unless it is told which."""
        asked = self._chain(build, query)
        name = asked.frame.source.removeprefix("kernel:")
        loaded = base or self._base(build, query)
        dates = [
            column.name
            for column in asked.frame.columns
            if column.type.kind == "date" and column.name in loaded.source.columns
        ]
        source = self._database.dated(name, loaded, dates)
        shapes = tuple(shape(evaluate(constant, state)) for constant in asked.constants)
        holding = tuple(decided(decision, state) for decision in asked.decisions)
        key = (source.sql, shapes, holding, conditions)
        with self._lock:
            found = asked.plans.get(key)
        if found is None:
            queries = asked.queries
            if not conditions:
                queries = [one.model_copy(update={"where": None, "limit": None}) for one in queries]
            found = plan(query, source, queries, state)
            with self._lock:
                asked.plans[key] = found
                if len(asked.plans) > _PLANS:
                    asked.plans.popitem(last=False)
        return found

    def _chain(self, build: Build, query: str) -> _Chain:
        def follow() -> _Chain:
            frame, queries = chain(build, query)
            return _Chain(frame, queries, constants_of(queries), decisions_of(queries), OrderedDict())

        return build.remembered((FrameStore, query), follow)

    def _without_rows(self, panel: str, frame: str, declared: Sequence[ColumnDeclaration]) -> pa.Table:
        with self._lock:
            before = self._held.get((panel, frame))
        if declared:
            return pa.table({one.name: pa.array([], arrow.type_of(one.type.kind)) for one in declared})
        if before is not None:
            return before.table.slice(0, 0)
        raise FrameError(
            f"The function of the frame '{frame}' gave no rows and no columns.",
            hint=f'Return a DataFrame with its columns, or declare them: <frame name="{frame}" columns="...">.',
        )

    def _given(self, panel: str, frame: FrameDeclaration) -> LoadedFrame:
        with self._lock:
            found = self._held.get((panel, frame.name))
        if found is None:
            raise FrameError(
                f"The frame '{frame.name}' has no rows yet: {frame.source.removeprefix('kernel:')} was not called.",
                hint="It is called when somebody looks at the panel.",
            )
        return found

    def _frame(self, name: str) -> LoadedFrame:
        with self._lock:
            found = self._loaded.get(name)
            if found is None:
                found = self._loaded[name] = self._database.load(self._read(name))
            return found

    def _read(self, name: str) -> pa.Table:
        path = self._path(name)
        if not _NAME.fullmatch(name) or not path.exists():
            raise FrameError(
                f"The frame '{name}' is not bound.", hint=f"In the notebook, run ws.bind({name}=...) with a DataFrame."
            )
        try:
            return arrow.read(path)
        except (OSError, pa.ArrowException) as error:
            raise FrameError(
                f"The file of the frame '{name}' cannot be read: {error}.", hint=f"Bind it again: ws.bind({name}=...)."
            ) from error

    def _forget(self, name: str) -> None:
        old = self._loaded.pop(name, None)
        if old is not None:
            self._database.drop(old)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.arrow"
