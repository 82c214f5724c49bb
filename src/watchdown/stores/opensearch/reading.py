"""What a request reads of one index: the rows in view, what the index looks up, what is checked after."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
from pyroaring import BitMap64

from watchdown.stores.filtering import answers, columns_of
from watchdown.stores.opensearch.clauses import Clause, Query, combined, term, terms
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.conditions import Asked, condition
from watchdown.stores.opensearch.documents import MARKS, SCHEMA, rows, sources
from watchdown.stores.opensearch.snapshot import search
from watchdown.stores.protocol import Snapshot
from watchdown.stores.shared import VECTOR, is_shared, native
from watchdown.view import View
from watchdown.where import Where
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record

PAGE: Final = 5_000
PAGE_OF_VECTORS: Final = 500
FEW_RUNS: Final = 50  # fewer are quicker told one by one than as a bitmap
MOST_LABELS: Final = 10_000
FEW_TITLES: Final = 60_000  # what the server takes in one list


class Visible:
    """The clause that rows are of visible runs; byte for byte the same for an epoch, so that it is cached."""

    def __init__(self, keep: int = 8) -> None:
        self._keep = keep
        self._bitmaps: dict[int, tuple[frozenset[int], str]] = {}

    def clause(self, view: View) -> list[Query]:
        """Return the filters that let through what a view shows."""
        found: list[Query] = []
        if len(view.visible) <= FEW_RUNS:
            found.append(terms("run", sorted(view.visible)).query)
        else:
            found.append({"terms": {"run": [self._bitmap(view)], "value_type": "bitmap"}})
        if view.titles is not None:
            found.append(terms("title", sorted(view.titles)).query)
        return found

    def _bitmap(self, view: View) -> str:
        kept = self._bitmaps.get(view.epoch)
        if kept is None or kept[0] is not view.visible:
            word = base64.b64encode(BitMap64(view.visible).serialize()).decode()
            kept = (view.visible, word)
            # Readers run at the same time: the few that are kept are replaced whole.
            some = list(self._bitmaps.items())[1 - self._keep :]
            self._bitmaps = {**dict(some), view.epoch: kept}
        return kept[1]


@dataclass(frozen=True, slots=True)
class About:
    """What an index has at all: marks, and the labels of types that share it."""

    marks: frozenset[str]
    labels: frozenset[str]


def about(cluster: Cluster, snapshot: Snapshot, alias: str, *, shared: bool) -> About:
    """Ask an index what it has."""
    some = {"terms": {"field": MARKS, "size": MOST_LABELS}}
    marked = {"size": 0, "query": {"exists": {"field": MARKS}}, "aggs": {"found": some}}
    marks = _keys(search(cluster, snapshot, alias, marked))
    if not shared:
        return About(marks, frozenset())
    labels = {"size": 0, "aggs": {"found": {"terms": {"field": "type", "size": MOST_LABELS}}}}
    return About(marks, _keys(search(cluster, snapshot, alias, labels)))


def _keys(answer: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(bucket["key"] for bucket in answer["aggregations"]["found"]["buckets"])


@dataclass(frozen=True, slots=True)
class Part:
    """One index as a request reads it: by type the clause that it looks up, and the filter left to check."""

    cluster: Cluster
    snapshot: Snapshot
    alias: str
    clauses: Mapping[type[Record], Clause]
    where: Where | None
    seen: Sequence[Query]

    def filters(self, *further: Query) -> list[Query]:
        """Return the filters of all rows that may answer."""
        return [*self.seen, *further, self._of_types().query]

    def _of_types(self) -> Clause:
        by_clause: dict[str, tuple[list[str], Clause]] = {}
        for schema, clause in self.clauses.items():
            by_clause.setdefault(repr(clause.query), ([], clause))[0].append(schema.__name__)
        parts = [combined([_named(names), clause], every=True) for names, clause in by_clause.values()]
        return combined(parts, every=False)

    @property
    def exact(self) -> bool:
        """Whether every row that the index finds answers."""
        return all(clause.exact for clause in self.clauses.values())

    @property
    def pin(self) -> str:
        """The point in time that is read."""
        return str(self.snapshot[self.alias])

    def ask(self, body: Mapping[str, Any], doing: str = "search") -> Any:
        """Return the answer to a search of the index."""
        return search(self.cluster, self.snapshot, self.alias, body, doing)

    def count(self, *further: Query) -> int:
        """Return the number of rows that the index finds."""
        query = {"bool": {"filter": self.filters(*further)}}
        body = {"size": 0, "track_total_hits": True, "query": query}
        return int(self.ask(body, "count")["hits"]["total"]["value"])

    def read(
        self, columns: Sequence[str] | None, *further: Query
    ) -> Iterator[tuple[type[Record], pa.RecordBatch]]:
        """Yield the rows that answer, batches of one type each, with native columns (None: all)."""
        wanted = {schema: _wanted(schema, columns) for schema in self.clauses}
        needed = {schema: self.needed(schema, names) for schema, names in wanted.items()}
        asked = dict.fromkeys(name for schema, names in needed.items() for name in sources(schema, names))
        has_vectors = VECTOR in asked
        size = PAGE_OF_VECTORS if has_vectors else PAGE
        body = {
            "size": size,
            "query": {"bool": {"filter": self.filters(*further)}},
            "_source": [*asked, SCHEMA],
            "sort": [{"_shard_doc": "asc"}],
            "track_total_hits": False,
        }
        after: dict[str, Any] = {}
        while hits := self.ask({**body, **after}, "scan")["hits"]["hits"]:
            for schema, batch in self.by_type((hit["_source"] for hit in hits), needed):
                found = self.kept(schema, batch, wanted[schema])
                if found.num_rows:
                    yield schema, found
            if len(hits) < size:
                return
            after = {"search_after": hits[-1]["sort"]}

    def only(self, schema: type[Record]) -> Part:
        """Return the part of one of its types."""
        return replace(self, clauses={schema: self.clauses[schema]})

    def sources(self, schema: type[Record], names: Sequence[str]) -> list[str]:
        """Return what to ask of documents for native columns, and for what a check needs."""
        return [*sources(schema, self.needed(schema, names)), SCHEMA]

    def answering(self, hits: Sequence[Mapping[str, Any]]) -> frozenset[str]:
        """Return the ids of those hits that answer the filter."""
        return frozenset(row["id"] for row in self.rows([hit["_source"] for hit in hits], ["id"]))

    def best(self, query: Query, columns: Sequence[str], limit: int) -> list[Mapping[str, Any]]:
        """Return the documents of the best rows that a query finds, with what the columns are made from."""
        (schema,) = self.clauses
        size = min(PAGE, limit)
        body = {
            "size": size,
            "query": query,
            "_source": self.sources(schema, columns),
            "sort": [{"_score": "desc"}, {"_shard_doc": "asc"}],
            "track_total_hits": False,
        }
        found: list[Mapping[str, Any]] = []
        after: dict[str, Any] = {}
        while len(found) < limit and (hits := self.ask({**body, **after})["hits"]["hits"]):
            found += [hit["_source"] for hit in hits]
            if len(hits) < size:
                break
            after = {"search_after": hits[-1]["sort"]}
        return found

    def rows(self, found: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
        """Return those documents that answer, with native columns."""
        needed = {schema: self.needed(schema, columns) for schema in self.clauses}
        answering: list[dict[str, Any]] = []
        for schema, batch in self.by_type(found, needed):
            answering += self.kept(schema, batch, columns).to_pylist()
        return answering

    def needed(self, schema: type[Record], names: Sequence[str]) -> list[str]:
        """Return the native columns to read of a type: those wanted, and those that a check needs."""
        check = [] if self.clauses[schema].exact else columns_of(self.where, schema)
        return [*dict.fromkeys([*names, *check])] or ["run"]

    def by_type(
        self, found: Iterable[Mapping[str, Any]], needed: Mapping[type[Record], Sequence[str]]
    ) -> Iterator[tuple[type[Record], pa.RecordBatch]]:
        """Yield documents as batches of their types with native columns, each in the documents' order."""
        named = {schema.__name__: schema for schema in self.clauses}
        held: dict[str, list[Mapping[str, Any]]] = {}
        for document in found:
            held.setdefault(document[SCHEMA], []).append(document)
        for name, some in held.items():
            schema = named[name]
            size = len(some[0].get(VECTOR) or ()) if vector_field(schema) else 0
            yield schema, rows(some, schema, needed[schema], size or None)

    def kept(self, schema: type[Record], batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
        """Return some columns of those rows of a batch that answer the filter."""
        found = batch.select(columns)
        if self.where is None or self.clauses[schema].exact:
            return found
        return found.filter(pa.array(answers(self.where, batch, schema)))


def _named(names: Sequence[str]) -> Clause:
    return term(SCHEMA, names[0]) if len(names) == 1 else terms(SCHEMA, sorted(names))


def _wanted(schema: type[Record], columns: Sequence[str] | None) -> list[str]:
    names = native(schema).names
    return names if columns is None else [name for name in columns if name in names]


def clauses_of(
    schemas: Sequence[type[Record]], where: Where | None, there: About | None
) -> dict[type[Record], Clause]:
    """Return by type what its index looks up of a filter; `there` may be None without a filter."""
    if where is None or there is None:
        return dict.fromkeys(schemas, condition(None, Asked(schemas[0]))) if schemas else {}
    found = {}
    for schema in schemas:
        clause = condition(where, Asked(schema, there.marks))
        if is_shared(schema):
            own = {label for label in there.labels if label.partition(".")[0] == schema.__name__}
            if not own:
                continue
            # An older version may have as an attribute what is a field by now.
            clause = Clause(clause.query, clause.exact and own == {schema.schema_label()})
        found[schema] = clause
    return found
