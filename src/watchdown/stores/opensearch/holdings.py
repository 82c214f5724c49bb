"""What a cluster's indices hold, counted by the server or read page by page; and how they are mended."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from watchdown.stores.holdings import Beside, Found, Held, Unreadable, pictures_of
from watchdown.stores.opensearch.beside import BesideIndex
from watchdown.stores.opensearch.bulk import Bulk, Document
from watchdown.stores.opensearch.clauses import Query
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.documents import SCHEMA, documents, rows
from watchdown.stores.opensearch.indices import Indices
from watchdown.stores.opensearch.pace import Pace
from watchdown.stores.opensearch.reading import PAGE, PAGE_OF_VECTORS
from watchdown.stores.opensearch.sink import LOAD_DEADLINE_S
from watchdown.stores.opensearch.snapshot import Pins, close_pins, search
from watchdown.stores.opensearch.upkeep import counted
from watchdown.stores.protocol import Types
from watchdown.stores.shared import VECTOR, native
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.digest import Digest, Digests
from watchdown_schemas.errors import LibraryError, StoreError
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record
from watchdown_schemas.types import STANDARD_TYPES

IDS: Final = 10_000
MEND_S: Final = 300.0


class OpenSearchHoldings:
    """Tells what the indices hold that readers see."""

    def __init__(self, cluster: Cluster, types: Types = STANDARD_TYPES, *, pace: Pace | None = None) -> None:
        self._cluster = cluster
        self._types = types
        self._indices = Indices(cluster)
        self._pace = pace or Pace()

    def table(self, schema: type[Record], model: str | None) -> str:
        """Return the alias of the index that rows of a type, and of the model of its vectors, lie in."""
        return self._cluster.alias(schema, model)

    def tables(self) -> Collection[str]:
        """Return the aliases that readers see."""
        return sorted(self._indices.shown())

    def survey(self, *, deep: bool, title: str | None = None) -> Iterator[Found]:
        """Yield what indices hold, of one title or of all: counted by the server, or read and hashed here."""
        of: list[Query] = [] if title is None else [{"term": {"title": title}}]
        for alias in self.tables():
            self._cluster.request("refresh it", "POST", f"/{alias}/_refresh")
            try:
                yield from self._hashed(alias, of) if deep else self._counted(alias, of)
            except (KeyError, ValueError, TypeError, pa.ArrowException) as error:
                yield Unreadable(alias, -1, alias, f"{type(error).__name__}: {error}")

    def _counted(self, alias: str, of: Sequence[Query]) -> Iterator[Held]:
        for schema, run, count in counted(self._cluster, alias, of):
            yield Held(alias, schema, run, Digest(count))

    def _hashed(self, alias: str, of: Sequence[Query]) -> Iterator[Held]:
        for name, found in self._pages(alias, of):
            if (schema := self._types.get(name)) is None:
                yield from (Held(alias, name, one["run"], Digest(1)) for one in found)
                continue
            dimension = len(found[0].get(VECTOR) or ()) if vector_field(schema) else 0
            batch = rows(found, schema, native(schema).names, dimension or None)
            digests, pictures = Digests(), pictures_of(batch, schema)
            digests.add(batch)
            for run, digest in digests.items():
                yield Held(alias, name, run, digest, frozenset(pictures.get(run, ())))

    def _pages(
        self, alias: str, of: Sequence[Query], columns: Sequence[str] | None = None
    ) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
        """Yield documents, those of one type together, page by page, as they are at one moment."""
        unused: deque[str] = deque()
        pins = Pins(self._cluster, [alias], unused)
        heavy = columns is None and self._indices.vector_length(alias) is not None
        body: dict[str, Any] = {
            "size": PAGE_OF_VECTORS if heavy else PAGE,
            "query": {"bool": {"filter": of}},
            "_source": True if columns is None else list(columns),
            "sort": [{"_shard_doc": "asc"}],
            "track_total_hits": False,
        }
        try:
            while hits := search(self._cluster, pins, alias, body, "read rows")["hits"]["hits"]:
                found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
                for hit in hits:
                    found[hit["_source"][SCHEMA]].append(hit["_source"])
                yield from found.items()
                body["search_after"] = hits[-1]["sort"]
        finally:
            del pins
            close_pins(self._cluster, unused)

    def mend(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> int:
        """Let an index have these rows of runs and no others; return how many it has then.

        Rows are written over those that are there, and only then are those removed that are too many.
        """
        alias = self._cluster.alias(schema, model)
        field = vector_field(schema)
        size = None if field is None else batches.schema.field(field.name).type.list_size
        layout, kept = arrow_schema(schema, size), set[str]()

        def told() -> Iterator[Document]:
            for batch in batches:
                for id_, run, source in documents(batch.select(layout.names).cast(layout), schema):
                    kept.add(id_)
                    yield Document(id_, run, source)

        index = self._indices.prepare(alias, schema, size)
        writer = Bulk(self._cluster, index, deadline_s=LOAD_DEADLINE_S, pace=self._pace)
        try:
            for refused in writer.write(told()):
                cause = f"refuses the row {refused.id} of run {refused.run} ({refused.reason})"
                raise StoreError(self._cluster.server, cause, "Compute the run again")
            self._indices.show(alias, index)
            there = self._ids(alias, runs, schema)
            self._drop(index, sorted(there - kept))
            return len(there & kept)
        finally:
            self._cluster.changed()

    def _ids(self, alias: str, runs: Sequence[int], schema: type[Record]) -> set[str]:
        of: list[Query] = [{"terms": {"run": list(runs)}}, {"term": {SCHEMA: schema.__name__}}]
        pages = self._pages(alias, of, ["id", SCHEMA])
        return {one["id"] for _, found in pages for one in found}

    def _drop(self, index: str, ids: Sequence[str]) -> None:
        for at in range(0, len(ids), IDS):
            some = "".join(
                json.dumps({"delete": {"_index": index, "_id": id_}}) + "\n" for id_ in ids[at : at + IDS]
            )
            told = self._cluster.request(
                "drop rows", "POST", f"/{index}/_bulk", some, refresh="true", deadline_s=MEND_S
            )
            if told["errors"]:
                raise StoreError(self._cluster.server, "could not drop rows", "Repeat the command")

    def remove(self, schema: str, runs: Sequence[int], table: str) -> None:
        """Remove the rows of one schema type of runs from an index."""
        of = [{"terms": {"run": list(runs)}}, {"term": {SCHEMA: schema}}]
        body, path = {"query": {"bool": {"filter": of}}}, f"/{table}/_delete_by_query"
        self._cluster.request(
            "delete runs",
            "POST",
            path,
            body,
            deadline_s=MEND_S,
            conflicts="proceed",
            refresh="true",
        )
        self._cluster.changed()

    def cut_out(self, parts: Sequence[Unreadable]) -> None:
        """Refuse: what a server cannot read is for it to mend, or for a rebuild."""
        if parts:
            cause = f"cannot be read ({parts[0].cause})"
            raise LibraryError(parts[0].file, cause, "Build it anew: watchdown rebuild")

    def earlier(
        self, schema: type[Record], model: str | None, run: int, digest: Digest
    ) -> Iterator[pa.RecordBatch] | None:
        """Return None: an index keeps no earlier state."""
        del schema, model, run, digest
        return None

    def beside(self, schema: type[Record], model: str | None, dimension: int | None) -> Beside:
        """Begin to build the index of a type anew."""
        alias = self._cluster.alias(schema, model)
        return BesideIndex(self._cluster, self._indices, alias, schema, dimension, pace=self._pace)

    def index_anew(self, table: str) -> None:
        """Do nothing: an index lies with its rows."""
