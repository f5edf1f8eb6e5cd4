"""What the workspace does, by OpenTelemetry: spans, numbers, and the thread that leads from a click to its effects.

The trace context is W3C's, from the browser's click on; who it is for travels as baggage, which is set here and never
taken from outside. Steps of processes and states of objects take the light path: a line in a queue.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from urllib.parse import quote

from opentelemetry import baggage, context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, Tracer

from nexus_jupyter.privacy import redacted_error
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.run import Profile
from nexus_jupyter.protocol.telemetry import TwinRecord
from nexus_jupyter.trilog.export import span_exporter
from nexus_jupyter.trilog.signals import ErrorLog, Metrics
from nexus_jupyter.trilog.store import TriLog

__all__ = ["Operation", "Recorder", "current_ids", "traceparent"]

#: Host calls of one run that its span tells of one by one.
_CALLS_NOTED = 64
#: What travels as baggage, and how long an entry may be: a name that is longer stays at home.
_BAGGAGE, _ENTRY = ("nexus.workspace", "nexus.user", "nexus.panel"), 256
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
#: Operations that change the graph: each is a course of the process NOGUpdate.
_UPDATES = frozenset({"panel.create", "panel.edit", "panel.delete", "panel.undo", "state.set", "frame.bind"})


class Operation:
    """A span that is running; ``over`` is told when `end` was called."""

    def __init__(self, span: Span, over: Callable[[Span, BaseException | None], None]) -> None:
        self._span = span
        self._over = over
        given = span.get_span_context()
        assert given is not None
        #: 32 hexadecimal digits.
        self.trace_id = f"{given.trace_id:032x}"
        #: 16 hexadecimal digits.
        self.span_id = f"{given.span_id:016x}"

    @property
    def traceparent(self) -> str:
        """What others need to go on from here, in W3C's form."""
        return f"00-{self.trace_id}-{self.span_id}-01"

    @property
    def baggage(self) -> str:
        """Whom and what it is for, in W3C's form: ids of workspace, user and panel, never a name; bounded."""
        known = self._span.attributes or {}
        entries = [f"{key}={quote(str(known[key]), safe='')}" for key in _BAGGAGE if key in known]
        return ",".join(entry for entry in entries if len(entry) <= _ENTRY)

    def end(self, error: BaseException | None = None) -> None:
        """End a span that was begun by `Recorder.begin`."""
        if error is not None:
            self._span.set_status(Status(StatusCode.ERROR, redacted_error(error)))
        self._span.end()
        self._over(self._span, error)

    def set_profile(self, profile: Profile) -> None:
        """Note what a run used."""
        self._span.set_attribute("nexus.cpu_ms", profile.cpu_ms)
        self._span.set_attribute("nexus.wall_ms", profile.wall_ms)
        self._span.set_attribute("nexus.memory_bytes", profile.memory_bytes)
        self._span.set_attribute("nexus.host_calls", len(profile.host_calls))
        for call in profile.host_calls[:_CALLS_NOTED]:
            outcome = "failed" if call.failed else "done"
            self._span.add_event(f"host.{call.op}", {"nexus.ms": call.ms, "nexus.outcome": outcome})


class Recorder:
    """Makes spans and hands the finished ones to TriLog, and to a collector where the environment names one.

    Parameters
    ----------
    workspace
        The workspace's name, on every span.
    store
        Where what happened goes.
    """

    def __init__(self, workspace: str, *, store: TriLog) -> None:
        self._workspace = workspace
        self._store = store
        self._seen: set[str] = set()
        self._clients: dict[str, str] = {}
        # A provider of our own: the process's global one belongs to whoever runs the server or the notebook.
        resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "nexus")})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(_ToStore(store))
        #: Numbers, beside what is recorded.
        self.metrics = Metrics(resource)
        self._errors = ErrorLog(resource, store)
        exporter = span_exporter()
        if exporter is not None:
            self._provider.add_span_processor(exporter)
        self._tracer: Tracer = self._provider.get_tracer("nexus_jupyter", version("nexus-jupyter"))

    @contextmanager
    def span(self, name: str, *, panel: str | None = None, **attributes: str | None) -> Iterator[Operation]:
        """Record an operation; an exception that leaves it is noted on it."""
        given = self._attributes(None, {"panel": panel, **attributes})
        with self._tracer.start_as_current_span(name, attributes=given, record_exception=False) as span:
            assert isinstance(span, Span)
            operation = Operation(span, self._over)
            update = name in _UPDATES
            if update:
                self.step("NOGUpdate", operation.span_id, "requested", panel, operation.trace_id, operation=name)
            try:
                yield operation
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, redacted_error(error)))
                self._errors.failed(span, error)
                if not getattr(error, "trace_id", True):
                    error.trace_id = operation.trace_id  # type: ignore[attr-defined]  # an error of the protocol
                if update:
                    self.step("NOGUpdate", operation.span_id, "refused", panel, operation.trace_id)
                raise
            if update:
                self.step("NOGUpdate", operation.span_id, "stored", panel, operation.trace_id)

    def begin(
        self, name: str, *, within: Context | None = None, panel: str | None = None, **attributes: str | None
    ) -> Operation:
        """Record an operation that may end on another thread; it must be ended.

        Parameters
        ----------
        within
            What it is part of, from `here`.
        """
        given = self._attributes(within, {"panel": panel, **attributes})
        span = self._tracer.start_span(name, within, attributes=given, record_exception=False)
        assert isinstance(span, Span)
        return Operation(span, self._over)

    @contextmanager
    def within(self, parent: str | None, *, user: str | None = None) -> Iterator[None]:
        """Let what is done meanwhile be part of what a traceparent names; one that is none is passed over.

        Parameters
        ----------
        parent
            In W3C's form; believed to be no more than a number.
        user
            On whose behalf, as authenticated.
        """
        chosen = context.get_current()
        found = _TRACEPARENT.fullmatch(parent or "")
        if found is not None:
            remote = SpanContext(int(found[1], 16), int(found[2], 16), True, TraceFlags(1))
            chosen = trace.set_span_in_context(NonRecordingSpan(remote), chosen)
        if user is not None:
            chosen = baggage.set_baggage("nexus.user", user, chosen)
        token = context.attach(chosen)
        try:
            yield
        finally:
            context.detach(token)

    @staticmethod
    def here() -> Context:
        """Return what this thread is part of now, to go on elsewhere."""
        return context.get_current()

    def step(
        self, process: str, instance: str, step: str, panel: str | None = None, trace_id: str = "", **attributes: str
    ) -> None:
        """Note that a process reached a step; takes a microsecond or two."""
        actor = attributes.pop("actor", "")
        if not actor:
            user = baggage.get_baggage("nexus.user")
            actor = user if isinstance(user, str) else ""
        self._store.keep((process, instance, step, time.time_ns(), panel or "", actor, attributes, trace_id, 1))

    def twin(self, kind: str, name: str, fields: Mapping[str, object], *, actor: str = "", cause: str = "") -> None:
        """Note what an object of Nexus's own model is like now."""
        ts = time.time_ns()

        def line() -> dict[str, object]:
            given = {"kind": kind, "id": name, "fields": fields, "ts": ts, "actor": actor, "cause": cause}
            return {"is": "twin", "twin": TwinRecord.model_validate(given).model_dump()}

        self._store.keep(line)

    def connected(self, connection: str, actor: Actor, client: str) -> None:
        """Note that somebody is connected: by their id and kind, never by name."""
        self._clients[connection] = client
        self.metrics.connected(1, client)
        if actor.id not in self._seen:
            self._seen.add(actor.id)
            self.twin("User", actor.id, {"kind": actor.kind}, actor=actor.id, cause="was seen")
        given = {"user": actor.id, "client": client, "state": "open"}
        self.twin("WebSocketConnection", connection, given, actor=actor.id, cause="connected")

    def disconnected(self, connection: str, actor: Actor) -> None:
        """Note that somebody is not connected any more."""
        self.metrics.connected(-1, self._clients.pop(connection, ""))
        self.twin("WebSocketConnection", connection, {"state": "closed"}, actor=actor.id, cause="disconnected")

    def authenticated(self, user: str, method: str, *, accepted: bool) -> None:
        """Note that somebody showed who they are, and whether that was believed."""
        course = uuid.uuid4().hex
        self.step("UserAuthentication", course, "presented", actor=user, method=method)
        self.step("UserAuthentication", course, "accepted" if accepted else "refused", actor=user)

    def close(self) -> None:
        """Hand over what is left."""
        self._provider.shutdown()
        self._errors.close()
        self.metrics.close()

    def _over(self, span: Span, error: BaseException | None) -> None:
        if error is not None:
            self._errors.failed(span, error)
        if span.name == "action.run":
            seconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
            panel = str((span.attributes or {}).get("nexus.panel", ""))
            self.metrics.ran(seconds, panel, "failed" if error is not None else "completed")

    def _attributes(self, within: Context | None, attributes: Mapping[str, str | None]) -> dict[str, str]:
        given = {"nexus.workspace": self._workspace}
        user = baggage.get_baggage("nexus.user", within)
        if isinstance(user, str):
            given["nexus.user"] = user
        given.update((f"nexus.{key}", value) for key, value in attributes.items() if value is not None)
        return given


def current_ids() -> tuple[str, str]:
    """Return trace and span that this thread is in, empty texts for none."""
    given = trace.get_current_span().get_span_context()
    return (f"{given.trace_id:032x}", f"{given.span_id:016x}") if given.is_valid else ("", "")


def traceparent(trace_id: str, span_id: str) -> str:
    """Return W3C's form of a trace and a span; empty without them."""
    return f"00-{trace_id}-{span_id}-01" if trace_id and span_id else ""


class _ToStore(SpanProcessor):
    def __init__(self, store: TriLog) -> None:
        self._store = store

    def on_end(self, span: ReadableSpan) -> None:
        self._store.keep(lambda: _plain(span))


def _plain(span: ReadableSpan) -> dict[str, object]:
    given = span.get_span_context()
    assert given is not None
    start = span.start_time or 0
    return {
        "is": "span",
        "name": span.name,
        "trace_id": f"{given.trace_id:032x}",
        "span_id": f"{given.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else "",
        "start": start,
        "duration": (span.end_time or start) - start,
        "status": span.status.status_code.name,
        "message": span.status.description or "",
        "attributes": _texts(span.attributes),
        "events": [
            {"ts": event.timestamp, "name": event.name, "attributes": _texts(event.attributes)} for event in span.events
        ],
    }


def _texts(attributes: Mapping[str, object] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (attributes or {}).items()}
