"""SQL from people: one query that reads, in a session that can do nothing else.

Four layers, each of which holds alone: the engine's own tree of the text has only what is listed (`statements`); the
session is read-only and filtered by the workspace, and cannot change that (``readonly = 1``); the process reaches no
other files, programs or addresses (`processes.confinement`); and it lies in a folder of its own with nothing in it.
"""

from __future__ import annotations

import pyarrow as pa

from nexus_jupyter.trilog.database import Database, literal
from nexus_jupyter.trilog.statements import checked

__all__ = ["TABLES", "Reading"]

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
#: Materialised views, whose rows are those of the tables that they fill; read by a query that got past the others.
_VIEWS = ("twin_timeline_mv", "twin_hourly_mv", "trace_index_of_changes", "trace_index_of_spans", "twin_from_logs")


class Reading:
    """Answers SQL; may be asked by several threads at a time.

    Parameters
    ----------
    database
        What is asked.
    workspace
        Whose rows are shown; a server may have those of others in the same tables.
    """

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        filters = {name: f"{column} = {literal(workspace)}" for name, column in TABLES.items()}
        filters |= {name: f"workspace_id = {literal(workspace)}" for name in _VIEWS}
        # A table is known by both names, wherever a query thinks it is.
        own = database.name
        filters |= {f"{own}.{name}": wanted for name, wanted in filters.items()}
        text = ", ".join(f"{literal(name)}: {literal(wanted)}" for name, wanted in filters.items())
        self._filters = "{" + text + "}"

    def answer(self, sql: str, mark: str = "") -> pa.Table:
        """Return the rows of a query.

        Parameters
        ----------
        sql
            What a person wrote.
        mark
            By which `stop` finds it while it runs.

        Raises
        ------
        TriLogError
            If it does anything but read the workspace's history, or cannot be answered.
        """
        with self._database.reader({"additional_table_filters": self._filters, "log_comment": mark}) as session:
            return session.table_of(checked(session, sql, TABLES))

    def stop(self, mark: str) -> None:
        """Stop a query that runs."""
        self._database.kill(mark)
