"""Export to a collector, by OpenTelemetry's own environment variables: OTEL_EXPORTER_OTLP_ENDPOINT and the rest."""

from __future__ import annotations

import logging
import os

from opentelemetry.sdk.trace.export import BatchSpanProcessor

__all__ = ["exporting", "span_exporter"]

_log = logging.getLogger(__name__)
_ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def exporting() -> bool:
    """Tell whether the environment names a collector and does not switch OpenTelemetry off."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(os.environ.get(name) for name in _ADDRESSES)


def span_exporter() -> BatchSpanProcessor | None:
    """Return what sends spans to the collector in batches, over HTTP; ``None`` where its package is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        # The address may be meant for other programs; ours needs the exporter's package too.
        _log.info("Spans are not exported: pip install 'nexus-jupyter[otlp]'")
        return None
    return BatchSpanProcessor(OTLPSpanExporter())
