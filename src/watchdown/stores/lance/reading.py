"""Reading of the lake's tables: what Lance looks up, what is checked after, rows as their type has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchdown.stores.filtering import answers, columns_of
from watchdown.stores.lance.conditions import Table, condition
from watchdown.stores.lance.sql import EVERY, Condition, combined, quoted
from watchdown.stores.shared import columns_for, is_shared, native
from watchdown.stores.unpacking import unpack
from watchdown.view import View
from watchdown.where import Where
from watchdown_schemas.record import Record

ROW_ID: Final = "_rowid"
KEEP_FRAGMENTS: Final = 10_000


def scope(view: View) -> Condition:
    """Return the condition that rows are of the titles in view."""
    if view.titles is None:
        return EVERY
    titles = ", ".join(map(quoted, sorted(view.titles)))
    return Condition(f"title IN ({titles})" if titles else "false")


class Labels:
    """Which versions of types a shared table has rows of, kept by fragment, which never changes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], frozenset[str]] = {}

    def of(self, name: str, dataset: Any) -> frozenset[str]:
        """Return the labels in a table; some may have no row left."""
        if len(self._kept) > KEEP_FRAGMENTS:
            self._kept = {}
        return frozenset().union(*(self._read(name, fragment) for fragment in dataset.get_fragments()))

    def _read(self, name: str, fragment: Any) -> frozenset[str]:
        key = (name, fragment.fragment_id)
        if (kept := self._kept.get(key)) is None:
            column = fragment.scanner(columns=["type"]).to_table()["type"]
            kept = self._kept[key] = frozenset(pc.unique(column).to_pylist())
        return kept


@dataclass(frozen=True, slots=True)
class Part:
    """One table, pinned, as a request reads it.

    `looked_up` is what Lance finds of types and filter; `left` the filter that is checked afterwards, None
    where all of it was looked up.
    """

    name: str
    dataset: Any
    columns: frozenset[str]
    schemas: Mapping[str, type[Record]]
    shared: bool
    looked_up: Condition
    left: Where | None

    def sql(self, *further: Condition) -> str | None:
        """Return what Lance looks up, None where that is every row."""
        sql = combined([*further, self.looked_up], every=True).sql
        return None if sql == "true" else sql

    def read(
        self,
        columns: Sequence[str] | None,
        *further: Condition,
        mask: bytes | None = None,
        ids: bool = False,
        fragments: Sequence[Any] | None = None,
    ) -> Iterator[tuple[type[Record], pa.RecordBatch]]:
        """Yield the rows that answer, batches of one type each, with native columns (None: all).

        With `ids`, the last column is the row id; `fragments` are those that are read, all by default.
        """
        sql = self.sql(*further)
        if sql == "false":
            return
        wanted = {name: _wanted(schema, columns) for name, schema in self.schemas.items()}
        needed = {
            name: [*dict.fromkeys([*wanted[name], *columns_of(self.left, schema)])] or ["run"]
            for name, schema in self.schemas.items()
        }
        physical = self.physical(needed)
        scanner = self.dataset.scanner(
            columns=physical,
            filter=sql,
            row_addr_blocklist=mask,
            with_row_id=ids or not physical,
            fragments=fragments,
            use_scalar_index=fragments is None,  # who reads single files wants no index between
        )
        for raw in scanner.to_batches():
            for name, batch in self._by_type(raw):
                schema = self.schemas[name]
                rows = self.native(batch, schema, needed[name])
                kept = None if self.left is None else answers(self.left, rows, schema)
                found = rows.select(wanted[name])
                if ids:
                    found = found.append_column(ROW_ID, batch.column(ROW_ID))
                if kept is not None:
                    found = found.filter(pa.array(kept))
                if found.num_rows:
                    yield schema, found

    def physical(self, needed: Mapping[str, Sequence[str]]) -> list[str]:
        """Return the columns of the table that native columns of its types are made from."""
        if self.shared:
            found = [
                column
                for name, schema in self.schemas.items()
                for column in columns_for(schema, needed[name])
            ]
        else:
            found = [column for columns in needed.values() for column in columns]
        return [column for column in dict.fromkeys(found) if column in self.columns]

    def native(self, batch: pa.RecordBatch, schema: type[Record], names: Sequence[str]) -> pa.RecordBatch:
        """Return rows of one type with native columns; what this version of the table lacks is null."""
        if self.shared:
            return unpack(batch, schema, names)
        target = native(schema)
        if missing := [name for name in names if name not in batch.schema.names]:
            for name in missing:
                batch = batch.append_column(name, pa.nulls(batch.num_rows, target.field(name).type))
        return batch.select(list(names)).replace_schema_metadata(target.metadata)

    def _by_type(self, batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield the rows of each type with its name."""
        if not self.shared:
            yield next(iter(self.schemas)), batch
            return
        labels = batch.column("type").dictionary_encode()
        codes = labels.indices.to_numpy()
        names = [label.partition(".")[0] for label in labels.dictionary.to_pylist()]
        for name in dict.fromkeys(names):
            of = np.isin(codes, [at for at, one in enumerate(names) if one == name])
            yield name, batch if of.all() else batch.filter(pa.array(of))

    def ids(self, view: View) -> NDArray[np.uint64]:
        """Return the row ids, in order, of rows in scope that answer, hidden ones among them."""
        found = [batch.column(ROW_ID).to_numpy() for _, batch in self.read([], scope(view), ids=True)]
        return np.sort(np.concatenate([np.empty(0, np.uint64), *found]).astype(np.uint64))

    def count(self, view: View, mask: bytes | None) -> int:
        """Return the number of visible rows that answer."""
        if self.left is not None:
            return sum(batch.num_rows for _, batch in self.read([], scope(view), mask=mask))
        sql = self.sql(scope(view))
        if sql == "false":
            return 0
        scanner = self.dataset.scanner(columns=[], filter=sql, row_addr_blocklist=mask, with_row_id=True)
        return int(scanner.count_rows())


def _wanted(schema: type[Record], columns: Sequence[str] | None) -> list[str]:
    names = native(schema).names
    return names if columns is None else [name for name in columns if name in names]


def part_of(
    name: str, dataset: Any, schemas: Sequence[type[Record]], where: Where | None, labels: Labels
) -> Part:
    """Return how a request for types reads a table."""
    shared = any(map(is_shared, schemas))
    by_name = {schema.__name__: schema for schema in schemas}
    of_types, current = EVERY, True
    if shared:
        there = labels.of(name, dataset)
        asked = {label: of for label in there if (of := by_name.get(label.partition(".")[0]))}
        by_name = {schema.__name__: schema for schema in asked.values()}
        if len(asked) < len(there):
            of_types = Condition(f"`type` IN ({', '.join(map(quoted, sorted(asked)))})" if asked else "false")
        # An older version may have as an attribute what is a field by now.
        current = all(label == schema.schema_label() for label, schema in asked.items())
    columns = frozenset(dataset.schema.names)
    found = condition(where, Table(tuple(by_name.values()), columns, shared))
    looked_up = combined([of_types, found], every=True)
    left = None if found.exact and current else where
    return Part(name, dataset, columns, by_name, shared, looked_up, left)
