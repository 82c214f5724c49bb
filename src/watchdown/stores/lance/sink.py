"""The sink on Lance: runs go into the lake's tables, each type in its layout, attributes with tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from watchdown.lake.tables import LOOKED_UP, Lake
from watchdown.stores.lance.sql import quoted
from watchdown.stores.packing import pack
from watchdown.stores.protocol import Outcome
from watchdown.stores.shared import is_shared, shared_schema
from watchdown.stores.tables import table_of
from watchdown.stores.tokens import TOKENS, TOKENS_TYPE, attribute_entries, tokens
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.fields import fields, vector_field
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes


@dataclass(frozen=True, slots=True)
class TableLayout:
    """Rows of one type as their table has them, and what tells them from those of others in it, in SQL."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    only: str | None
    looked_up: Sequence[str]


def layout_of(schema: type[Record], batches: pa.RecordBatchReader) -> TableLayout:
    """Return rows of a type in the layout of its table."""
    field = vector_field(schema)
    size = None if field is None else batches.schema.field(field.name).type.list_size
    native = arrow_schema(schema, size)
    given = (batch.select(native.names).cast(native) for batch in batches)
    if not is_shared(schema):
        target = native.append(pa.field(TOKENS, TOKENS_TYPE))
        return TableLayout(target, (_with_tokens(one, schema) for one in given), None, LOOKED_UP)
    # A run may have records of several types that share a table.
    only = f"starts_with(`type`, {quoted(f'{schema.__name__}.')})"
    packed = (pack(batch, schema) for batch in given)
    return TableLayout(shared_schema(size), packed, only, (*LOOKED_UP, "type"))


class LanceSink:
    """Writes runs into the lake."""

    of_record: bool = True

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        """Write the rows of one schema type of these runs, replacing what is there of them."""
        name, layout = table_of(schema, model), layout_of(schema, batches)
        written = self._lake.replace_runs(
            name, runs, layout.schema, layout.batches, only=layout.only, looked_up=layout.looked_up
        )
        if written:
            self._lake.maintain(name)
        return Outcome(written)

    def delete(self, runs: Sequence[int]) -> None:
        """Remove every row of these runs."""
        self._lake.delete_runs(runs)

    def tend(self) -> int:
        """Merge small files of every table, and drop versions that no reader may hold; return bytes freed."""
        return sum(self._lake.tend(name).bytes for name in self._lake.names())

    def expunge(self, titles: Sequence[str], runs: Sequence[int]) -> None:
        """Write every table and index anew without these rows, and drop all older versions."""
        self._lake.delete(_of(titles, runs))
        for name in self._lake.names():
            self._lake.expunge(name)

    def traces(self, titles: Sequence[str], runs: Sequence[int]) -> int:
        """Return how many rows of these titles and runs are left, in whatever version of the tables."""
        return sum(self._lake.traces(name, _of(titles, runs)) for name in self._lake.names())


def _of(titles: Sequence[str], runs: Sequence[int]) -> str:
    by_title = f"title IN ({', '.join(map(quoted, titles))})"
    by_run = f"run IN ({', '.join(map(str, runs))})"
    return " OR ".join([by_title] * bool(titles) + [by_run] * bool(runs)) or "false"


def _with_tokens(batch: pa.RecordBatch, schema: type[Record]) -> pa.RecordBatch:
    known = fields(schema)
    held = [batch.column(field.name) for field in known if field.role(Attributes)]
    entries = [attribute_entries(column, [field.name for field in known]) for column in held]
    return batch.append_column(pa.field(TOKENS, TOKENS_TYPE), tokens(entries, batch.num_rows))
