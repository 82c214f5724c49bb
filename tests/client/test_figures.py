"""Figures of a library on either database, as Prometheus's own parser reads them."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, update

import watchdown
from catalogue.databases import DRIVERS, fresh
from client.libraries import make, services
from runs.ledgers import brought
from watchdown.catalogue import tables
from watchdown.catalogue.database import now
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library, figures
from watchdown.metrics.exposition import Figure, exposition
from watchdown.metrics.names import BY_NAME
from watchdown.runs.figures import figures as of_ledger
from watchdown.runs.states import State
from watchdown_schemas.errors import DatabaseUnavailable, QueryError

Read = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(params=DRIVERS)
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Library]:
    with fresh(request, request.param, tmp_path) as address:
        file = tmp_path / "watchdown.toml"
        file.write_text(f'database = "{address.reveal()}"\nstorage = "media"\nstore = "lance:lake"\n')
        with make(file, "a", "b", "c") as made:
            yield made


def read(text: str) -> Read:
    """Return what Prometheus would keep of a scrape."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Read, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))


def test_each_station_tells_its_queue_and_what_is_past_it(library: Library) -> None:
    ledger = services(library).ledger
    for number, state in enumerate(
        (State.PLANNED, State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED)
    ):
        brought(ledger, state, algorithm=f"algo-{number}")
    brought(ledger, State.SUPERSEDED, algorithm="shots")
    found = read(figures.text(services(library)))
    for number, station in enumerate(("work", "work", "validate", "load", "publish")):
        labels = {"station": station, "algorithm": f"algo-{number}"}
        assert value(found, "watchdown_station_waiting", **labels) == 1
    assert value(found, "watchdown_station_waiting", station="collect", algorithm="shots") == 1
    assert value(found, "watchdown_station_done", station="publish", algorithm="shots") == 2
    assert value(found, "watchdown_station_done", station="load", algorithm="algo-4") == 1
    assert value(found, "watchdown_station_done", station="validate", algorithm="algo-2") is None
    assert value(found, "watchdown_runs", algorithm="shots", state="superseded") == 1


def test_lag_is_the_age_of_the_run_that_waits_longest(library: Library) -> None:
    parts = services(library)
    for title, at in (("a", "2026-01-01T00:00:00.000+00:00"), ("b", "2026-01-01T00:10:00.000+00:00")):
        number = brought(parts.ledger, State.VALIDATED, title=title)
        with parts.database.writing() as connection:
            connection.execute(
                update(tables.runs).where(tables.runs.c.number == number).values(updated_at=at)
            )

    class Clock:
        def now(self, _connection: object) -> float:
            return datetime(2026, 1, 1, 1, tzinfo=UTC).timestamp()

    found = read(exposition(of_ledger(parts.database, Clock())))  # type: ignore[arg-type] # nobody waits
    assert value(found, "watchdown_station_lag_seconds", station="load", algorithm="shots") == 3600
    assert value(found, "watchdown_station_waiting", station="load", algorithm="shots") == 2


def test_failures_say_where_and_of_what_kind_and_a_slot_is_mended_by_its_next_run(library: Library) -> None:
    parts = services(library)
    errors = {
        "a": "no worker finished it; its Job's log says why",
        "b": "lines raised ValueError: no (algo.py, line 3)",
        "c": "film.mp4: is damaged",
    }
    for title, error in errors.items():
        number = brought(parts.ledger, State.FAILED, title=title)
        with parts.database.writing() as connection:
            connection.execute(update(tables.runs).where(tables.runs.c.number == number).values(error=error))
    brought(parts.ledger, State.QUARANTINED, algorithm="lines")
    brought(parts.ledger, State.ACTIVE, key="k2", title="c")
    found = read(figures.text(parts))
    for kind in ("lost", "raised", "failed"):
        labels = {"station": "work", "algorithm": "shots", "kind": kind}
        assert value(found, "watchdown_failures", **labels) == 1
    assert value(found, "watchdown_failures", station="validate", algorithm="lines", kind="held") == 1
    assert value(found, "watchdown_slots", algorithm="shots", state="failed") == 2
    assert value(found, "watchdown_slots", algorithm="shots", state="active") == 1


def test_rows_and_costs_are_added_up_by_algorithm(library: Library) -> None:
    parts = services(library)
    label = {"start_ns": 0, "end_ns": 1, "label": "car"}
    for title in ("a", "b"):
        written = library.write(
            "Label", [label, label | {"start_ns": 1, "end_ns": 2}], title, algorithm="by-hand"
        )
        cost = {"cpu_s": 1.5, "bytes": 10}
        with parts.database.writing() as connection:
            where = tables.runs.c.number == written.run
            connection.execute(update(tables.runs).where(where).values(cost=cost))
    found = read(figures.text(parts))
    assert value(found, "watchdown_rows", algorithm="by-hand", schema_type="Label") == 4
    assert value(found, "watchdown_cost", algorithm="by-hand", what="cpu_s") == 3
    assert value(found, "watchdown_epoch") == 2
    assert value(found, "watchdown_titles") == 3
    assert value(found, "watchdown_publication_age_seconds") is not None


def test_the_budget_tells_its_limits_and_who_works(library: Library) -> None:
    parts = services(library)
    library.budget.set(documents=100)
    rates = {"documents": 5, "documents_rate": 40.0, "documents_share": 100.0}
    rates |= {"bytes": 5, "bytes_rate": 400.0, "bytes_share": None}
    with parts.database.writing() as connection:
        for name, until in (("alive", 4e9), ("gone", 1.0)):
            connection.execute(
                insert(tables.loaders).values(id=name, name=name, since=now(), lease_until=until, **rates)
            )
        connection.execute(
            insert(tables.batches).values(
                name="b", image="worker", titles=1, algorithms=[], planned_at=now(), lease_until=4e9
            )
        )
    found = read(figures.text(parts))
    assert value(found, "watchdown_load_limit_per_second", unit="documents") == 100
    assert value(found, "watchdown_load_limit_per_second", unit="bytes") is None
    assert value(found, "watchdown_load_granted_per_second", unit="documents") == 100
    assert value(found, "watchdown_load_used_per_second", unit="bytes") == 400
    assert value(found, "watchdown_loaders") == value(found, "watchdown_batches_leased") == 1


def test_an_empty_library_has_figures_too(library: Library) -> None:
    found = read(figures.text(services(library)))
    assert value(found, "watchdown_epoch") == value(found, "watchdown_loaders") == 0
    assert value(found, "watchdown_build_info", version=watchdown.__version__) == 1
    assert {name for name, _labels in found} <= set(BY_NAME)


def test_names_from_outside_cannot_forge_lines() -> None:
    evil = 'x"} 1\nwatchdown_epoch 99\\'
    text = exposition([Figure("watchdown_runs", 2.5, {"algorithm": evil, "state": "active"})])
    assert read(text) == {("watchdown_runs", (("algorithm", evil), ("state", "active"))): 2.5}


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_an_address_is_on_this_machine_unless_it_says_so(written: str, read_as: tuple[str, int]) -> None:
    assert figures.address_of(written) == read_as


@pytest.mark.parametrize("written", ["", "host", "host:", "1:x", "host:65536", "-1"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(QueryError, match="is no address"):
        figures.address_of(written)


def test_a_scrape_gets_the_figures_of_now_and_is_told_when_there_are_none(library: Library) -> None:
    parts = services(library)
    away = False

    def give() -> str:
        if away:
            raise DatabaseUnavailable("database", "does not answer", "See that it runs")
        return figures.text(parts)

    with figures.serving(give, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            base = f"http://127.0.0.1:{server.server_port}"
            with urllib.request.urlopen(f"{base}/metrics") as answer:
                assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                assert value(read(answer.read().decode()), "watchdown_titles") == 3
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"{base}/other")
            away = True
            with pytest.raises(urllib.error.HTTPError, match="503"):
                urllib.request.urlopen(f"{base}/metrics")
        finally:
            server.shutdown()
            thread.join()


def test_the_command_prints_text_or_json_and_refuses_a_port_in_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "library"
    make(root, "heat").close()
    assert main(["metrics", "--library", str(root)]) == ExitCode.OK
    assert value(read(capsys.readouterr().out), "watchdown_titles") == 1
    assert main(["metrics", "--json", "--library", str(root)]) == ExitCode.OK
    found = json.loads(capsys.readouterr().out)
    assert {"name": "watchdown_titles", "labels": {}, "value": 1} in found
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["metrics", "--serve", port, "--library", str(root)]) == ExitCode.USAGE
    assert "cannot be listened at" in capsys.readouterr().err
