"""Loads into a real OpenSearch that go wrong, and what must be there after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from uuid import uuid4

import pyarrow as pa
import pytest

from conformance.stores import Store, view
from watchdown.stores.opensearch.cluster import Access, Cluster, Layout
from watchdown.stores.opensearch.pace import LEAST_BYTES, Pace
from watchdown.stores.opensearch.searcher import OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.stores.protocol import Outcome
from watchdown_schemas.columns import Stamp
from watchdown_schemas.errors import LibraryError, StoreNotFound
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import Shot

RUNS = (1, 2)
STEP = 200  # rows that are handed over at once
Rows = pa.RecordBatch


@cache
def shots(run: int, count: int, spoilt: int = 0, script: str = "night") -> Rows:
    """Return the shots of a run; one of `spoilt` has two attributes, each a nested document of its own."""
    spoils = {"mood": "low", "script": script}
    stamp = Stamp(run=run, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")
    records = [
        Shot(start_ns=at, end_ns=at + 1, number=at, attributes=spoils if spoilt and not at % spoilt else {})
        for at in range(count)
    ]
    return to_arrow(records, Shot, stamp)


def prefix() -> str:
    """Return how the names of one test's indices begin."""
    return f"t{uuid4().hex[:12]}"


class Loads:
    """A sink and a searcher over indices of their own, whose sink may be told how long to insist."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 30,
        deadline_s: float = 60,
        start: int = LEAST_BYTES,
        layout: Layout | None = None,
        **how: object,
    ) -> None:
        self.url = url
        self.layout = layout or Layout(prefix=prefix(), replicas=0)
        self.cluster = Cluster(Access(url=url, timeout_s=timeout_s, **how), self.layout)  # type: ignore[arg-type] # as given
        self.pace = Pace(start)
        self.sink = OpenSearchSink(self.cluster, deadline_s=deadline_s, pace=self.pace)
        self.searcher = OpenSearchSearcher(self.cluster)
        self.store = Store(self.sink, self.searcher)
        self.index = f"{self.cluster.alias(Shot)}-000001"

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Have no patience with the server inside the block."""
        patience, self.cluster.timeout_s = self.cluster.timeout_s, 1
        try:
            yield
        finally:
            self.cluster.timeout_s = patience

    def load(
        self,
        count: int,
        runs: Sequence[int] = RUNS,
        *,
        at: int = -1,
        then: Callable[[], object] = lambda: None,
        spoilt: int = 0,
        script: str = "night",
    ) -> Outcome:
        """Load so many shots of each run; after the batch number `at` something is done."""

        def told() -> Iterator[Rows]:
            number = 0
            for run in runs:
                rows = shots(run, count, spoilt, script)
                for start in range(0, count, STEP):
                    yield rows.slice(start, STEP)
                    if number == at:
                        then()
                    number += 1

        reader = pa.RecordBatchReader.from_batches(shots(runs[0], count).schema, told())
        return self.sink.write(runs, Shot, reader, model=None)

    def assert_whole(self, count: int, runs: Sequence[int] = RUNS, spoilt: int = 0) -> None:
        """Check that the rows of the runs are there, each once, as they were."""
        expected = sorted(
            (row for run in runs for row in shots(run, count, spoilt).to_pylist()), key=lambda row: row["id"]
        )
        assert self.store.rows("Shot", view(runs)) == expected
        assert self.stored() == len(expected)

    def stored(self) -> int:
        """Return how many documents the index has, whatever their run; 0 where there is none."""
        with suppress(StoreNotFound):
            self.cluster.request("refresh it", "POST", f"/{self.index}/_refresh")
            return int(self.cluster.request("count", "GET", f"/{self.index}/_count")["count"])
        return 0

    def settings(self, **changed: object) -> dict[str, str]:
        """Return the settings of the index, after some were changed; names have _ for the points."""
        path = f"/{self.index}/_settings"
        if changed:
            body = {name.replace("__", "."): value for name, value in changed.items()}
            self.cluster.request("change settings", "PUT", path, body)
        found: dict[str, str] = self.cluster.request("read settings", "GET", path, flat_settings="true")[
            self.index
        ]["settings"]
        return found

    def remove(self) -> None:
        """Take the indices away and let go of the server."""
        self.cluster.request("remove them", "DELETE", f"/{self.layout.prefix}-*")
        with suppress(StoreNotFound):
            self.cluster.request("remove them", "DELETE", f"/_index_template/{self.layout.prefix}-*")
        self.searcher.close()
        self.cluster.close()


class Told:
    """The error that a block has raised."""

    subject = cause = remedy = ""


@contextmanager
def told(kind: type[LibraryError], url: str, *words: str) -> Iterator[Told]:
    """Check that the block raises an error of that kind, which names the server, its address and the rest."""
    raising = Told()
    with pytest.raises(kind) as raised:
        yield raising
    error = str(raised.value)
    raising.subject, raising.cause, raising.remedy = raised.value.args
    assert type(raised.value) is kind
    for word in ("OpenSearch at", url.rpartition("/")[2].removeprefix("OpenSearch at "), *words):
        assert word in error, error
    assert raised.value.remedy
    assert "secret" not in error
