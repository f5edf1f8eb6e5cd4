"""Export to a collector, by OpenTelemetry's own environment variables: OTEL_EXPORTER_OTLP_ENDPOINT and the rest."""

from __future__ import annotations

import logging
import os
from typing import Literal

from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace.export import BatchSpanProcessor

__all__ = ["exporting", "log_exporter", "metric_readers", "span_exporter"]

_log = logging.getLogger(__name__)
Signal = Literal["traces", "metrics", "logs"]


def exporting(signal: Signal = "traces") -> bool:
    """Tell whether the environment names a collector for a signal and does not switch it off."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    off = off or os.environ.get(f"OTEL_{signal.upper()}_EXPORTER") == "none"
    addresses = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return not off and any(os.environ.get(name) for name in addresses)


def span_exporter() -> BatchSpanProcessor | None:
    """Return what sends spans to the collector in batches, over HTTP; ``None`` where nothing does."""
    if not exporting("traces"):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        _missing("Spans")
        return None
    return BatchSpanProcessor(OTLPSpanExporter())


def metric_readers() -> list[MetricReader]:
    """Return what sends numbers to the collector every so often (OTEL_METRIC_EXPORT_INTERVAL); nothing, as above."""
    if not exporting("metrics"):
        return []
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    except ImportError:
        _missing("Metrics")
        return []
    return [PeriodicExportingMetricReader(OTLPMetricExporter())]


def log_exporter() -> BatchLogRecordProcessor | None:
    """Return what sends log records to the collector in batches; ``None``, as above."""
    if not exporting("logs"):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    except ImportError:
        _missing("Log records")
        return None
    return BatchLogRecordProcessor(OTLPLogExporter())


def _missing(what: str) -> None:
    # The address may be meant for other programs; ours needs the exporter's package too.
    _log.info("%s are not exported: pip install 'nexus-jupyter[otlp]'", what)
