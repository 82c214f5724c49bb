"""Stores on bad days, loaded within a governed budget: no row is lost, none is there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from opensearchpy.exceptions import ConnectionTimeout, TransportError

from catalogue.databases import DRIVERS, fresh
from stores.loads import Loads, shots
from watchdown.catalogue.database import Database, open_database
from watchdown.load.budget import Budget
from watchdown.load.clock import RealClock
from watchdown.load.leases import Leases
from watchdown.load.load import Staged, load
from watchdown.storage.local import LocalStorage
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.feedback import OpenSearchFeedback
from watchdown_schemas.types import STANDARD_TYPES

RUNS, ROWS = (1, 2, 3), 400
FULL = {"type": "rejected_execution_exception", "reason": "the queue is full"}
Once = Callable[..., Any]


class Faulty:
    """What stands before a real server and has bad days with bulk writes."""

    def __init__(self, cluster: Cluster) -> None:
        self._once: Once = cluster.once
        self.bulks = 0
        self.fault: Callable[[Once, bytes], Any] | None = None

    def __call__(self, method: str, path: str, body: Any, **how: Any) -> Any:
        if not path.endswith("_bulk") or self.fault is None:
            return self._once(method, path, body, **how)
        self.bulks += 1

        def send(some: bytes) -> Any:
            return self._once(method, path, some, **how)

        return self.fault(send, body)


def rejects_half(send: Once, body: bytes) -> Any:
    """Store every second document, and reject the others."""
    lines = body.splitlines(keepends=True)
    pairs = [lines[at] + lines[at + 1] for at in range(0, len(lines), 2)]
    if len(pairs) == 1:
        return send(body)
    taken = iter(send(b"".join(pairs[::2])).get("items", []))
    rejected = {"index": {"status": 429, "error": FULL}}
    items = [next(taken) if at % 2 == 0 else rejected for at in range(len(pairs))]
    return {"errors": True, "items": items}


def times_out_afterwards(send: Once, body: bytes) -> Any:
    """Store all, and do not say so."""
    send(body)
    raise ConnectionTimeout("TIMEOUT", "timed out", TimeoutError("read timed out"))


def too_busy(_send: Once, _body: bytes) -> Any:
    """Take nothing."""
    raise TransportError(429, FULL["type"], {"error": FULL})


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
