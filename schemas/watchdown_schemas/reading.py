"""Rows out of Arrow: a record as a plain mapping of its fields, or as an object of its class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

import pyarrow as pa

from watchdown_schemas.convert import attributes_of
from watchdown_schemas.fields import fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes
from watchdown_schemas.upgrade import upgraded

R = TypeVar("R", bound=Record)


def to_rows(batches: Iterable[pa.RecordBatch], schema: type[Record]) -> Iterator[dict[str, Any]]:
    """Yield the rows of batches as mappings, each in the newest version of its type; tokens are left out."""
    for batch in batches:
        for row in batch.to_pylist():
            yield to_row(row, schema)


def to_row(stored: Mapping[str, Any], schema: type[Record]) -> dict[str, Any]:
    """Return a row as Arrow gives it in the newest version of its type, its attributes by name."""
    held = {field.name for field in fields(schema) if field.role(Attributes)}
    row = {name: attributes_of(value) if name in held else value for name, value in stored.items()}
    return upgraded(row, schema)


def to_record(row: Mapping[str, Any], schema: type[R]) -> R:
    """Return a row that passed validation as an object of its class, unchecked."""
    values: dict[str, Any] = {
        field.name: tuple(row[field.name]) if isinstance(row[field.name], list) else row[field.name]
        for field in fields(schema)
    }
    return cast("R", schema.model_construct(None, **values))
