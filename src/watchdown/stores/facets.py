"""Facets: how many rows have each value of a field or attribute, over Arrow batches."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchdown.stores.filtering import attribute_fields, values
from watchdown.stores.matching import shown
from watchdown.where import Value, own_field
from watchdown_schemas.record import Record


def facet_columns(name: str, schema: type[Record]) -> list[str]:
    """Return the columns of a type that the values of a name lie in."""
    return [name] if own_field(schema, name) else attribute_fields(schema)


def count_values(counts: Counter[Value], name: str, batch: pa.RecordBatch, schema: type[Record]) -> None:
    """Add the rows of a batch to the counts, each row once for each of its values."""
    for kind, column, at in values(name, batch, schema):
        there = column.is_valid()
        if pa.types.is_floating(column.type):
            there = pc.and_(there, pc.invert(pc.is_nan(column)))
        kept = pc.fill_null(there, False)  # noqa: FBT003 - pyarrow's
        held, whose = column.filter(kept), None if at is None else at[kept.to_numpy(zero_copy_only=False)]
        if pa.types.is_floating(column.type):
            held = pc.add(held, 0.0)  # no -0.0
        if kind == "moment":
            held = pc.multiply(_microseconds(held), 1000)
        for value, rows in _rows_of_each(held, whose):
            counts[shown((kind, value))] += rows  # type: ignore[arg-type] # kinds of values are those of fields


def _microseconds(ns: pa.Array) -> pa.Array:
    return pa.array(np.floor_divide(ns.to_numpy(zero_copy_only=False), 1000), pa.int64())


def _rows_of_each(column: pa.Array, at: Any) -> list[tuple[Any, int]]:
    """Return each value with the number of rows that have it; a row may have one twice."""
    coded = column.dictionary_encode()
    codes = coded.indices.to_numpy().astype(np.int64)
    if at is not None and len(codes):
        codes = np.unique(np.stack([at, codes]), axis=1)[1]
    counts = np.bincount(codes, minlength=len(coded.dictionary))
    return list(zip(coded.dictionary.to_pylist(), counts.tolist(), strict=True))
