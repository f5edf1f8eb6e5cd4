"""SQL from people: one query that reads, with nothing that reaches outside of the workspace's history."""

from __future__ import annotations

import re

import pyarrow as pa

from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.trilog.database import Database

__all__ = ["Reading"]

_READS = re.compile(r"\s*(SELECT|WITH|SHOW|DESCRIBE|DESC|EXPLAIN)\b", re.IGNORECASE)
_TEXTS = re.compile(r"'(?:\\.|''|[^'\\])*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
#: Table functions that read nothing from outside.
_HARMLESS = frozenset(
    {"numbers", "numbers_mt", "zeros", "zeros_mt", "generate_series", "generateseries", "values", "view", "one", "null"}
)
#: Tables that people may read, and their column that says of which workspace a row is.
TABLES = {
    "twin_changes": "workspace_id",
    "twin_timeline": "workspace_id",
    "twin_hourly": "workspace_id",
    "twin_checkpoint": "workspace_id",
    "twin_checkpoints": "workspace_id",
    "trace_index": "workspace_id",
    "process_steps": "workspace_id",
    "twin_quarantine": "workspace_id",
    "twin_schemas": "workspace_id",
    "twin_fields": "workspace_id",
    "trilog_cursor": "workspace_id",
    "trilog_erased": "workspace_id",
    "otel_traces": "SpanAttributes['nexus.workspace']",
    "otel_logs": "LogAttributes['nexus.workspace.id']",
}


class Reading:
    """Answers SQL.

    Parameters
    ----------
    database
        What is asked.
    workspace
        Whose rows are shown; a server may have those of others in the same tables.
    """

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        quoted = workspace.replace("\\", "\\\\").replace("'", "\\'")
        filters = {name: f"{column} = '{quoted}'" for name, column in TABLES.items()}
        self._settings = {"additional_table_filters": _map_text(filters)}
        listed = database.rows("SELECT name FROM system.table_functions")
        self._functions = {str(row[0]).lower() for row in listed} - _HARMLESS

    def answer(self, sql: str) -> pa.Table:
        """Return the rows of a query.

        Raises
        ------
        TriLogError
            If it does anything but read the workspace's history, or cannot be answered.
        """
        plain = _TEXTS.sub(" ", sql)
        if not _READS.match(plain) or ";" in plain.rstrip().rstrip(";"):
            raise TriLogError("Only a single query that reads can be asked.", hint="Begin it with SELECT.")
        if re.search(r"\bINTO\s+OUTFILE\b", plain, re.IGNORECASE):
            raise TriLogError("Queries cannot write files.")
        bare = plain.replace("`", "").replace('"', "")
        if re.search(r"\bSETTINGS\b", bare, re.IGNORECASE):
            raise TriLogError("Queries cannot change the database's settings.", hint="Leave SETTINGS out.")
        if re.search(r"\b(system|information_schema)\s*\.", bare, re.IGNORECASE):
            raise TriLogError(
                "The database's own tables are not for questions.", hint="SHOW TABLES lists those that are."
            )
        for name in re.findall(r"([A-Za-z_]\w*)\s*\(", bare):
            if name.lower() in self._functions:
                raise TriLogError(
                    f"The function '{name}' reaches outside of the workspace's history, so it is not allowed.",
                    hint="The tables here are twin_changes and otel_traces; SHOW TABLES lists all.",
                )
        return self._database.table(sql.rstrip().rstrip(";"), settings=self._settings)


def _map_text(values: dict[str, str]) -> str:
    """Write a map as SQL does."""

    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    return "{" + ", ".join(f"{quoted(key)}: {quoted(value)}" for key, value in values.items()) + "}"
