"""What a process tells while it works: to a collector of OpenTelemetry, and to Prometheus."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families

import watchdown
from media.clips import draw
from watchdown.client import backfilling
from watchdown.metrics.instruments import listened
from watchdown.metrics.names import PROCESS
from watchdown.runs.batch import read_batch
from watchdown_schemas.errors import SettingsInvalid

PLACES = 'database = "sqlite:///library.db"\nstorage = "media"\nstore = "lance:lake"\n'


class Collector:
    """Keeps what it is sent by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: set[str] = set()
        self.port = 0

    def take(self, path: str, body: bytes) -> None:
        """Keep one export."""
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    self.spans += scope.spans
        else:
            for told in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for part in told.scope_metrics:
                    self.metrics |= {metric.name for metric in part.metrics}

    def attribute(self, span: Span, key: str) -> str | int | None:
        """Return what a span says under a key."""
        found = {one.key: one.value for one in span.attributes}.get(key)
        return None if found is None else found.string_value or found.int_value


@contextmanager
def collecting() -> Iterator[Collector]:
    """Give a collector that listens on this machine."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_seen: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        collector.port = server.server_port
        yield collector
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "watchdown.toml"
    file.write_text(PLACES)
    return file


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_a_collector_gets_spans_per_title_and_stage_and_all_counts(settings: Path, tmp_path: Path) -> None:
    film = draw(tmp_path / "film.mp4", count=40)
    with collecting() as collector:
        settings.write_text(f'{PLACES}[telemetry]\notlp = "http://127.0.0.1:{collector.port}"\n')
        with watchdown.open(settings, create=True) as library:
            (added,) = library.add(film)
            library.search("a red race car")
    spans = {span.name for span in collector.spans}
    assert {"work", "record", "validate", "load", "publish"} <= spans
    worked = [span for span in collector.spans if span.name == "work"]
    assert {collector.attribute(span, "watchdown.title") for span in worked} == {added.title}
    assert any("shots" in str(collector.attribute(span, "watchdown.algorithms")) for span in worked)
    staged = [span for span in collector.spans if span.name == "publish"]
    assert {collector.attribute(span, "watchdown.titles") for span in staged} == {added.title}
    wanted = {"watchdown_station_runs_total", "watchdown_station_seconds", "watchdown_loaded_rows_total"}
    assert wanted | {"watchdown_search_seconds"} <= collector.metrics <= {one.name for one in PROCESS}
    assert not listened()


def test_the_variable_that_opentelemetry_knows_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
        with watchdown.open(tmp_path / "library", create=True) as library:
            library.add(draw(tmp_path / "film.mp4", count=10), only=["shots"])
    assert [span.name for span in collector.spans if span.name == "work"] == ["work"]


def test_a_collector_that_is_away_keeps_nobody_from_working(settings: Path, tmp_path: Path) -> None:
    settings.write_text(f'{PLACES}[telemetry]\notlp = "http://127.0.0.1:{free_port()}"\n')
    with watchdown.open(settings, create=True) as library:
        (added,) = library.add(draw(tmp_path / "film.mp4", count=10), only=["shots"])
    assert added.outcome == "added"


def test_prometheus_may_fetch_what_a_process_counts_while_it_works(settings: Path, tmp_path: Path) -> None:
    port = free_port()
    settings.write_text(f'{PLACES}[telemetry]\nlisten = "127.0.0.1:{port}"\n')
    with watchdown.open(settings, create=True) as library:
        library.add(draw(tmp_path / "film.mp4", count=40), only=["shots"])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    ways = {"work": "staged", "validate": "validated", "load": "loaded", "publish": "active"}
    for station, outcome in ways.items():
        labels = (("algorithm", "shots"), ("outcome", outcome), ("station", station))
        assert found["watchdown_station_runs_total", labels] == 1
        assert found["watchdown_station_seconds_count", (("station", station),)] == 1
    rows = found["watchdown_loaded_rows_total", (("schema_type", "Shot"),)]
    assert rows == found["watchdown_worked_rows_total", (("schema_type", "Shot"),)] > 0


def test_a_fault_is_counted_by_its_name(settings: Path, tmp_path: Path) -> None:
    port = free_port()
    settings.write_text(f'{PLACES}[telemetry]\nlisten = "127.0.0.1:{port}"\n')
    film = draw(tmp_path / "film.mp4", count=40)
    with watchdown.open(settings, create=True) as library:
        library.add(film, only=[])
        film.unlink()
        services = library._inner._services
        planned = backfilling.plan(services, ["shots"])
        batch = planned.batches[0].batch
        backfilling.worker_of(services)(read_batch(services.storage, batch), 0)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    assert 'watchdown_station_failures_total{kind="MediaNotFound",station="work"} 1.0' in text


def test_an_address_that_is_taken_is_named(settings: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings.write_text(f'{PLACES}[telemetry]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n')
        with pytest.raises(SettingsInvalid, match="cannot be listened at"):
            watchdown.open(settings, create=True)
    assert not listened()


def test_nobody_who_asks_for_nothing_loads_what_tells() -> None:
    program = (
        "import sys, tempfile, watchdown\n"
        "with watchdown.open(tempfile.mkdtemp() + '/library', create=True): pass\n"
        "print([name for name in ('opentelemetry.sdk', 'prometheus_client') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
