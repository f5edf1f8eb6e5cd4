"""Watching for what is unusual, and telling of it: in a table that panels read, in the log, and by webhook."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from nexus_jupyter.protocol.alerts import Alert, AlertRule, AlertState, CauseLine, FieldChange
from nexus_jupyter.protocol.errors import NexusError, NotFoundError
from nexus_jupyter.protocol.trilog import AnomaliesBetween, CauseOf, TwinDiff
from nexus_jupyter.sandbox import Network
from nexus_jupyter.storage.private import read, replace
from nexus_jupyter.trilog import TriLog

__all__ = ["Alerts"]

_log = logging.getLogger(__name__)
#: Alerts that are kept; lines of a cause and fields of a difference that go with each.
_KEPT, _LINES, _FIELDS = 500, 40, 40
#: What is looked at again each time, since facts arrive late; and how far back a difference goes. In nanoseconds.
_AGAIN, _BEFORE = 300_000_000_000, 600_000_000_000
_ATTEMPTS = 3
Row = dict[str, Any]  # Any: cells
T = TypeVar("T")


class Alerts:
    """The alerts of one workspace. Nothing is looked at until a rule is active.

    Parameters
    ----------
    trilog
        Is asked.
    network
        Carries what is told, to addresses that the owner of the server allows.
    folder
        Where rule and alerts are kept.
    workspace
        The workspace's name, for those who are told.
    """

    def __init__(self, trilog: TriLog, network: Network, folder: Path, workspace: str) -> None:
        self._trilog = trilog
        self._network = network
        self._rule_file, self._file = folder / "alert-rule.json", folder / "alerts.jsonl"
        self._workspace = workspace
        self._lock = threading.Lock()
        self._checking = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._rule = _kept_rule(self._rule_file)
        self._alerts: deque[Alert] = deque(_kept_alerts(self._file), maxlen=_KEPT)
        self._since = max((alert.ts for alert in self._alerts), default=time.time_ns())
        self._start()

    def state(self) -> AlertState:
        """Return the rule and the newest alerts."""
        with self._lock:
            return AlertState(rule=self._rule, alerts=list(self._alerts)[::-1])

    def watch(self, rule: AlertRule) -> AlertState:
        """Follow another rule from now on.

        Raises
        ------
        NexusError
            If a webhook's address cannot be told, because of how it is written or where it leads.
        """
        for url in rule.webhooks:
            _awaited(self._network.judge(url))
        with self._lock:
            self._rule = rule
            replace(self._rule_file, rule.model_dump_json())
        self._wake.set()
        self._start()
        return self.state()

    def check(self) -> list[Alert]:
        """Look once; return what is new, after those who are to be told were told."""
        with self._checking:
            rule = self._rule
            now = time.time_ns()
            question = AnomaliesBetween(
                start=self._since - _AGAIN,
                end=now,
                baseline=rule.baseline,
                sensitivity=rule.sensitivity,
                kinds=rule.kinds,
            )
            rows = self._trilog.ask(question).to_pylist()
            known = {alert.id for alert in self._alerts}
            fresh = [self._alert(row, now) for row in rows if _name(row) not in known]
            fresh = [self._told(alert, rule) for alert in sorted(fresh, key=lambda alert: alert.ts)]
            self._since = now
            if fresh:
                with self._lock:
                    self._alerts.extend(fresh)
                    replace(self._file, "".join(f"{alert.model_dump_json()}\n" for alert in self._alerts))
            return fresh

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and self._rule.active:
                self._thread = threading.Thread(target=self._run, name="nexus-alerts", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(self._rule.every if self._rule.active else None)
            self._wake.clear()
            if self._closed or not self._rule.active:
                continue
            try:
                self.check()
            except (NexusError, OSError) as error:
                _log.warning("The workspace '%s' could not be looked at for alerts: %s", self._workspace, error)

    def _alert(self, row: Row, now: int) -> Alert:
        ts = int(row["ts"].value)
        about = {"object": row["id"], "field": row["field"], "trace_id": row["trace_id"] or ""}
        numbers = {name: _finite(row[name]) for name in ("value", "baseline", "threshold")}
        return Alert(
            id=_name(row),
            ts=ts,
            raised_at=now,
            kind=row["kind"],
            type=row["type"],
            words=row["words"],
            rev=int(row["rev"]),
            cause=self._cause(row),
            changes=self._changes(row, ts),
            **about,
            **numbers,
        )

    def _cause(self, row: Row) -> list[CauseLine]:
        asked = CauseOf(trace_id=row["trace_id"]) if row["trace_id"] else CauseOf(rev=int(row["rev"]))
        if asked.trace_id is None and not asked.rev:
            return []
        try:
            rows = self._trilog.ask(asked).to_pylist()
        except NotFoundError:
            return []  # a fact with a trace of its own, which is known nowhere else
        depths: dict[str, int] = {}
        lines = []
        for one in rows[:_LINES]:
            depth = depths.get(one["parent"], -1) + 1
            depths[one["id"]] = depth
            known = {"kind": one["kind"], "text": one["text"], "error": bool(one["error"])}
            lines.append(CauseLine(depth=depth, ts=int(one["ts"].value), **known))
        return lines

    def _changes(self, row: Row, ts: int) -> list[FieldChange]:
        # A process is about a panel; everything else is about an object itself.
        kind = "Panel" if row["kind"] in {"latency", "outcome", "transition"} else row["type"]
        if not row["id"]:
            return []
        found = self._trilog.ask(TwinDiff(type=kind, id=row["id"], start=ts - _BEFORE, end=ts + 1)).to_pylist()
        return [
            FieldChange(
                field=one["field"],
                before=_value(one["before"]),
                after=_value(one["after"]),
                actor=one["actor"] or "",
                rev=int(one["rev"] or 0),
            )
            for one in found[:_FIELDS]
        ]

    def _told(self, alert: Alert, rule: AlertRule) -> Alert:
        if rule.log:
            _log.warning("%s: %s", self._workspace, alert.words)
        if not rule.webhooks:
            return alert
        body = json.dumps({"workspace": self._workspace, "alert": alert.model_dump(mode="json")}).encode()
        return alert.model_copy(update={"delivered": _awaited(self._deliver(rule.webhooks, body))})

    async def _deliver(self, urls: list[str], body: bytes) -> dict[str, str]:
        return dict(zip(urls, await asyncio.gather(*(self._post(url, body) for url in urls)), strict=True))

    async def _post(self, url: str, body: bytes) -> str:
        said = ""
        for attempt in range(_ATTEMPTS):
            if attempt and not self._closed:
                await asyncio.sleep(2.0**attempt / 4)
            try:
                status = await self._network.deliver(url, body)
            except NexusError as error:
                said = error.message
                continue
            if status < 300:  # noqa: PLR2004 - HTTP's own number
                return "delivered"
            said = f"the address answered with {status}"
            if status < 500:  # noqa: PLR2004 - HTTP's own number: sent again, it would answer the same
                break
        _log.warning("An alert of '%s' could not be delivered: %s", self._workspace, said)
        return said


def _awaited(work: Coroutine[Any, Any, T]) -> T:  # Any: a coroutine's own
    """Wait for something on a thread of its own: a notebook's kernel has a loop running on this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _name(row: Row) -> str:
    about = (row["kind"], row["type"], row["id"], row["field"], row["ts"].value)
    return hashlib.sha256(json.dumps([str(part) for part in about]).encode()).hexdigest()[:16]


def _finite(value: object) -> float:
    number = float(str(value))
    return number if math.isfinite(number) else 0.0


def _value(text: str | None) -> Any:  # Any: JSON
    return json.loads(text) if text else None


def _kept_rule(file: Path) -> AlertRule:
    try:
        return AlertRule.model_validate_json(read(file))
    except FileNotFoundError:
        return AlertRule()
    except ValueError:
        _log.warning("%s cannot be read; no alerts are raised until they are set again.", file)
        return AlertRule()


def _kept_alerts(file: Path) -> list[Alert]:
    try:
        return [Alert.model_validate_json(line) for line in read(file).splitlines()]
    except FileNotFoundError:
        return []
    except ValueError:
        _log.warning("%s cannot be read; alerts start anew.", file)
        return []
