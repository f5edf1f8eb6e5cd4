"""Spans of what the workspace does, by OpenTelemetry."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, Tracer

from nexus_jupyter.protocol.run import Profile
from nexus_jupyter.trilog.store import TriLog

__all__ = ["Operation", "Recorder"]

#: Host calls of one run that its span tells of one by one.
_CALLS_NOTED = 64


class Operation:
    """A span that is running."""

    def __init__(self, span: Span) -> None:
        self._span = span
        context = span.get_span_context()
        assert context is not None
        #: 32 hexadecimal digits.
        self.trace_id = f"{context.trace_id:032x}"
        #: 16 hexadecimal digits.
        self.span_id = f"{context.span_id:016x}"

    def end(self, error: BaseException | None = None) -> None:
        """End a span that was begun by `Recorder.begin`."""
        if error is not None:
            self._span.set_status(Status(StatusCode.ERROR, str(error)[:500]))
        self._span.end()

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
        Where finished spans go.
    """

    def __init__(self, workspace: str, *, store: TriLog) -> None:
        self._workspace = workspace
        # A provider of our own: the process's global one belongs to whoever runs the server or the notebook.
        self._provider = TracerProvider(resource=Resource({"service.name": "nexus"}), shutdown_on_exit=False)
        self._provider.add_span_processor(_ToStore(store))
        if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
            self._export()
        self._tracer: Tracer = self._provider.get_tracer("nexus_jupyter", version("nexus-jupyter"))

    @contextmanager
    def span(self, name: str, *, panel: str | None = None, action: str | None = None) -> Iterator[Operation]:
        """Record an operation; an exception that leaves it is noted on it."""
        attributes = self._attributes(panel, action)
        with self._tracer.start_as_current_span(name, attributes=attributes, record_exception=False) as span:
            assert isinstance(span, Span)
            try:
                yield Operation(span)
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, str(error)[:500]))
                raise

    def begin(self, name: str, *, panel: str | None = None, action: str | None = None) -> Operation:
        """Record an operation that may end on another thread; it must be ended."""
        span = self._tracer.start_span(name, attributes=self._attributes(panel, action), record_exception=False)
        assert isinstance(span, Span)
        return Operation(span)

    def close(self) -> None:
        """Hand over what is left."""
        self._provider.shutdown()

    def _attributes(self, panel: str | None, action: str | None) -> dict[str, str]:
        given = {"nexus.workspace": self._workspace, "nexus.panel": panel, "nexus.action": action}
        return {key: value for key, value in given.items() if value is not None}

    def _export(self) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            return  # the collector's address is set for other programs; ours needs the exporter's package too
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))


class _ToStore(SpanProcessor):
    def __init__(self, store: TriLog) -> None:
        self._store = store

    def on_end(self, span: ReadableSpan) -> None:
        self._store.keep_span(lambda: _plain(span))


def _plain(span: ReadableSpan) -> dict[str, object]:
    context = span.get_span_context()
    assert context is not None
    start = span.start_time or 0
    return {
        "name": span.name,
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else "",
        "start": start,
        "duration": (span.end_time or start) - start,
        "status": span.status.status_code.name,
        "message": span.status.description or "",
        "attributes": {key: str(value) for key, value in (span.attributes or {}).items()},
    }
