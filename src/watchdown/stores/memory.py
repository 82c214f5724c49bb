"""The store in memory: brute force, exact, plain; the reference that other stores are held against."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from watchdown.stores.protocol import Candidates, Leaf, Outcome, TextLeaf, ranked, table_name
from watchdown.stores.text_score import text_score
from watchdown.view import View
from watchdown_schemas.arrow import STEMS, WORDS
from watchdown_schemas.record import Record


@dataclass(slots=True)
class _Kept:
    """A row with the change that brought it and the one that took it away."""

    row: dict[str, Any]
    since: int
    until: float = math.inf


class MemoryStore:
    """Sink and searcher over rows in lists that only grow; a snapshot is the number of changes until then."""

    def __init__(self) -> None:
        self._tables: dict[str, list[_Kept]] = defaultdict(list)
        self._changes = 0

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        """Write the rows of one schema type of these runs, replacing what is there of them."""
        table = self._tables[table_name(schema.__name__, model)]
        rows = [row for batch in batches for row in batch.to_pylist()]
        self._take_away(table, runs)
        table += [_Kept(row, since=self._changes) for row in rows]
        return Outcome(len(rows))

    def delete(self, runs: Sequence[int]) -> None:
        """Remove every row of these runs."""
        for table in self._tables.values():
            self._take_away(table, runs)

    def _take_away(self, table: list[_Kept], runs: Sequence[int]) -> None:
        self._changes += 1
        for kept in table:
            if kept.row["run"] in runs:
                kept.until = min(kept.until, self._changes)

    def snapshot(self) -> Mapping[str, int]:
        """Return the newest version of each table."""
        return dict.fromkeys(self._tables, self._changes)

    def _visible(self, name: str, view: View, snapshot: Mapping[str, int]) -> list[dict[str, Any]]:
        version = snapshot.get(name, -1)
        return [
            kept.row
            for kept in self._tables.get(name, ())
            if kept.since <= version < kept.until
            and kept.row["run"] in view.visible
            and (view.titles is None or kept.row["title"] in view.titles)
        ]

    def search(self, leaf: Leaf, view: View, *, limit: int, snapshot: Mapping[str, int]) -> Candidates:
        """Return the best `limit` visible rows."""
        found = []
        if isinstance(leaf, TextLeaf):
            for row in self._visible(leaf.schema, view, snapshot):
                line = row[leaf.field + WORDS].split(), row[leaf.field + STEMS].split()
                score = text_score(leaf.words, leaf.stems, *line)
                if score and leaf.speaks(row["language"]):
                    found.append(row | {"score": score})
        else:
            for row in self._visible(table_name(leaf.schema, leaf.model), view, snapshot):
                vector = np.asarray(row["vector"], dtype=np.float64)
                found.append(row | {"score": float(vector @ leaf.vector)})
        return Candidates(ranked(found)[:limit], exhausted=len(found) <= limit)

    def scan(
        self,
        schema: str,
        view: View,
        *,
        columns: Sequence[str],
        snapshot: Mapping[str, int],
        model: str | None = None,
        starting: tuple[int, int] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the visible rows of a schema type, or those that start in a range of nanoseconds."""
        rows = self._visible(table_name(schema, model), view, snapshot)
        if starting is not None:
            rows = [row for row in rows if starting[0] <= row["start_ns"] < starting[1]]
        if rows:
            yield pa.RecordBatch.from_pylist([{name: row[name] for name in columns} for row in rows])

    def find(
        self, schema: str, record: str, view: View, *, snapshot: Mapping[str, int]
    ) -> Mapping[str, Any] | None:
        """Return the visible record of that id."""
        return next((row for row in self._visible(schema, view, snapshot) if row["id"] == record), None)
