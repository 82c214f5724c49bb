"""The shared layout: records of every type that is not standard in one table of constant columns.

The fields of the base types keep their columns. A type's own fields become entries of one repeated field
(`fields`: name, keyword, number, time, integer); a list has a header `name[]` beside its values, so that what
is empty is told from what is missing. The only text of a type lies in `text` with its tokens, and
`text_field` names it; several texts lie there joined, and each for itself among the entries.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

import pyarrow as pa

from watchdown.stores.tokens import TOKENS, TOKENS_TYPE
from watchdown.where import own_field
from watchdown_schemas.arrow import STEMS, WORDS, arrow_schema
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import AlgorithmOutput, Record, TemporalSpatial
from watchdown_schemas.roles import Text, Vector
from watchdown_schemas.types import STANDARD_TYPES

SHARED_TABLE: Final = "Custom"
VECTOR: Final = "vector"
SUFFIXES: Final = ("", WORDS, STEMS)
TEXT: Final = ("text", "text_words", "text_stems")
MEMBERS: Final[dict[str, pa.DataType]] = {
    "keyword": pa.string(),
    "number": pa.float64(),
    "time": pa.int64(),
    "integer": pa.int64(),
}
ENTRY: Final = pa.struct(
    [pa.field("name", pa.string()), *(pa.field(name, kind) for name, kind in MEMBERS.items())]
)

_STAMPED: Final = ("id", "type", "run", "title", "timeline", "asset")


class _Bases(TemporalSpatial, AlgorithmOutput):
    """All fields of the base types."""


BASE: Final[dict[str, pa.DataType]] = {one.name: one.type for one in arrow_schema(_Bases)}


def is_shared(schema: type[Record]) -> bool:
    """Whether a type's records are kept in the shared layout."""
    return schema.__name__ not in STANDARD_TYPES


def shared_schema(dimension: int | None = None) -> pa.Schema:
    """Return the columns of the shared layout, with one for vectors of that dimension."""
    columns = [pa.field(name, kind, nullable=name not in _STAMPED) for name, kind in BASE.items()]
    columns += [pa.field("lineage", pa.list_(pa.string())), pa.field("fields", pa.list_(ENTRY))]
    columns += [pa.field(name, pa.string()) for name in ("text_field", *TEXT, "language")]
    columns.append(pa.field(TOKENS, TOKENS_TYPE))
    if dimension is not None:
        columns.append(pa.field(VECTOR, pa.list_(pa.float32(), dimension), nullable=False))
    return pa.schema(columns)


@cache
def native(schema: type[Record], dimension: int = 1) -> pa.Schema:
    """Return the columns of a type's own layout; the dimension counts where vectors are read."""
    return arrow_schema(schema, dimension)


def in_base(schema: type[Record], name: str) -> bool:
    """Whether a field of a type lies in the column of a base type."""
    return (
        name in BASE and own_field(schema, name) is not None and native(schema).field(name).type == BASE[name]
    )


@cache
def text_fields(schema: type[Record]) -> tuple[Field, ...]:
    """Return the fields of a type whose words are searched."""
    return tuple(field for field in fields(schema) if field.role(Text) and not field.many)


def text_column(schema: type[Record], name: str) -> tuple[str, str] | None:
    """Return the text field that a native column belongs to, and the shared column that may have it."""
    for field in text_fields(schema):
        for suffix, column in zip(SUFFIXES, TEXT, strict=True):
            if name == field.name + suffix:
                return field.name, column
    return None


def columns_for(schema: type[Record], names: Iterable[str]) -> list[str]:
    """Return the shared columns that native columns of a type are unpacked from."""
    found = ["type"]
    for name in names:
        own = own_field(schema, name)
        if in_base(schema, name):
            found.append(name)
        elif own is not None and own.role(Vector):
            found.append(VECTOR)
        else:
            text = text_column(schema, name)
            found += ["fields", "text_field", text[1]] if text else ["fields"]
    return list(dict.fromkeys(found))
