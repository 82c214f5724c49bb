"""Unpacking: rows of the shared layout become columns of a type's own layout again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchdown.stores.shared import VECTOR, in_base, native, text_column
from watchdown.where import own_field
from watchdown_schemas.arrow import ATTRIBUTES
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Vector


def unpack(batch: pa.RecordBatch, schema: type[Record], names: Sequence[str]) -> pa.RecordBatch:
    """Return native columns of rows that are all of one type; what an older version lacks is null."""
    size = batch.schema.field(VECTOR).type.list_size if VECTOR in batch.schema.names else 1
    target = pa.schema([native(schema, size).field(name) for name in names], native(schema, size).metadata)
    packed = _Packed(batch)
    columns = [_column(packed, schema, field) for field in target]
    return pa.RecordBatch.from_arrays(columns, schema=target)


def _column(packed: _Packed, schema: type[Record], field: pa.Field) -> pa.Array:
    own = own_field(schema, field.name)
    if in_base(schema, field.name):
        return packed.batch.column(field.name).cast(field.type)
    if own is not None and own.role(Vector):
        return packed.batch.column(VECTOR).cast(field.type)
    if own is not None and own.role(Attributes):
        return packed.attributes(field.name)
    if own is not None and own.many:
        return packed.several(field.name, field.type)
    value = packed.single(field.name, field.type)
    if text := text_column(schema, field.name):
        here = pc.fill_null(pc.equal(packed.batch.column("text_field"), text[0]), False)  # noqa: FBT003 - pyarrow's
        return pc.if_else(here, packed.batch.column(text[1]), value)
    return value


class _Packed:
    """The entries of a batch, flattened once."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self._rows = batch.num_rows

    @cached_property
    def _parents(self) -> NDArray[np.int64]:
        parents: NDArray[np.int64] = pc.list_parent_indices(self.batch.column("fields")).to_numpy()
        return parents

    @cached_property
    def _entries(self) -> Any:
        return pc.list_flatten(self.batch.column("fields"))

    @cached_property
    def _names(self) -> pa.Array:
        return self._entries.field("name")

    def _places(self, name: str) -> NDArray[np.int64]:
        """Return where the entries of a name are."""
        return np.flatnonzero(pc.equal(self._names, name).to_numpy(zero_copy_only=False))

    def _values(self, places: NDArray[np.int64], kind: pa.DataType) -> pa.Array:
        """Return entries' values as a kind."""
        member = {pa.string(): "keyword", pa.float64(): "number"}.get(kind, "integer")
        return self._entries.field(member).take(pa.array(places)).cast(kind)

    def single(self, name: str, kind: pa.DataType) -> pa.Array:
        """Return the one value of each row, null where it has none."""
        places = self._places(name)
        at = np.full(self._rows, -1, np.int64)
        at[self._parents[places]] = np.arange(len(places))
        return self._values(places, kind).take(pa.array(at, mask=at < 0))

    def several(self, name: str, kind: pa.DataType) -> pa.Array:
        """Return the list of each row, null where it has none."""
        places = self._places(name)
        return self._gathered(name, places, self._values(places, kind.value_type)).cast(kind)

    def attributes(self, name: str) -> pa.Array:
        """Return the attributes of each row, null where it has none."""
        places = np.flatnonzero(pc.starts_with(self._names, f"{name}.").to_numpy(zero_copy_only=False))
        held = self._entries.take(pa.array(places))
        names = pc.utf8_slice_codeunits(held.field("name"), len(name) + 1)
        members = [held.field(member) for member in ("keyword", "number", "time")]
        values = pa.StructArray.from_arrays([names, *members], fields=list(ATTRIBUTES.value_type))
        return self._gathered(name, places, values)

    def _gathered(self, name: str, places: NDArray[np.int64], values: pa.Array) -> pa.Array:
        counts = np.bincount(self._parents[places], minlength=self._rows)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        there = np.zeros(self._rows, np.bool_)
        there[self._parents[self._places(f"{name}[]")]] = True
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, mask=pa.array(~there))
