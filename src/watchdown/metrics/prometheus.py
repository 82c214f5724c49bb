"""The one module that knows Prometheus's client: a process that is scraped while it works."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from watchdown.metrics.instruments import Attribute, Labels
from watchdown.metrics.names import BUCKETS, PROCESS
from watchdown_schemas.errors import SettingsInvalid


class Scraped:
    """Listens at an address until it is closed. Raises SettingsInvalid where another process does already."""

    def __init__(self, host: str, port: int) -> None:
        registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._times: dict[str, Histogram] = {}
        for one in PROCESS:
            if one.kind == "counter":
                self._counters[one.name] = Counter(one.name, one.help, one.labels, registry=registry)
            else:
                self._times[one.name] = Histogram(
                    one.name, one.help, one.labels, registry=registry, buckets=BUCKETS
                )
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as error:
            cause = f"names {host}:{port}, which cannot be listened at ({error.strerror})"
            remedy = "Name a port for each process, or leave it out"
            raise SettingsInvalid("telemetry.listen", cause, remedy) from error
        self.port: int = self._server.server_port

    def add(self, name: str, amount: float, labels: Labels) -> None:
        """Raise a counter of the table."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def observe(self, name: str, seconds: float, labels: Labels) -> None:
        """Enter a time into a histogram of the table."""
        times = self._times[name]
        (times.labels(**labels) if labels else times).observe(seconds)

    def span(self, name: str, attributes: Mapping[str, Attribute]) -> AbstractContextManager[None]:
        """Give nothing: Prometheus keeps no spans."""
        del name, attributes
        return nullcontext()

    def close(self) -> None:
        """End to listen."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
