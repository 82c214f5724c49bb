"""Packing: a batch of a type's own layout becomes one of the shared layout, with its tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchdown.stores.shared import (
    BASE,
    ENTRY,
    MEMBERS,
    SUFFIXES,
    TEXT,
    VECTOR,
    in_base,
    shared_schema,
    text_fields,
)
from watchdown.stores.tokens import TOKENS, Entries, attribute_entries, by_row, tokens
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import Record
from watchdown_schemas.registry import lineage
from watchdown_schemas.roles import Attributes, Text, Vector

Rows = NDArray[np.int64]


def pack(batch: pa.RecordBatch, schema: type[Record]) -> pa.RecordBatch:
    """Return a batch of a type's own layout in the shared layout."""
    rows = batch.num_rows
    known = fields(schema)
    arrays: dict[str, Any] = {name: batch.column(name) for name in BASE if in_base(schema, name)}
    gathered = _Gathered(rows, [field.name for field in known])
    for field in known:
        if not in_base(schema, field.name):
            if field.role(Vector):
                arrays[VECTOR] = batch.column(field.name)
                gathered.note(np.arange(rows), field.name)
            elif field.role(Text) and not field.many:
                gathered.add_text(batch, field, alone=len(text_fields(schema)) == 1)
            else:
                gathered.add(batch.column(field.name), field)
    gathered.find_attributes(batch.column("attributes"))
    arrays["fields"] = gathered.fields()
    arrays[TOKENS] = tokens(gathered.tokens, rows, present=gathered.present)
    arrays["lineage"] = pa.array([list(lineage(schema))]).take(pa.array(np.zeros(rows, np.int64)))
    arrays |= _texts(batch, schema)
    vectors = arrays.get(VECTOR)
    target = shared_schema(None if vectors is None else vectors.type.list_size)
    columns = [arrays[one.name] if one.name in arrays else pa.nulls(rows, one.type) for one in target]
    return pa.RecordBatch.from_arrays(columns, schema=target)


def _texts(batch: pa.RecordBatch, schema: type[Record]) -> Mapping[str, Any]:
    """Return the columns for text: the type's only one as it is, or several joined."""
    known = text_fields(schema)
    if not known:
        return {}
    if len(known) > 1:
        return {
            column: _joined([batch.column(field.name + suffix) for field in known])
            for column, suffix in zip(TEXT, SUFFIXES, strict=True)
        }
    field = known[0]
    found = {column: batch.column(field.name + suffix) for column, suffix in zip(TEXT, SUFFIXES, strict=True)}
    role = field.role(Text)
    if role is not None and role.language:
        found["language"] = batch.column(role.language)
    there = batch.column(field.name).is_valid()
    return {**found, "text_field": pc.if_else(there, field.name, pa.scalar(None, pa.string()))}


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*(pc.fill_null(column, "") for column in columns), "\n")


class _Gathered:
    """Entries and tokens of a batch's own fields, gathered field by field."""

    def __init__(self, rows: int, names: Sequence[str]) -> None:
        self._rows = rows
        self._fields = names
        self._entries: list[tuple[Rows, pa.StructArray]] = []
        self.tokens: list[Entries] = []
        self.present: list[tuple[Rows, str]] = []

    def note(self, rows: Rows, name: str) -> None:
        """Note rows that have something under a name, whatever it is."""
        self.present.append((rows, name))

    def find_attributes(self, column: pa.Array) -> None:
        """Take in the tokens of attributes; one that is named as a field of the type is not found by it."""
        self.tokens.append(attribute_entries(column, self._fields))

    def add(self, column: pa.Array, field: Field) -> None:
        """Take in a field with its tokens."""
        valid = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        if field.many or field.role(Attributes):
            self._enter(valid, f"{field.name}[]", {})
            at, flat = pc.list_parent_indices(column).to_numpy(), pc.list_flatten(column)
        else:
            at, flat = valid, column.drop_null()
        if field.role(Attributes):
            names = pc.binary_join_element_wise(field.name, flat.field("name"), ".")
            members = {name: flat.field(name) for name in ("keyword", "number", "time")}
            self._entries.append((at, _struct(names, members)))
            self.find_attributes(column)
            self.note(np.unique(at), field.name)
        else:
            self._enter(at, field.name, _member(flat, field))
            self.tokens.append(_found_by(at, field, flat))

    def add_text(self, batch: pa.RecordBatch, field: Field, *, alone: bool) -> None:
        """Take in a text, which is found by its words; only its name is a token."""
        valid = np.flatnonzero(batch.column(field.name).is_valid().to_numpy(zero_copy_only=False))
        self.note(valid, field.name)
        if not alone:
            for suffix in SUFFIXES:
                column = batch.column(field.name + suffix)
                self._enter(valid, field.name + suffix, {"keyword": column.take(pa.array(valid))})

    def _enter(self, rows: Rows, name: str, members: Mapping[str, pa.Array]) -> None:
        self._entries.append((rows, _struct(pa.repeat(pa.scalar(name), len(rows)), members)))

    def fields(self) -> pa.Array:
        """Return the entries of each row."""
        if not self._entries:
            return pa.array([[]] * self._rows, pa.list_(ENTRY))
        whose = np.concatenate([rows for rows, _ in self._entries])
        return by_row(whose, pa.concat_arrays([entries for _, entries in self._entries]), self._rows)


def _struct(names: pa.Array, members: Mapping[str, pa.Array]) -> pa.StructArray:
    rest = (
        members[name] if name in members else pa.nulls(len(names), kind) for name, kind in MEMBERS.items()
    )
    return pa.StructArray.from_arrays([names, *rest], fields=list(ENTRY))


def _member(values: pa.Array, field: Field) -> Mapping[str, pa.Array]:
    if field.kind is str:
        return {"keyword": values}
    return {"number": values} if field.kind is float else {"integer": values.cast(pa.int64())}


def _found_by(rows: Rows, field: Field, values: pa.Array) -> Entries:
    """Return the values of a field as attributes are found: whole numbers and truth as numbers."""
    count = len(values)
    names = pa.repeat(pa.scalar(field.name), count)
    keyword, number = pa.nulls(count, pa.string()), pa.nulls(count, pa.float64())
    if field.kind is str:
        keyword = values
    elif field.kind is float:
        number = values
    else:
        number = values.cast(pa.int64()).cast(pa.float64(), safe=False)
    return Entries(rows, names, keyword, number, pa.nulls(count, pa.int64()))
