"""The history as Parquet files, page by page, so that a long one needs no more memory than a short one."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from nexus_jupyter.notebook.trilog_host import TriLogHost
from nexus_jupyter.protocol.trilog import RowsBetween, RowsOf

__all__ = ["write_parquet"]

_FILES: tuple[RowsOf, ...] = ("changes", "steps", "spans")


def write_parquet(host: TriLogHost, folder: Path, start: int | None, end: int | None, page: int = 100_000) -> Path:
    """Write changes, steps and spans from a time to before another; return the folder.

    Parameters
    ----------
    host
        Who answers.
    folder
        Where to; made if it is not there. Files of the same names are replaced, each once it is whole.
    start, end
        Nanoseconds since the epoch; all there is by now when left out.
    page
        Rows that are asked for at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    until = time.time_ns() if end is None else end
    for name in _FILES:
        part = folder / f"{name}.parquet.part"
        _write(host, part, RowsBetween(of=name, start=start or 0, end=until, limit=page))
        part.replace(folder / f"{name}.parquet")
    return folder


def _write(host: TriLogHost, file: Path, question: RowsBetween) -> None:
    table = host.ask(question)
    schema = table.schema.remove(table.schema.get_field_index("key"))
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while True:
            writer.write_table(table.drop_columns(["key"]).cast(schema))
            if len(table) < question.limit:
                return
            last: pa.Scalar = table["key"][-1]
            table = host.ask(question.model_copy(update={"after": last.as_py()}))
