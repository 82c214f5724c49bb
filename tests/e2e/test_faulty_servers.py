"""A backfill on servers with a bad day or no room left: each row is there once, or the next call goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from client.libraries import services
from e2e import interrupted
from services.library import settings_of
from services.postgresql import drop_database, new_database
from services.s3 import S3
from storage.fault_proxy import Fault, FaultProxy
from stores.faulty import Faulty, Once, rejects_half, times_out_afterwards, too_busy
from watchdown.client import Library
from watchdown.runs.states import State
from watchdown.stores.opensearch import patience
from watchdown.stores.opensearch.cluster import Cluster
from watchdown_schemas.errors import StorageFull

WHOLE = {"seen": {"heat": 40, "rain": 40}, "counted": 80, "states": ["active"] * 4, "left": 0}
BEGIN: dict[str, Any] = {"algorithm": "loud", "only": True, "size": 2}
MINUTE = 60.0
NO_ROOM = b"<Error><Code>XMinioStorageFull</Code><Message>no room is left</Message></Error>"


@pytest.fixture
def bucket(s3_server: S3) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server.url).running() as proxy:
        yield proxy


@pytest.fixture
def place(
    postgresql_url: str, s3_server: S3, opensearch_url: str, bucket: FaultProxy, tmp_path: Path
) -> Iterator[Path]:
    """Give a library whose titles wait for the algorithm, and whose storage may fail."""
    database, place = new_database(postgresql_url), tmp_path / "watchdown.toml"
    text = settings_of(database, s3_server, opensearch_url)
    place.write_text(text.replace(s3_server.url, bucket.url), "utf-8")
    interrupted.fill(place)
    yield place
    drop_database(database)


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with interrupted.open_library(str(place)) as library:
        yield library


def cluster_of(library: Library) -> Cluster:
    """Return the connection by which a library writes to its store."""
    found: Cluster = services(library).store.sink._cluster  # type: ignore[attr-defined] # OpenSearch
    return found


def rows_of_runs(library: Library) -> dict[int, int]:
    """Return how many rows the store has of each run; each is there once."""
    inside = services(library)
    ids = Counter(one.id for name in interrupted.TYPES for one in library.records(name))
    assert set(ids.values()) == {1}
    return {run.number: inside.store.sink.traces([], [run.number]) for run in inside.ledger.runs()}


def a_minute_of(fault: Callable[[Once, bytes], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a fault that lasts for a minute, as it passes for those who wait: none of it is waited for."""
    waited = 0.0

    def sleeping(_ended: Event) -> Callable[[float], None]:
        def sleep(seconds: float) -> None:
            nonlocal waited
            waited += seconds

        return sleep

    monkeypatch.setattr(patience, "sleep_using_event", sleeping)
    return lambda send, body: fault(send, body) if waited < MINUTE else send(body)


@pytest.mark.parametrize("fault", [rejects_half, times_out_afterwards, too_busy])
def test_a_store_on_a_bad_day_has_each_row_of_each_run_once(
    library: Library, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Once, bytes], Any]
) -> None:
    inside = services(library)
    cluster = cluster_of(library)
    faulty = Faulty(cluster)
    faulty.fault = fault if fault is rejects_half else a_minute_of(fault, monkeypatch)
    monkeypatch.setattr(cluster, "once", faulty)
    assert library.backfills.run(**BEGIN).state == "done"
    assert faulty.bulks > (3 if fault is rejects_half else 10)
    runs = inside.ledger.runs()
    assert rows_of_runs(library) == {run.number: sum(run.counts.values()) for run in runs}
    assert [run.state for run in runs] == [State.ACTIVE] * 4
    assert [run.warnings for run in runs] == [[]] * 4


def test_storage_without_room_ends_the_staging_and_the_next_call_goes_on(
    library: Library, bucket: FaultProxy, place: Path
) -> None:
    bucket.fail(Fault(status=507, said=NO_ROOM), times=1_000, method="PUT", path=".parquet")
    with pytest.raises(StorageFull):
        library.backfills.run(**BEGIN)
    assert [run.state for run in services(library).ledger.runs()] == [State.ACTIVE] * 2 + [State.PLANNED] * 2
    bucket.mend()
    assert library.backfills.run(**BEGIN).state == "done"
    assert interrupted.there(place) == WHOLE


def test_a_store_without_room_ends_the_load_and_the_next_call_goes_on(
    library: Library, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = services(library)
    load, cluster, sink = inside.stages.load, cluster_of(library), inside.store.sink
    batches = iter(("first", "second"))

    def block(*, on: bool | None) -> None:
        flood = {"index.blocks.read_only_allow_delete": on}
        cluster.request("block it", "PUT", f"/{cluster.layout.prefix}-*/_settings", flood)

    def loading(*runs: Any, **how: Any) -> None:
        if next(batches) == "second":
            block(on=True)
        load(*runs, **how)

    with monkeypatch.context() as patch:
        patch.setattr(inside.stages, "load", loading)
        patch.setattr(sink, "_deadline_s", 2.0)
        patch.setattr(cluster, "timeout_s", 2.0)
        with pytest.raises(StorageFull):
            library.backfills.run("loud", only=True, size=1)
    assert [run.state for run in inside.ledger.runs()] == [State.ACTIVE] * 3 + [State.VALIDATED]
    assert library.count("Label") == 20
    block(on=None)
    assert library.backfills.run("loud", only=True, size=1).state == "done"
    assert interrupted.there(place) == WHOLE
