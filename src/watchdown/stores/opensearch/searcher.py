"""The searcher on OpenSearch: exact or approximate vectors, text over our tokens, always within the view."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
import pyarrow as pa

from watchdown.stores.kept import Kept
from watchdown.stores.opensearch.clauses import Query
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.documents import token_lists
from watchdown.stores.opensearch.facets import count_values
from watchdown.stores.opensearch.indices import Indices
from watchdown.stores.opensearch.reading import About, Part, Visible, about, clauses_of
from watchdown.stores.opensearch.snapshot import Pins, close_pins
from watchdown.stores.opensearch.text_query import about_query, any_stem, spoken, text_query
from watchdown.stores.opensearch.vectors import Nearest
from watchdown.stores.protocol import (
    FACET_VALUES,
    PLACE,
    Candidates,
    Facet,
    Leaf,
    Schemas,
    Snapshot,
    TextLeaf,
    Types,
    VectorLeaf,
    asked_types,
    language_field,
    most_frequent,
    ranked,
)
from watchdown.stores.relevance import Commonness, scores_of
from watchdown.stores.shared import TEXT, is_shared, native
from watchdown.view import View
from watchdown.where import Value, Where, check, check_countable
from watchdown_schemas.arrow import STEMS, WORDS
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record
from watchdown_schemas.types import STANDARD_TYPES

EXACT_UP_TO: Final = 20_000  # rows in scope that are cheaper to compare than to look up
TEXT_CANDIDATES: Final = 1_000
LINE: Final = ("text", "language", "speaker", "kind")
KEEP_SNAPSHOTS: Final = 4
KEEP_COUNTED: Final = 256


class OpenSearchSearcher:
    """Answers leaves from a cluster's indices."""

    def __init__(
        self, cluster: Cluster, types: Types = STANDARD_TYPES, *, exact_up_to: int = EXACT_UP_TO
    ) -> None:
        self._cluster = cluster
        self._types = types
        self._indices = Indices(cluster)
        self._visible = Visible()
        self._nearest = Nearest(exact_up_to)
        self._snapshots: dict[tuple[int, int], Pins] = {}
        self._unused: deque[str] = deque()  # points in time that nobody reads any more
        self._about: dict[tuple[str, str], About] = {}
        self._counted: Kept[Commonness] = Kept(KEEP_COUNTED)
        self._lock = threading.Lock()

    def snapshot(self, view: View) -> Snapshot:
        """Return the indices that are there, each with a point in time once it is read."""
        key = (view.epoch, self._cluster.changes)
        if (kept := self._snapshots.get(key)) is not None:
            return kept
        made = Pins(self._cluster, self._indices.shown(), self._unused)
        with self._lock:
            pins = self._snapshots.setdefault(key, made)
            some = list(self._snapshots.items())[-KEEP_SNAPSHOTS:]
            self._snapshots = dict(some)
        self._close_unused()
        return pins

    def carried(self, snapshot: Snapshot) -> dict[str, int | str]:
        """Return what a cursor needs to read the snapshot again."""
        return {**(snapshot.carried() if isinstance(snapshot, Pins) else snapshot)}

    def close(self) -> None:
        """Let go of the points in time."""
        with self._lock:
            self._snapshots = {}
        self._close_unused()

    def _close_unused(self) -> None:
        pins = []
        while self._unused:
            pins.append(self._unused.popleft())
        close_pins(self._cluster, pins)

    def _parts(
        self,
        schemas: Schemas,
        view: View,
        snapshot: Snapshot,
        where: Where | None,
        model: str | None = None,
    ) -> Iterator[Part]:
        """Yield what a request reads, index by index."""
        asked = asked_types(self._types, schemas)
        check(where, asked)
        by_alias: dict[str, list[type[Record]]] = {}
        for schema in asked:
            for alias in self._aliases(schema, snapshot, model):
                by_alias.setdefault(alias, []).append(schema)
        seen = self._visible.clause(view)
        for alias, some in by_alias.items():
            there = self._what_is_there(snapshot, alias, some) if where is not None else None
            if clauses := clauses_of(some, where, there):
                yield Part(self._cluster, snapshot, alias, clauses, where, seen)

    def _aliases(self, schema: type[Record], snapshot: Snapshot, model: str | None) -> list[str]:
        if not has_vector(schema) or model is not None:
            alias = self._cluster.alias(schema, model)
            return [alias] if alias in snapshot else []
        begins = f"{self._cluster.alias(schema)}-"
        return sorted(alias for alias in snapshot if alias.startswith(begins))

    def _what_is_there(self, snapshot: Snapshot, alias: str, schemas: Sequence[type[Record]]) -> About:
        key = (alias, str(snapshot[alias]))
        if key not in self._about:
            found = about(self._cluster, snapshot, alias, shared=any(map(is_shared, schemas)))
            some = list(self._about.items())[1 - 4 * KEEP_SNAPSHOTS :]
            self._about = {**dict(some), key: found}
        return self._about[key]

    def search(
        self,
        leaf: Leaf,
        view: View,
        *,
        limit: int,
        snapshot: Snapshot,
        where: Where | None = None,
    ) -> Candidates:
        """Return the best `limit` visible rows that answer the filter."""
        model = leaf.model if isinstance(leaf, VectorLeaf) else None
        if isinstance(leaf, TextLeaf):
            language_field(asked_types(self._types, leaf.schema)[0], leaf.field)
        for part in self._parts(leaf.schema, view, snapshot, where, model):
            if isinstance(leaf, TextLeaf):
                common = self._common(leaf, view, snapshot) if leaf.about else None
                return self._text(leaf, part, limit, common)
            if has_vector(next(iter(part.clauses))):
                return self._nearest.search(leaf, part, limit, scoped=bool(where or view.titles))
        return Candidates((), exhausted=True)

    def _common(self, leaf: TextLeaf, view: View, snapshot: Snapshot) -> Commonness:
        """Count the words of a leaf in all rows in view."""
        (part,) = self._parts(leaf.schema, view.within(None), snapshot, None)
        _, stems = _tokens(leaf, *part.clauses)
        body = {
            "size": 0,
            "track_total_hits": True,
            "query": {"bool": {"filter": part.filters()}},
            "aggs": {
                str(place): {"filter": any_stem(alternatives, stems)}
                for place, alternatives in enumerate(leaf.stems)
            },
        }

        def count() -> Commonness:
            answer = part.ask(body, "count words")
            having = (answer["aggregations"][str(place)]["doc_count"] for place in range(len(leaf.stems)))
            return Commonness(answer["hits"]["total"]["value"], tuple(having))

        return self._counted.get((part.pin, orjson.dumps(body)), count)

    def _text(self, leaf: TextLeaf, part: Part, limit: int, common: Commonness | None) -> Candidates:
        (schema,) = part.clauses
        language = language_field(schema, leaf.field)
        own = (leaf.field + WORDS, leaf.field + STEMS)
        tokens = _tokens(leaf, schema)
        asked = spoken(leaf, "language" if is_shared(schema) and language else language)
        if not leaf.words:
            return Candidates((), exhausted=True)
        wanted = max(limit, TEXT_CANDIDATES)
        shown = dict.fromkeys((*PLACE, leaf.field, language or leaf.field, *LINE))
        columns = [column for column in shown if column in native(schema).names]
        query = {
            "bool": {
                "filter": part.filters(*([asked.query] if asked else [])),
                "should": text_query(leaf, *tokens) if common is None else about_query(leaf, *tokens, common),
                "minimum_should_match": 1,
            }
        }
        hits = part.best(query, [*columns, *own], wanted)
        scores = scores_of(leaf, common, token_lists(hits, schema, own))
        told = (
            {"id": hit["id"], "score": score, "hit": hit} for hit, score in zip(hits, scores, strict=True)
        )
        kept = ranked([one for one in told if one["score"]], leaf.floor)
        # Where every row answers that the index finds, only those that are given back are read whole.
        sure = part.exact and not leaf.languages
        read = kept[:limit] if sure else kept
        score_of = {one["id"]: one["score"] for one in read}
        found = [
            {**dict.fromkeys(PLACE), **row, "score": score_of[row["id"]]}
            for row in part.rows([one["hit"] for one in read], columns)
            if leaf.speaks((row[language] if language else None) or "und")
        ]
        left = len(kept) - len(read) + len(found)
        return Candidates(ranked(found)[:limit], exhausted=len(hits) < wanted and left <= limit)

    def scan(
        self,
        schemas: Schemas,
        view: View,
        *,
        snapshot: Snapshot,
        columns: Sequence[str] | None = None,
        model: str | None = None,
        starting: tuple[int, int] | None = None,
        where: Where | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the visible rows of schema types that answer the filter, in no order."""
        times: list[Query] = []
        if starting is not None:
            times = [{"range": {"start_ns": {"gte": starting[0], "lt": starting[1]}}}]
        for part in self._parts(schemas, view, snapshot, where, model):
            yield from (batch for _, batch in part.read(columns, *times))

    def count(self, schemas: Schemas, view: View, *, snapshot: Snapshot, where: Where | None = None) -> int:
        """Return the number of rows that `scan` yields."""
        found = 0
        for part in self._parts(schemas, view, snapshot, where):
            found += part.count() if part.exact else sum(batch.num_rows for _, batch in part.read([]))
        return found

    def facet(
        self,
        schemas: Schemas,
        field: str,
        view: View,
        *,
        snapshot: Snapshot,
        where: Where | None = None,
        limit: int = FACET_VALUES,
    ) -> Facet:
        """Return the values of a field or attribute in the rows that `scan` yields, each with its count."""
        check_countable(field, asked_types(self._types, schemas))
        counts: Counter[Value] = Counter()
        for part in self._parts(schemas, view, snapshot, where):
            count_values(counts, field, part)
        return most_frequent(counts, limit)

    def vector_length(self, schema: type[Record], model: str | None) -> int | None:
        """Return the length of the vectors that a model wrote for a type; None where there are none yet."""
        return self._indices.vector_length(self._cluster.alias(schema, model)) if has_vector(schema) else None

    def find(self, schema: str, record: str, view: View, *, snapshot: Snapshot) -> Mapping[str, Any] | None:
        """Return the visible record of that id."""
        for part in self._parts(schema, view, snapshot, None):
            for _, batch in part.read(None, {"term": {"id": record}}):
                return dict(batch.to_pylist()[0])
        return None


def _tokens(leaf: TextLeaf, schema: type[Record]) -> tuple[str, str]:
    """Return the fields of the index with the words and the stems of a leaf's text."""
    return (TEXT[1], TEXT[2]) if is_shared(schema) else (leaf.field + WORDS, leaf.field + STEMS)
