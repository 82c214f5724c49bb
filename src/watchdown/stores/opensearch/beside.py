"""An index that is built anew beside the one that readers see, and takes its place at one moment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import pyarrow as pa

from watchdown.stores.opensearch.bulk import Bulk, Document
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.documents import documents
from watchdown.stores.opensearch.indices import Indices
from watchdown.stores.opensearch.pace import Pace
from watchdown.stores.opensearch.sink import LOAD_DEADLINE_S
from watchdown.stores.opensearch.upkeep import counted, drop_left, retire
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.errors import StoreNotFound
from watchdown_schemas.record import Record

NUMBERED: Final = re.compile(r"(.+)-(\d{6})")


class BesideIndex:
    """The next index of an alias."""

    def __init__(
        self,
        cluster: Cluster,
        indices: Indices,
        alias: str,
        schema: type[Record],
        dimension: int | None,
        *,
        pace: Pace,
    ) -> None:
        self._cluster = cluster
        self._indices = indices
        self._alias = alias
        self._dimension = dimension
        self._pace = pace
        self._shown = False
        there = _of(cluster, alias)
        numbers = [int(name.rpartition("-")[2]) for name in there]
        # The first number is for a load that meets no index at all.
        self.name = f"{alias}-{max([1, *numbers]) + 1:06}"
        for left in sorted(there - {indices.current(alias)}):
            drop_left(cluster, left)
        indices.make(alias, self.name, schema, dimension)

    def write(self, schema: type[Record], batches: pa.RecordBatchReader) -> Mapping[int, int]:
        """Write rows of runs; return by run how many of them the server refuses for good."""
        layout = arrow_schema(schema, self._dimension)
        given = (
            Document(id_, run, source)
            for batch in batches
            for id_, run, source in documents(batch.select(layout.names).cast(layout), schema)
        )
        writer = Bulk(self._cluster, self.name, deadline_s=LOAD_DEADLINE_S, pace=self._pace)
        return Counter(dead.run for dead in writer.write(given))

    def count(self) -> Mapping[tuple[str, int], int]:
        """Return the number of rows by schema type and run, once all that was written can be found."""
        self._cluster.request("refresh it", "POST", f"/{self.name}/_refresh")
        return {(schema, run): rows for schema, run, rows in counted(self._cluster, self.name)}

    def show(self) -> None:
        """Let readers see it instead of the other, at one moment. The other stays for who reads it still."""
        shown = _pointed(self._cluster, self._alias)
        self._indices.set_up(self.name)
        self._indices.point(self._alias, self.name, sorted(shown))
        self._shown = True
        self._indices.forget(self._alias)
        self._cluster.changed()
        for old in shown:
            retire(self._cluster, old)

    def discard(self) -> None:
        """Remove it, where it was not shown."""
        if not self._shown:
            with suppress(StoreNotFound):
                self._cluster.request("remove it", "DELETE", f"/{self.name}")


def _of(cluster: Cluster, alias: str) -> set[str]:
    """Return the indices of an alias, be they shown or not."""
    found = cluster.request("list the indices", "GET", f"/{alias}-*/_alias")
    named = {name: NUMBERED.fullmatch(name) for name in found}
    return {name for name, parts in named.items() if parts and parts[1] == alias}


def _pointed(cluster: Cluster, alias: str) -> set[str]:
    """Return the indices that an alias shows."""
    try:
        return set(cluster.request("find its index", "GET", f"/_alias/{alias}"))
    except StoreNotFound:
        return set()
