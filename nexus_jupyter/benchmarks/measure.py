"""Timing and its table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Row", "measured", "table"]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing, in milliseconds unless ``unit`` says otherwise. ``peer`` names the row to compare with."""

    name: str
    p50: float
    p95: float
    count: int
    peer: str = ""
    target: str = ""
    unit: str = "ms"


def measured(
    name: str, task: Callable[[], object], *, count: int, peer: str = "", target: str = "", warm_up: int = 5
) -> Row:
    """Time a task many times."""
    for _ in range(warm_up):
        task()
    times = []
    for _ in range(count):
        started = time.perf_counter()
        task()
        times.append((time.perf_counter() - started) * 1e3)
    return summary(name, times, peer=peer, target=target)


def summary(name: str, times: list[float], *, peer: str = "", target: str = "") -> Row:
    """Return the row of a list of times in milliseconds."""
    ordered = sorted(times)
    return Row(name, ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], len(ordered), peer, target)


def table(rows: list[Row]) -> str:
    """Return rows as a Markdown table; ratios are P50 to the peer's P50."""
    by_name = {row.name: row for row in rows}
    lines = ["| what | P50 | P95 | unit | n | target | beside |", "|---|---:|---:|---|---:|---|---|"]
    for row in rows:
        peer = by_name.get(row.peer)
        ratio = f"{row.p50 / peer.p50:.2f} x {row.peer}" if peer else ""
        lines.append(
            f"| {row.name} | {row.p50:.2f} | {row.p95:.2f} | {row.unit} | {row.count} | {row.target} | {ratio} |"
        )
    return "\n".join(lines)
