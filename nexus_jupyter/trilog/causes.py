"""From an effect back to what began it, and from there to all that came of it, as a tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from nexus_jupyter.privacy import redacted_error
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.patch import Cause, Made
from nexus_jupyter.protocol.trilog import CauseOf
from nexus_jupyter.storage import Entry, Journal, entry_of
from nexus_jupyter.storage.schema import journal as journal_rows
from nexus_jupyter.trilog.database import Database

__all__ = ["Causes", "Node", "tree"]

#: Changes that are followed back; effects set each other off sixteen times at most.
_LONGEST = 64
#: Above all revs are the numbers of what was recorded beside the journal.
_REVS = 1 << 32
#: Characters of a prompt that are told.
_WORDS = 200
_TIME = pa.timestamp("ns", "UTC")
Span = Mapping[str, Any]  # Any: columns of several types


@dataclass(frozen=True, slots=True)
class Node:
    """One thing that happened. Ids are those of this tree; ``ms`` is how long it took, if it took time."""

    id: str
    parent: str
    kind: str
    text: str
    ts: int
    ms: float | None = None
    actor: str = ""
    panel: str = ""
    rev: int | None = None
    trace_id: str = ""
    error: bool = False


class Causes:
    """Finds what belongs together.

    Parameters
    ----------
    database
        Has the spans, and which changes belong to which trace.
    journal
        Has the changes, and which led to which.
    workspace
        Whose they are.
    """

    def __init__(self, database: Database, journal: Journal, workspace: str) -> None:
        self._database = database
        self._journal = journal
        self._workspace = workspace

    def answer(self, question: CauseOf) -> pa.Table:
        """Return the nodes of the tree, parents first; each names its parent, the beginning none.

        Raises
        ------
        NotFoundError
            If nothing is known of what is asked about.
        """
        changes: dict[int, Made] = {}
        traces: dict[str, None] = dict.fromkeys(self._traces(question))
        if question.rev is not None:
            changes |= self._changes([question.rev])
        spans: list[Span] = []
        looked: set[str] = set()
        for _ in range(_LONGEST):
            for change in changes.values():
                traces.setdefault(change.trace_id)
            traces.pop("", None)
            fresh = [trace for trace in traces if trace not in looked]
            looked.update(fresh)
            wanted = {rev for change in changes.values() for rev in _before(change.cause)}
            if fresh:
                indexed = self._indexed(fresh)
                wanted |= {row["seq"] for row in indexed if row["kind"] == "change" and row["seq"] < _REVS}
                spans += self._spans([row for row in indexed if row["kind"] == "span"])
            wanted -= changes.keys()
            more = self._changes(wanted) if wanted else {}
            changes |= more
            if not more:
                break
        nodes = tree(list(changes.values()), spans, self._prompts(changes.values()))
        if not nodes:
            raise NotFoundError("TriLog knows nothing of this.", hint="Ask for a rev, a run, its trace, or an error.")
        return _table(nodes)

    def _traces(self, question: CauseOf) -> list[str]:
        values = {"w": self._workspace, "r": question.run or "", "m": redacted_error(question.message or "")}
        found: list[str] = []
        if question.trace_id is not None and question.run is None:
            return [question.trace_id]
        if question.trace_id is not None:
            sql = "SELECT trace_id FROM trace_index WHERE trace_id = {t:String} LIMIT 1"
            found += [str(row[0]) for row in self._database.rows(sql, {"t": question.trace_id})]
        if question.run is not None and not found:
            sql = "SELECT DISTINCT trace_id FROM process_steps WHERE workspace_id = {w:String} "
            sql += "AND process = 'PanelExecution' AND instance = {r:String} AND trace_id != ''"
            found += [str(row[0]) for row in self._database.rows(sql, values)]
        if question.message is not None and not found:
            sql = "SELECT TraceId FROM otel_traces WHERE StatusMessage = {m:String} "
            sql += "AND SpanAttributes['nexus.workspace'] = {w:String} ORDER BY Timestamp DESC LIMIT 1"
            found += [str(row[0]) for row in self._database.rows(sql, values)]
        return found

    def _indexed(self, traces: list[str]) -> list[Span]:
        """Return what belongs to traces: spans, sorted by time elsewhere, and changes."""
        sql = """
        SELECT DISTINCT trace_id, kind, toUnixTimestamp64Nano(ts) AS at, seq FROM trace_index
        PREWHERE trace_id IN {t:Array(String)} WHERE workspace_id = {w:String} OR workspace_id = ''
        """
        rows: list[Span] = self._database.table(sql, {"t": traces, "w": self._workspace}, short=True).to_pylist()
        return rows

    def _spans(self, indexed: list[Span]) -> list[Span]:
        if not indexed:
            return []
        times = [int(row["at"]) for row in indexed]
        values: dict[str, Any] = {"t": sorted({str(row["trace_id"]) for row in indexed}), "w": self._workspace}
        values |= {"a": min(times), "b": max(times)}
        sql = """
        SELECT TraceId, SpanId, ParentSpanId, SpanName, toUnixTimestamp64Nano(Timestamp) AS start, Duration,
               StatusCode, StatusMessage, SpanAttributes
        FROM otel_traces
        PREWHERE Timestamp >= fromUnixTimestamp64Nano({a:Int64}) AND Timestamp <= fromUnixTimestamp64Nano({b:Int64})
          AND TraceId IN {t:Array(String)}
        WHERE SpanAttributes['nexus.workspace'] = {w:String}
        ORDER BY Timestamp, SpanId LIMIT 1 BY TraceId, SpanId
        """
        found: list[Span] = self._database.table(sql, values, short=True).to_pylist()
        return found

    def _prompts(self, changes: Collection[Made]) -> dict[str, str]:
        asked = sorted({change.cause.ref for change in changes if change.cause.kind == "prompt" and change.cause.ref})
        if not asked:
            return {}
        sql = "SELECT instance, substringUTF8(max(attributes['prompt']), 1, {n:UInt16}) FROM process_steps "
        sql += "WHERE workspace_id = {w:String} AND process = 'ModelExchange' AND instance IN {i:Array(String)} "
        sql += "GROUP BY instance"
        rows = self._database.rows(sql, {"w": self._workspace, "i": asked, "n": _WORDS})
        return {str(row[0]): " ".join(str(row[1]).split()) for row in rows}

    def _changes(self, revs: Collection[int]) -> dict[int, Entry]:
        query = select(journal_rows).where(
            journal_rows.c.workspace == self._workspace, journal_rows.c.rev.in_(sorted(revs)[:1000])
        )
        with self._journal.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return {row["rev"]: entry_of(dict(row)) for row in rows}


def tree(changes: Sequence[Made], spans: list[Span], prompts: Mapping[str, str] = MappingProxyType({})) -> list[Node]:
    """Return the nodes of a tree, parents before children, in order of time. Pure.

    ``prompts`` are the words of exchanges with models, by their ids.
    """
    nodes: dict[str, Node] = {}
    by_span = {str(span["SpanId"]): span for span in spans}
    revs = {change.rev for change in changes}
    for span in spans:
        attributes = dict(span["SpanAttributes"])
        origin = _number(attributes.get("nexus.origin_rev"))
        parent = str(span["ParentSpanId"])
        if origin in revs:
            above = f"rev:{origin}"
        elif parent in by_span:
            above = f"span:{parent}"
        else:
            asked = attributes.get("nexus.prompt", "")
            told = {**attributes, "nexus.words": prompts.get(asked, "")}
            above = _began(nodes, told, int(span["start"]), str(span["TraceId"]), parent)
        _add_span(nodes, span, attributes, above)
    for change in sorted(changes, key=lambda one: one.rev):
        earlier = [rev for rev in _before(change.cause) if rev in revs]
        if change.span_id in by_span:
            above = f"span:{change.span_id}"
        elif earlier:
            above = f"rev:{earlier[0]}"
        else:
            told = {"nexus.via": change.cause.via, "nexus.element": change.cause.element or ""}
            told |= {"nexus.panel": change.panel or "", "nexus.user": change.actor.id}
            if change.cause.kind == "prompt":
                asked = change.cause.ref or ""
                told |= {"nexus.prompt": asked, "nexus.words": prompts.get(asked, "")}
            above = _began(nodes, told, change.ts, change.trace_id, f"rev-{change.rev}")
        node = Node(
            f"rev:{change.rev}",
            above,
            "change",
            _told(change.cause, change.panel, change.rev),
            change.ts,
            actor=change.actor.id,
            panel=change.panel or "",
            rev=change.rev,
            trace_id=change.trace_id,
        )
        nodes[node.id] = node
    return _ordered(nodes)


def _began(nodes: dict[str, Node], about: Mapping[str, str], ts: int, trace: str, span: str) -> str:
    """Add what a person or program did to begin it; return its id."""
    name = f"begin:{trace}:{span if span and not span.startswith('rev-') else ''}" if trace else f"begin:{span}"
    if name in nodes:
        return name
    via, element, panel = about.get("nexus.via", ""), about.get("nexus.element", ""), about.get("nexus.panel", "")
    who = about.get("nexus.user", "")
    prompt = about.get("nexus.prompt", "")
    kind = "prompt" if prompt else via or "api"
    on = f" on '{element}'" if element else ""
    where = f" of '{panel}'" if panel else ""
    words = about.get("nexus.words", "")
    asked = f"'{words}'" if words else prompt
    what = f"prompt {asked}" if prompt else {"cell": "cell", "api": "call"}.get(kind, kind)
    text = f"{what}{on}{where}" + (f" by {who}" if who else "")
    nodes[name] = Node(name, "", kind, text, ts, actor=who, panel=panel, trace_id=trace)
    return name


def _add_span(nodes: dict[str, Node], span: Span, attributes: Mapping[str, str], above: str) -> None:
    action = attributes.get("nexus.action", "")
    failed = str(span["StatusCode"]).upper().endswith("ERROR")
    actor, panel = attributes.get("nexus.user", ""), attributes.get("nexus.panel", "")
    node = Node(
        f"span:{span['SpanId']}",
        above,
        "span",
        f"{span['SpanName']} {action}".strip(),
        int(span["start"]),
        ms=int(span["Duration"]) / 1e6,
        trace_id=str(span["TraceId"]),
        error=failed,
        actor=actor,
        panel=panel,
    )
    nodes[node.id] = node
    if failed:
        over = int(span["start"]) + int(span["Duration"])
        text = str(span["StatusMessage"]) or "failed"
        name = f"error:{span['SpanId']}"
        nodes[name] = Node(
            name, node.id, "error", text, over, trace_id=node.trace_id, error=True, actor=actor, panel=panel
        )


def _ordered(nodes: dict[str, Node]) -> list[Node]:
    below: dict[str, list[Node]] = {}
    for node in nodes.values():
        below.setdefault(node.parent if node.parent in nodes else "", []).append(node)
    ordered: list[Node] = []
    waiting = sorted(below.get("", []), key=lambda one: one.ts, reverse=True)
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        waiting += sorted(below.get(node.id, []), key=lambda one: one.ts, reverse=True)
    return ordered


def _before(cause: Cause) -> list[int]:
    """Return the revs that a cause names."""
    found = [cause.of] if cause.of is not None else []
    origin = cause.parent
    while origin is not None:
        if origin.rev is not None:
            found.append(origin.rev)
        origin = origin.parent
    return found


def _told(cause: Cause, panel: str | None, rev: int) -> str:
    named = cause.ref if cause.kind == "prompt" else cause.action
    what = f"{cause.kind} {named}" if named else cause.kind
    of = f" of rev {cause.of}" if cause.of is not None else ""
    return f"rev {rev}: {what}{of}" + (f" in '{panel}'" if panel else "")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _table(nodes: list[Node]) -> pa.Table:
    columns = {"id": pa.string(), "parent": pa.string(), "kind": pa.string(), "text": pa.string(), "ts": _TIME}
    columns |= {"ms": pa.float64(), "actor": pa.string(), "panel": pa.string(), "rev": pa.uint64()}
    columns |= {"trace_id": pa.string(), "error": pa.bool_()}
    return pa.table({name: pa.array([getattr(node, name) for node in nodes], kind) for name, kind in columns.items()})
