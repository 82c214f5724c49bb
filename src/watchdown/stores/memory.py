"""The store in memory: brute force, exact, plain; the reference that other stores are held against."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from watchdown.stores.matching import matches, shown, values_of
from watchdown.stores.protocol import (
    FACET_VALUES,
    PLACE,
    Candidates,
    Facet,
    Leaf,
    Outcome,
    Schemas,
    Snapshot,
    TextLeaf,
    Types,
    VectorLeaf,
    asked_types,
    language_field,
    most_frequent,
    ranked,
    table_name,
)
from watchdown.stores.relevance import Commonness, has_stem, scores_of
from watchdown.stores.shared import is_shared, text_fields
from watchdown.view import View
from watchdown.where import Value, Where, check, check_countable
from watchdown_schemas.arrow import STEMS, WORDS
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record
from watchdown_schemas.types import STANDARD_TYPES


@dataclass(slots=True)
class _Kept:
    """A row with the change that brought it and the one that took it away."""

    row: dict[str, Any]
    since: int
    until: float = math.inf


def _is_of(row: Mapping[str, Any], titles: Sequence[str], runs: Sequence[int]) -> bool:
    return row["title"] in titles or row["run"] in runs


class MemoryStore:
    """Sink and searcher over rows in lists that only grow; a snapshot is the number of changes until then."""

    of_record: bool = True

    def __init__(self, types: Types = STANDARD_TYPES) -> None:
        self._types = types
        self._tables: dict[str, list[_Kept]] = defaultdict(list)
        self._schemas: dict[str, pa.Schema] = {}
        self._changes = 0

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        """Write the rows of one schema type of these runs, replacing what is there of them."""
        name = table_name(schema.__name__, model)
        rows = [row for batch in batches for row in batch.to_pylist()]
        self._take_away(self._tables[name], runs)
        self._tables[name] += [_Kept(row, since=self._changes) for row in rows]
        self._schemas[name] = batches.schema
        return Outcome(len(rows))

    def delete(self, runs: Sequence[int]) -> None:
        """Remove every row of these runs."""
        for table in self._tables.values():
            self._take_away(table, runs)

    def tend(self) -> int:
        """Do nothing: rows are kept for every snapshot there ever was."""
        return 0

    def expunge(self, titles: Sequence[str], runs: Sequence[int]) -> None:
        """Remove every row of these titles and runs from every snapshot."""
        for table in self._tables.values():
            table[:] = [kept for kept in table if not _is_of(kept.row, titles, runs)]

    def traces(self, titles: Sequence[str], runs: Sequence[int]) -> int:
        """Return how many rows of these titles and runs are left."""
        return sum(_is_of(kept.row, titles, runs) for table in self._tables.values() for kept in table)

    def _take_away(self, table: list[_Kept], runs: Sequence[int]) -> None:
        self._changes += 1
        for kept in table:
            if kept.row["run"] in runs:
                kept.until = min(kept.until, self._changes)

    def snapshot(self, view: View) -> Snapshot:  # noqa: ARG002 - what is newest serves every view
        """Return the newest version of each table."""
        return dict.fromkeys(self._tables, self._changes)

    def _visible(self, name: str, view: View, snapshot: Snapshot) -> list[dict[str, Any]]:
        version = int(snapshot.get(name, -1))
        return [
            kept.row
            for kept in self._tables.get(name, ())
            if kept.since <= version < kept.until
            and kept.row["run"] in view.visible
            and (view.titles is None or kept.row["title"] in view.titles)
        ]

    def _answering(
        self,
        schemas: Schemas,
        view: View,
        snapshot: Snapshot,
        where: Where | None,
        model: str | None,
    ) -> Iterator[tuple[str, type[Record], list[dict[str, Any]]]]:
        """Yield each table of the types asked for, its type, and its visible rows that answer the filter."""
        asked = asked_types(self._types, schemas)
        check(where, asked)
        tables: dict[str, list[str]] = defaultdict(list)
        for table in self._tables:
            of, _, by = table.partition("-")
            if model in (None, by):
                tables[of].append(table)
        for schema in asked:
            for table in tables[schema.__name__]:
                rows = self._visible(table, view, snapshot)
                yield table, schema, [row for row in rows if matches(where, row, schema)]

    def carried(self, snapshot: Snapshot) -> dict[str, int | str]:
        """Return what a cursor needs to read the snapshot again."""
        return dict(snapshot)

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
        found = []
        model = None if isinstance(leaf, TextLeaf) else leaf.model
        common = self._common(leaf, view, snapshot) if isinstance(leaf, TextLeaf) and leaf.about else None
        for _, schema, rows in self._answering(leaf.schema, view, snapshot, where, model):
            for row in rows:
                if isinstance(leaf, TextLeaf):
                    score = _said(leaf, row, schema, common)
                else:
                    score = _nearness(leaf, row, schema)
                if score is not None:
                    found.append({**dict.fromkeys(PLACE), **row, "score": score})
        kept = ranked(found, leaf.floor)
        return Candidates(kept[:limit], exhausted=len(kept) <= limit)

    def _common(self, leaf: TextLeaf, view: View, snapshot: Snapshot) -> Commonness:
        """Count the words of a leaf in all rows in view."""
        texts = [
            [stem for name in _counted(leaf, schema) for stem in (row.get(name) or "").split()]
            for _, schema, rows in self._answering(leaf.schema, view.within(None), snapshot, None, None)
            for row in rows
        ]
        having = (sum(has_stem(alternatives, text) for text in texts) for alternatives in leaf.stems)
        return Commonness(len(texts), tuple(having))

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
        for table, _, found in self._answering(schemas, view, snapshot, where, model):
            rows = found
            if starting is not None:
                rows = [row for row in rows if starting[0] <= row["start_ns"] < starting[1]]
            if rows:
                schema = self._schemas[table]
                names = [name for name in schema.names if columns is None or name in columns]
                kept = pa.schema([schema.field(name) for name in names], schema.metadata)
                yield pa.RecordBatch.from_pylist(rows, schema=kept)

    def count(self, schemas: Schemas, view: View, *, snapshot: Snapshot, where: Where | None = None) -> int:
        """Return the number of rows that `scan` yields."""
        return sum(len(rows) for _, _, rows in self._answering(schemas, view, snapshot, where, None))

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
        for _, schema, rows in self._answering(schemas, view, snapshot, where, None):
            for row in rows:
                held = {shown(value) for value in values_of(field, row, schema)}
                counts.update(value for value in held if value == value)  # noqa: PLR0124 - NaN is no value
        return most_frequent(counts, limit)

    def vector_length(self, schema: type[Record], model: str | None) -> int | None:
        """Return the length of the vectors that a model wrote for a type; None where there are none yet."""
        field = vector_field(schema)
        there = self._schemas.get(table_name(schema.__name__, model))
        return there.field(field.name).type.list_size if field and there else None

    def find(self, schema: str, record: str, view: View, *, snapshot: Snapshot) -> Mapping[str, Any] | None:
        """Return the visible record of that id."""
        found = self._answering(schema, view, snapshot, None, None)
        return next((row for _, _, rows in found for row in rows if row["id"] == record), None)


def _counted(leaf: TextLeaf, schema: type[Record]) -> list[str]:
    """Return the columns whose stems are counted: of types that share a table, those of all their texts."""
    names = [field.name for field in text_fields(schema)] if is_shared(schema) else [leaf.field]
    return [name + STEMS for name in names]


def _said(
    leaf: TextLeaf, row: Mapping[str, Any], schema: type[Record], common: Commonness | None
) -> float | None:
    """Return the score of a row's text, None where it does not answer."""
    spoken = language_field(schema, leaf.field)
    words, stems = row.get(leaf.field + WORDS), row.get(leaf.field + STEMS)
    if words is None or stems is None or not leaf.speaks((row[spoken] if spoken else None) or "und"):
        return None
    return scores_of(leaf, common, [(words.split(), stems.split())])[0] or None


def _nearness(leaf: VectorLeaf, row: Mapping[str, Any], schema: type[Record]) -> float | None:
    """Return the cosine of a row's vector and the leaf's."""
    field = vector_field(schema)
    return None if field is None else float(np.asarray(row[field.name], dtype=np.float64) @ leaf.vector)
