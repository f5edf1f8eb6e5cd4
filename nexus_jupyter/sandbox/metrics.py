"""Numbers about runs, as OpenTelemetry metrics; `nexus doctor` reads the same ones."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from nexus_jupyter.protocol.run import Profile
from nexus_jupyter.sandbox.host import HostLoop

if TYPE_CHECKING:
    from nexus_jupyter.sandbox.images import PanelImages
    from nexus_jupyter.sandbox.pool import Pool

__all__ = ["Metrics"]

#: Seconds between the end of a run and its numbers.
_DELAY = 0.5


class Metrics:
    """Counts runs. One per sandbox; a collector gets them too where ``OTEL_EXPORTER_OTLP_ENDPOINT`` names one."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        # A provider of our own: the process's global one belongs to whoever runs the server or the notebook.
        self._provider = MeterProvider(
            [self._reader, *_exporters()], resource=Resource({"service.name": "nexus"}), shutdown_on_exit=False
        )
        meter = self._provider.get_meter("nexus_jupyter.sandbox")
        self._ended = meter.create_counter("nexus.runs", description="runs that ended, by how they ended")
        self._cpu = meter.create_histogram("nexus.run.cpu", unit="ms", description="processor time of a run")
        self._wall = meter.create_histogram("nexus.run.wall", unit="ms", description="wall clock time of a run")
        meter.create_observable_gauge("nexus.instances", [self._instances], description="machines, by what they do")
        meter.create_observable_gauge(
            "nexus.pool", [self._pooled], description="runs with a machine ready, and without"
        )
        meter.create_observable_gauge("nexus.images", [self._images], description="image cache: hits, misses, kept")
        self._lock = threading.Lock()
        #: Runs that ended and are not yet in the instruments: recording costs more than a handler may take.
        self._finished = deque[tuple[str, Profile | None]]()
        self._alive = self._waiting = 0
        self._cache: weakref.ref[PanelImages] | None = None
        self._pool: weakref.ref[Pool] | None = None

    def watch(self, images: PanelImages, pool: Pool) -> None:
        """Report on a cache of images and a pool of machines."""
        self._cache = weakref.ref(images)
        self._pool = weakref.ref(pool)

    def started(self) -> None:
        """Note that a run began."""
        with self._lock:
            self._alive += 1

    def parked(self, run: Future[Any]) -> None:  # Any: of whatever the run results in
        """Note that a run waits for its host, until it is over."""
        with self._lock:
            self._waiting += 1

        def over(_run: object) -> None:
            with self._lock:
                self._waiting -= 1

        run.add_done_callback(over)

    def ended(self, how: str, profile: Profile | None) -> None:
        """Note that a run ended; without a profile, that it could not begin."""
        if profile is not None:
            with self._lock:
                self._alive -= 1
        self._finished.append((how, profile))
        if len(self._finished) == 1:
            HostLoop.shared().later(_DELAY, self._record)

    def _record(self) -> None:
        while self._finished:
            how, profile = self._finished.popleft()
            self._ended.add(1, {"nexus.outcome": how})
            if profile is not None:
                self._cpu.record(profile.cpu_ms)
                self._wall.record(profile.wall_ms)

    def read(self) -> dict[str, object]:
        """Return the numbers, by name."""
        self._record()
        data = self._reader.get_metrics_data()
        found: dict[str, object] = {}
        for resource in data.resource_metrics if data else []:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] = [_point(point) for point in metric.data.data_points]
        return found

    def close(self) -> None:
        """Hand over what is left."""
        self._record()
        self._provider.shutdown()

    def _instances(self, _options: CallbackOptions) -> Iterable[Observation]:
        pool = self._pool() if self._pool is not None else None
        if pool is not None:
            yield Observation(pool.ready(), {"nexus.state": "ready"})
        with self._lock:
            yield Observation(self._alive - self._waiting, {"nexus.state": "running"})
            yield Observation(self._waiting, {"nexus.state": "parked"})

    def _pooled(self, _options: CallbackOptions) -> Iterable[Observation]:
        pool = self._pool() if self._pool is not None else None
        if pool is not None:
            yield Observation(pool.hits, {"nexus.kind": "hits"})
            yield Observation(pool.misses, {"nexus.kind": "misses"})

    def _images(self, _options: CallbackOptions) -> Iterable[Observation]:
        cache = self._cache() if self._cache is not None else None
        if cache is not None:
            yield Observation(cache.hits, {"nexus.kind": "hits"})
            yield Observation(cache.misses, {"nexus.kind": "misses"})
            yield Observation(len(cache), {"nexus.kind": "kept"})


def _exporters() -> list[MetricReader]:
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return []
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    except ImportError:
        return []  # the collector's address is set for other programs; ours needs the exporter's package too
    return [PeriodicExportingMetricReader(OTLPMetricExporter())]


def _point(point: Any) -> dict[str, object]:  # Any: one of the SDK's kinds of data points
    attributes = {str(key).removeprefix("nexus."): value for key, value in (point.attributes or {}).items()}
    if hasattr(point, "value"):
        return {**attributes, "value": point.value}
    return {**attributes, "count": point.count, "sum": point.sum, "min": point.min, "max": point.max}
