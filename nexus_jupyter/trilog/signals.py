"""Beside spans, OpenTelemetry's two other signals: numbers, and log records of errors with the trace they belong to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import version

from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span

from nexus_jupyter.privacy import redacted_error
from nexus_jupyter.trilog.export import log_exporter, metric_readers
from nexus_jupyter.trilog.store import TriLog

__all__ = ["ErrorLog", "Metrics"]

_NAME = "nexus_jupyter"


class Metrics:
    """Counts and measures; costs next to nothing where the environment names no collector.

    Parameters
    ----------
    resource
        What all numbers are of.
    """

    def __init__(self, resource: Resource) -> None:
        readers = metric_readers()
        self._provider = MeterProvider(readers, resource, shutdown_on_exit=False) if readers else None
        meter = (self._provider or metrics.NoOpMeterProvider()).get_meter(_NAME, version("nexus-jupyter"))
        self._duration = meter.create_histogram("nexus.run.duration", "s", "Time that runs of actions took")
        self._open = meter.create_up_down_counter("nexus.sockets.open", "{socket}", "Pages and notebooks connected")
        self._waiting = meter.create_up_down_counter("nexus.runs.waiting", "{run}", "Runs that have not begun")
        self._tokens = meter.create_counter("nexus.tokens", "{token}", "Tokens that models were given and gave")
        self._calls = meter.create_up_down_counter("nexus.models.open", "{call}", "Calls of models under way")
        self._answer = meter.create_histogram("nexus.model.duration", "s", "Time that calls of models took")
        self._first = meter.create_histogram("nexus.model.first_token", "s", "Time to the first token of an answer")

    def ran(self, seconds: float, panel: str, outcome: str) -> None:
        """Note a run that is over."""
        self._duration.record(seconds, {"nexus.panel": panel, "nexus.outcome": outcome})

    def connected(self, count: int, client: str) -> None:
        """Note that a page or a notebook came (1) or went (-1)."""
        self._open.add(count, {"nexus.client": client})

    def waiting(self, count: int) -> None:
        """Note that a run waits (1), or does not any more (-1)."""
        self._waiting.add(count)

    def asking(self, model: str) -> None:
        """Note that a model is being asked; `asked` follows."""
        self._calls.add(1, {"nexus.model": model})

    def asked(self, model: str, outcome: str, tokens: tuple[int, int], seconds: float, first: float | None) -> None:
        """Note how a call of a model ended, with the tokens of the question and of the answer, and seconds."""
        about = {"nexus.model": model}
        self._calls.add(-1, about)
        for direction, count in zip(("input", "output"), tokens, strict=True):
            self._tokens.add(count, {**about, "nexus.direction": direction})
        self._answer.record(seconds, {**about, "nexus.outcome": outcome})
        if first is not None:
            self._first.record(first, about)

    def close(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()


class ErrorLog:
    """Tells of errors, in the store and to a collector where the environment names one.

    Parameters
    ----------
    resource
        What all records are of.
    store
        Where they go.
    """

    def __init__(self, resource: Resource, store: TriLog) -> None:
        self._provider = LoggerProvider(resource, shutdown_on_exit=False)
        self._provider.add_log_record_processor(_ToStore(store))
        exporter = log_exporter()
        if exporter is not None:
            self._provider.add_log_record_processor(exporter)
        self._logger = self._provider.get_logger(_NAME, version("nexus-jupyter"))

    def failed(self, span: Span, error: BaseException) -> None:
        """Tell that what a span is about failed: the error's sentence and class, never its frames and their values."""
        known = span.attributes or {}
        told = {name: str(known[name]) for name in ("nexus.panel", "nexus.user", "nexus.action") if name in known}
        told |= {"nexus.workspace.id": str(known["nexus.workspace"]), "exception.type": type(error).__name__}
        record = LogRecord(
            timestamp=time.time_ns(),
            context=trace.set_span_in_context(span),
            severity_text="ERROR",
            severity_number=SeverityNumber.ERROR,
            body=redacted_error(error),
            attributes={"event.name": f"{span.name}.failed", **told},
        )
        self._logger.emit(record)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


class _ToStore(LogRecordProcessor):
    def __init__(self, store: TriLog) -> None:
        self._store = store

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        self._store.keep(lambda: _plain(log_record.log_record))

    def shutdown(self) -> None:
        """Nothing is held back."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held back."""
        del timeout_millis
        return True


def _plain(record: LogRecord) -> dict[str, object]:
    attributes: Mapping[str, object] = record.attributes or {}
    return {
        "is": "log",
        "ts": record.timestamp,
        "trace_id": f"{record.trace_id or 0:032x}",
        "span_id": f"{record.span_id or 0:016x}",
        "flags": int(record.trace_flags or 0),
        "severity": record.severity_text or "",
        "number": record.severity_number.value if record.severity_number is not None else 0,
        "body": str(record.body),
        "attributes": {key: str(value) for key, value in attributes.items()},
    }
