"""What a chart draws of a query's rows: as few rows as it has room for, chosen as the kind of its marks wants it."""

from __future__ import annotations

from dataclasses import dataclass

from nexus_jupyter.frames.query import Plan, Statement
from nexus_jupyter.frames.terms import NUMBERS, Term
from nexus_jupyter.protocol.pages import Marks

__all__ = ["PART", "Reduction", "reduction"]

#: The column that says in which part of a line a row lies. No column of a frame has this name.
PART = ""
#: Parts of one line: about as many as a chart has pixels across, since each part has up to four points for a column.
_PARTS = 600
_ENDS = 4


@dataclass(frozen=True, slots=True)
class Reduction:
    """The rows that make the marks of a chart, of a query that has more.

    Parameters
    ----------
    plan
        The query.
    marks
        What the chart asks for; the columns are there, and those upwards hold numbers.
    """

    plan: Plan
    marks: Marks

    @property
    def columns(self) -> dict[str, Term]:
        """The columns that `rows` gives."""
        return self._columns | ({PART: Term("part", "int")} if self.marks.kind == "line" else {})

    def counts(self) -> Statement:
        """Return the statement for the number of marks, of rows without x and of rows without each y, and of groups.

        Rows without x are not counted again as rows without y.
        """
        x, ys, by = self._terms
        if x is None:
            return self.plan.statement(f"SELECT count(*), 0, 0 FROM ({self.plan.source.sql})")  # noqa: S608 - own names
        there = " + ".join(f"count({y.sql}) FILTER ({x.sql} IS NOT NULL)" for y in ys)
        lacking = "".join(f", count(*) FILTER ({x.sql} IS NOT NULL AND {y.sql} IS NULL)" for y in ys)
        groups = "1" if by is None else f"count(DISTINCT {by.sql}) + CAST(count(*) > count({by.sql}) AS INTEGER)"
        if self.marks.kind == "bars":
            bars = " + ".join(f"CAST(count({y.sql}) > 0 AS INTEGER)" for y in ys)
            keys = ", ".join(term.sql for term in (x, by) if term is not None)
            there = (
                f"(SELECT coalesce(sum(bars), 0) FROM (SELECT {bars} AS bars FROM ({self.plan.source.sql}) "  # noqa: S608 - own names
                f"WHERE {x.sql} IS NOT NULL GROUP BY {keys}))"
            )
        sql = f"SELECT {there}, count(*) - count({x.sql}){lacking}, {groups} FROM ({self.plan.source.sql})"  # noqa: S608 - own names
        return self.plan.statement(sql)

    def rows(self, groups: int) -> Statement:
        """Return the statement for the rows that make the marks; ``groups`` is how many groups there are."""
        match self.marks.kind:
            case "line":
                return self._line(groups)
            case "bars":
                return self._bars()
            case _:
                return self._sample()

    def _line(self, groups: int) -> Statement:
        """Keep, of each part of x, what a line through all of its rows would touch (Jugel et al., M4, VLDB 2014).

        For each column the first and last row that has a value, and those with the least and the greatest. Of a part
        without any value one row is kept, which is where the line has a gap.
        """
        x, ys, by = self._terms
        assert x is not None
        each = self.marks.most // (_ENDS * len(ys))
        parts = max(1, min(_PARTS, each // max(1, groups)))
        group = "" if by is None else by.sql
        key = f"{group}, part" if group else "part"
        across, within = _position(x), self._there(x)
        if groups > each:
            # The first groups in the order of the rows; a group of nulls is compared like any other.
            text = f"coalesce(CAST({group} AS VARCHAR), '')"
            within += (
                f" AND {text} IN (SELECT {text} FROM {self._numbered} "  # noqa: S608 - own names
                f"GROUP BY 1 ORDER BY min(line) LIMIT {each})"
            )
        kept = ", ".join(
            f"arg_min(line, across) FILTER ({y.sql} IS NOT NULL), arg_max(line, across) FILTER ({y.sql} IS NOT NULL), "
            f"arg_min(line, {y.sql}), arg_max(line, {y.sql}), CASE WHEN count({y.sql}) = 0 THEN min(line) END"
            for y in ys
        )
        sql = (
            f"WITH numbered AS (SELECT *, {across} AS across FROM {self._numbered} WHERE {within}), "  # noqa: S608 - own names
            "ends AS (SELECT min(across) AS low, max(across) AS high FROM numbered), "
            f"parted AS (SELECT *, coalesce(least({parts - 1}, CAST(floor((across - low) / nullif(high - low, 0) "
            f"* {parts}) AS BIGINT)), 0) AS part FROM numbered, ends), "
            f"kept AS (SELECT DISTINCT unnest([{kept}]) AS line FROM parted GROUP BY {key}) "
            f"SELECT {self._selected}, part FROM parted WHERE line IN (SELECT line FROM kept) ORDER BY across, line"
        )
        return self.plan.statement(sql)

    def _sample(self) -> Statement:
        """Keep so many rows by a hash of their place, and those with the least and the greatest of each column."""
        x, ys, _ = self._terms
        most = max(1, self.marks.most // max(1, len(ys)))
        ends = ", ".join(
            f"{end}(line, {term.sql})" for term in ([x, *ys] if x else []) for end in ("arg_min", "arg_max")
        )
        extremes = f"SELECT DISTINCT unnest([{ends or 'NULL'}]) AS line FROM numbered"  # noqa: S608 - own names
        numbered = f"SELECT * FROM {self._numbered} WHERE {self._there(x)}"  # noqa: S608 - own names
        # Only the lines are sorted, not the rows: those are many.
        few = f"SELECT line FROM numbered ORDER BY hash(line), line LIMIT {most}"  # noqa: S608 - own names
        sql = (
            f"WITH numbered AS ({numbered}), extremes AS ({extremes}), "  # noqa: S608 - own names
            f"few AS (({few}) UNION SELECT line FROM extremes), "
            "kept AS (SELECT line FROM few WHERE line IS NOT NULL "
            f"ORDER BY line IN (SELECT line FROM extremes) DESC, hash(line), line LIMIT {most}) "
            f"SELECT {self._selected} FROM numbered WHERE line IN (SELECT line FROM kept) ORDER BY line"
        )
        return self.plan.statement(sql)

    def _bars(self) -> Statement:
        """Sum what has the same x and group, in the order of the rows; an x has all of its bars or none."""
        x, ys, by = self._terms
        assert x is not None
        keys = list(dict.fromkeys(term.sql for term in (x, by) if term is not None))
        sums = [f"sum(CAST({y.sql} AS DOUBLE)) AS y{i}" for i, y in enumerate(ys)]
        count = " + ".join(f"CAST(y{i} IS NOT NULL AS INTEGER)" for i in range(len(ys)))
        sql = (
            f"WITH summed AS (SELECT {', '.join([*keys, *sums])}, min(line) AS line FROM {self._numbered} "  # noqa: S608 - own names
            f"WHERE {x.sql} IS NOT NULL GROUP BY {', '.join(keys)}), "
            f"placed AS (SELECT *, min(line) OVER (PARTITION BY {x.sql}) AS place FROM summed), "
            f"counted AS (SELECT *, sum({count}) OVER (ORDER BY place RANGE UNBOUNDED PRECEDING) AS upto FROM placed) "
            f"SELECT {', '.join([*keys, *(f'y{i}' for i in range(len(ys)))])} FROM counted "
            f"WHERE upto <= {self.marks.most} OR place = (SELECT min(place) FROM placed) "
            f"ORDER BY place, line LIMIT {self.marks.most}"
        )
        return self.plan.statement(sql)

    @property
    def _terms(self) -> tuple[Term | None, list[Term], Term | None]:
        x, by = (None if name is None else self.plan.column(name) for name in (self.marks.x, self.marks.by))
        return x, [self.plan.column(name) for name in dict.fromkeys(self.marks.y)], by

    @property
    def _columns(self) -> dict[str, Term]:
        if self.marks.kind == "rows":
            return self.plan.source.columns
        keys = [name for name in (self.marks.x, self.marks.by) if name is not None]
        return {name: self.plan.column(name) for name in (*keys, *self.marks.y)}

    @property
    def _selected(self) -> str:
        return ", ".join(term.sql for term in self._columns.values())

    @property
    def _numbered(self) -> str:
        """The rows with ``line``, which grows in their order; the frame's own number does where they have no other."""
        source = self.plan.source
        if not source.order and source.tie:
            return f"(SELECT *, {source.tie[0]} AS line FROM ({source.sql}))"  # noqa: S608 - own names
        return f"(SELECT *, row_number() OVER ({source.by().strip()}) AS line FROM ({source.sql}))"  # noqa: S608 - own names

    def _there(self, x: Term | None) -> str:
        """Return the condition that a row makes a mark; a line has gaps where it has no value."""
        if x is None:
            return "TRUE"
        _, ys, _ = self._terms
        some = " OR ".join(f"{y.sql} IS NOT NULL" for y in ys)
        return f"{x.sql} IS NOT NULL" if self.marks.kind == "line" else f"{x.sql} IS NOT NULL AND ({some})"


def reduction(plan: Plan, marks: Marks) -> Reduction | None:
    """Return how a query's rows become fewer, or nothing where its columns are not those that the chart asks for.

    The chart then has the columns that there are, and says which one it does not find.
    """
    columns = plan.source.columns
    if marks.kind == "rows":
        return Reduction(plan, marks)
    wanted = [name for name in (marks.x, marks.by) if name is not None]
    known = marks.x is not None and marks.y and all(name in columns for name in (*wanted, *marks.y))
    if not known or not all(columns[name].kind in NUMBERS for name in marks.y):
        return None
    # The sum of a column and the column itself would be two columns of one name.
    return None if marks.kind == "bars" and set(wanted) & set(marks.y) else Reduction(plan, marks)


def _position(x: Term) -> str:
    match x.kind:
        case "int" | "float":
            return f"CAST({x.sql} AS DOUBLE)"
        case "date":
            return f"CAST(epoch_us({x.sql}) AS DOUBLE)"
        case _:
            return "CAST(line AS DOUBLE)"  # in the order of the rows
