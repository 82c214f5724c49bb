"""The one module that knows OpenTelemetry: counts, times and spans, sent to a collector by OTLP over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter, Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from watchdown.metrics.instruments import Attribute, Labels
from watchdown.metrics.names import BUCKETS, PROCESS

TIMEOUT_S: Final = 3.0  # a collector that is away must not hold up a command
EVERY_MS: Final = 15_000
SCOPE: Final = "watchdown"


class Sent:
    """Sends to the collector at a URL; what it does not take is lost, and nothing else is."""

    def __init__(self, url: str, version: str) -> None:
        base = url.rstrip("/")
        resource = Resource.create({"service.name": SCOPE, "service.version": version})
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        spans = OTLPSpanExporter(endpoint=f"{base}/v1/traces", timeout=TIMEOUT_S)
        self._traces.add_span_processor(BatchSpanProcessor(spans))
        self._tracer = self._traces.get_tracer(SCOPE, version)
        figures = OTLPMetricExporter(endpoint=f"{base}/v1/metrics", timeout=TIMEOUT_S)
        reader = PeriodicExportingMetricReader(
            figures, export_interval_millis=EVERY_MS, export_timeout_millis=TIMEOUT_S * 1000
        )
        self._metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        meter = self._metrics.get_meter(SCOPE, version)
        self._counters: dict[str, Counter] = {}
        self._times: dict[str, Histogram] = {}
        for one in PROCESS:
            if one.kind == "counter":
                self._counters[one.name] = meter.create_counter(one.name, description=one.help)
            else:
                self._times[one.name] = meter.create_histogram(
                    one.name, "s", one.help, explicit_bucket_boundaries_advisory=BUCKETS
                )

    def add(self, name: str, amount: float, labels: Labels) -> None:
        """Raise a counter of the table."""
        self._counters[name].add(amount, labels)

    def observe(self, name: str, seconds: float, labels: Labels) -> None:
        """Enter a time into a histogram of the table."""
        self._times[name].record(seconds, labels)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Attribute]) -> Iterator[None]:
        """Give a span; an error that ends it is noted in it."""
        named = {f"watchdown.{key}": value for key, value in attributes.items()}
        with self._tracer.start_as_current_span(name, attributes=named):
            yield

    def close(self) -> None:
        """Send what is left, and let go."""
        self._traces.shutdown()
        self._metrics.shutdown(timeout_millis=TIMEOUT_S * 1000)
