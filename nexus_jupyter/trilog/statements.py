"""Which statements people may ask: the engine parses the text, and its tree may have only what is listed here.

The text is first given to the engine as a value (``formatQuery``), so that it is parsed and not run: it must be one
statement, and what comes back has no comments. The tree of that (``EXPLAIN AST``) is walked line by line. Every node
must be of a known kind, every function in `functions.txt`, and every table one of the history's. Nodes whose tree does
not show all that they hold (``APPLY``) are not among them. A name that holds a line break adds lines to the tree, and
cannot take any away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.trilog.database import Database

__all__ = ["checked"]

#: Kinds of nodes of a query. Those of settings, parameters, formats, files and lambdas of APPLY are not here.
_QUERY = frozenset(
    [
        "ArrayJoin", "Asterisk", "ColumnsExceptTransformer", "ColumnsListMatcher", "ColumnsRegexpMatcher",
        "ColumnsReplaceTransformer", "ColumnsReplaceTransformer::Replacement", "ColumnsTransformerList",
        "ExpressionList", "Function", "Identifier", "InterpolateElement", "Literal", "OrderByElement",
        "QualifiedAsterisk", "QualifiedColumnsListMatcher", "QualifiedColumnsRegexpMatcher", "SampleRatio",
        "SelectIntersectExceptQuery", "SelectQuery", "SelectWithUnionQuery", "Subquery", "TableExpression",
        "TableIdentifier", "TableJoin", "TablesInSelectQuery", "TablesInSelectQueryElement", "WindowDefinition",
        "WindowListElement", "WithElement",
    ]
)  # fmt: skip
#: What may stand above a query; and each of these only as the first line.
_EXPLAINS = ("Explain EXPLAIN", "Explain EXPLAIN SYNTAX", "Explain EXPLAIN PIPELINE", "Explain EXPLAIN QUERY TREE")
#: A query has one part; more are its FORMAT, SETTINGS or INTO OUTFILE.
_PLAIN = "SelectWithUnionQuery (children 1)"
#: Functions that make rows out of their arguments, in the place of a table.
_ROWS = frozenset(["numbers", "zeros", "generate_series", "generateseries", "values", "view", "null", "primes"])
#: Functions that only the parser makes, and that the engine does not list.
_OF_THE_PARSER = frozenset(["lambda", "exists", "untuple", "grouping"])
_COMBINED = re.compile(
    r"(?:if|array|map|simplestate|state|merge|mergestate|foreach|distinct|ordefault|ornull|resample|argmin|argmax|null)*"
)
_IN = frozenset(["in", "notin", "globalin", "globalnotin", "nullin", "notnullin", "globalnullin", "globalnotnullin"])
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NODE = re.compile(r"(?P<indent> *)(?P<kind>\S+)(?: +(?P<name>.*?))?(?: \(alias .*)?(?: \(children \d+\))?", re.DOTALL)


def checked(database: Database, sql: str, tables: Iterable[str]) -> str:
    """Return the text of a question as the engine writes it.

    Parameters
    ----------
    database
        A session that only reads.
    sql
        What a person wrote.
    tables
        The tables that may be read.

    Raises
    ------
    TriLogError
        If it is not one statement that reads these tables and nothing else.
    """
    # In hexadecimal nothing of it can be anything but a value.
    text = str(database.rows(f"SELECT formatQuery(unhex('{sql.encode().hex()}'))")[0][0])
    allowed = frozenset(tables)
    if text == "SHOW TABLES":
        names = ", ".join(f"'{name}'" for name in sorted(allowed))
        return f"SELECT arrayJoin([{names}]) AS name ORDER BY name"
    lines = database.text(f"EXPLAIN AST {text}").rstrip("\n").split("\n")
    _refuse_statements(lines)
    _Names(database, allowed).check(lines)
    return text


def _refuse_statements(lines: list[str]) -> None:
    first, rest = lines[0], lines[1:]
    if first.startswith("Explain "):
        if first.rpartition(" (children")[0] not in _EXPLAINS or not rest or rest[0].strip() != _PLAIN:
            raise TriLogError("Only a query that reads can be explained.", hint="Write EXPLAIN SELECT ...")
    elif first.startswith("DescribeQuery"):
        if len(lines) != 3 or not rest[1].strip().startswith("TableIdentifier "):  # noqa: PLR2004 - it, and a table
            raise TriLogError("Only tables of the history can be described.", hint="Write DESCRIBE twin_changes.")
    elif first != _PLAIN:
        raise TriLogError(
            "Only a single query that reads can be asked, without SETTINGS, FORMAT and INTO OUTFILE.",
            hint="Begin it with SELECT; SHOW TABLES lists what there is.",
        )
    for line in rest:
        kind = line.split()[0] if line.split() else ""
        if kind not in _QUERY:
            raise TriLogError(f"Queries cannot have a part of the kind '{kind}' here.", hint="Leave it out.")


class _Names:
    """What the names in a tree may be."""

    def __init__(self, database: Database, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._current = str(database.rows("SELECT currentDatabase()")[0][0])
        found = database.rows("SELECT name FROM system.tables WHERE database = currentDatabase()")
        self._hidden = {str(row[0]) for row in found} - allowed
        self._databases = {str(row[0]) for row in database.rows("SELECT name FROM system.databases")}

    def check(self, lines: list[str]) -> None:
        before, within_in = "", False
        for line in lines:
            node = _NODE.fullmatch(line)
            kind, name = (node["kind"], node["name"] or "") if node else ("", "")
            if kind == "TableIdentifier" or (kind == "Identifier" and self._names_table(name, within_in=within_in)):
                self._check_table(name)
            elif kind == "Function":
                _check_function(name, table=before.strip().startswith("TableExpression"))
            within_in = (kind == "Function" and name.lower() in _IN) or (within_in and kind != "Function")
            before = line

    def _names_table(self, name: str, *, within_in: bool) -> bool:
        """Return whether a name may be one of a table: after IN, or with a database before it."""
        first, _, rest = name.partition(".")
        return (bool(rest) and first in self._databases) or (within_in and name in self._hidden)

    def _check_table(self, name: str) -> None:
        parts = name.split(".")
        if len(parts) > 1 and parts[0] == self._current:
            ok = parts[1] in self._allowed
        else:
            # A name that is no table's is one that WITH gives. Others with a dot or a slash would be files.
            ok = len(parts) == 1 and bool(_WORD.fullmatch(name)) and name not in self._hidden
        if not ok:
            raise TriLogError(
                f"'{name}' is none of the history's tables, and nothing else can be read.",
                hint="SHOW TABLES lists those that there are.",
            )


def _check_function(name: str, *, table: bool) -> None:
    small = name.lower()
    if not (small in _ROWS if table else _computes(small)):
        raise TriLogError(
            f"The function '{name}' reaches outside of the workspace's history or is not known, so it is not allowed.",
            hint="Functions that compute from rows are; the tables are listed by SHOW TABLES.",
        )


@cache
def _computes(name: str) -> bool:
    functions, aggregates = _listed()
    if name in functions or name in aggregates or name in _OF_THE_PARSER:
        return True
    ends = (end for end in range(len(name), 0, -1) if name[:end] in aggregates)
    return any(_COMBINED.fullmatch(name[end:]) for end in ends)


@cache
def _listed() -> tuple[frozenset[str], frozenset[str]]:
    text = (Path(__file__).parent / "functions.txt").read_text(encoding="utf-8")
    words: dict[str, list[str]] = {"[aggregates]": [], "[functions]": []}
    part = words["[aggregates]"]
    for line in text.splitlines():
        if line in words:
            part = words[line]
        elif not line.startswith("#"):
            part += line.lower().split()
    return frozenset(words["[functions]"]), frozenset(words["[aggregates]"])
