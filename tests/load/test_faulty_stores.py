"""Stores on bad days, loaded within a governed budget: no row is lost, none is there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogue.databases import DRIVERS, fresh
from stores.faulty import Faulty, Once, rejects_half, times_out_afterwards, too_busy
from stores.loads import Loads, shots
from watchdown.catalogue.database import Database, open_database
from watchdown.load.budget import Budget
from watchdown.load.clock import RealClock
from watchdown.load.leases import Leases
from watchdown.load.load import Staged, load
from watchdown.storage.local import LocalStorage
from watchdown.stores.opensearch.feedback import OpenSearchFeedback
from watchdown_schemas.types import STANDARD_TYPES

RUNS, ROWS = (1, 2, 3), 400


@pytest.fixture(params=DRIVERS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(request, request.param, tmp_path) as address:
        opened = open_database(address)
        yield opened
        opened.close()


@pytest.fixture
def loads(opensearch_url: str) -> Iterator[Loads]:
    loads = Loads(opensearch_url)
    yield loads
    loads.remove()


def load_all(database: Database, loads: Loads, storage: LocalStorage) -> None:
    """Load runs that are staged, as stages do it."""
    staged = [Staged(run, "Shot", None, f"{run}.parquet") for run in RUNS]
    for one in staged:
        with storage.create(one.key) as file:
            pq.write_table(pa.Table.from_batches([shots(one.run, ROWS)]), file)
    feedback = OpenSearchFeedback(loads.cluster, loads.pace)
    with Budget(database, feedback=feedback) as budget:
        loaded = load(staged, loads.sink, STANDARD_TYPES, storage, budget.take)
        budget.renew()
    assert (loaded.refused, dict(loaded.dead)) == ({}, {})


@pytest.mark.parametrize("fault", [rejects_half, times_out_afterwards, too_busy])
def test_a_store_on_a_bad_day_has_every_row_once_and_slows_the_load_down(
    database: Database,
    loads: Loads,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Once, bytes], Any],
) -> None:
    faulty = Faulty(loads.cluster)
    bad = 1_000 if fault is rejects_half else 4

    def for_a_while(send: Once, body: bytes) -> Any:
        return fault(send, body) if faulty.bulks <= bad else send(body)

    faulty.fault = for_a_while
    monkeypatch.setattr(loads.cluster, "once", faulty)
    Leases(database, RealClock()).set_limits({"documents": 100_000.0})
    load_all(database, loads, LocalStorage(tmp_path / "storage"))
    assert faulty.bulks > len(RUNS)
    loads.assert_whole(ROWS, RUNS)
    ruled = Leases(database, RealClock()).budget().governor
    assert ruled.rejected > 0
    assert ruled.rate is not None
    assert "rejection" in ruled.why
