"""Runs benchmarks by name and prints their tables."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from nexus_jupyter.benchmarks import (
    ai,
    javascript,
    journal,
    kernel,
    lab,
    mcp,
    merge,
    nog,
    router,
    sandbox,
    sockets,
    trilog,
    versions,
)
from nexus_jupyter.benchmarks import filter as filters
from nexus_jupyter.benchmarks.measure import Row, table

__all__ = ["run"]

_BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "sandbox": sandbox.sandbox,
    "panel": kernel.panel,
    "journal": journal.journal,
    "click": lab.click,
    "filter": filters.filtering,
    "mcp": mcp.calls,
    "sockets": sockets.sockets,
    "layout": javascript.layout,
    "rows": javascript.rows,
    "nog": nog.nog,
    "merge": merge.merge,
    "checkout": versions.checkout,
    "commit": versions.commit,
    "trilog": trilog.trilog,
    "ai": ai.ai,
    "ai-router": router.ai_router,
}


def run(names: Sequence[str], out: Path | None) -> int:
    """Run the named benchmarks, or all; return the exit code."""
    unknown = [name for name in names if name not in _BENCHMARKS]
    if unknown:
        print(f"There is no benchmark '{unknown[0]}'. There are: {', '.join(_BENCHMARKS)}.", file=sys.stderr)
        return 2
    results: dict[str, list[Row]] = {}
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {platform.machine()}")
    for name in names or _BENCHMARKS:
        results[name] = _BENCHMARKS[name]()
        print(f"\n## {name}\n\n{table(results[name])}", flush=True)
    if out is not None:
        out.write_text(json.dumps({name: [asdict(row) for row in rows] for name, rows in results.items()}, indent=1))
    return 0
