"""Arrow: the schema derived from a schema type, and records as Arrow batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.ids import record_id
from watchdown_schemas.language import is_language
from watchdown_schemas.record import AlgorithmOutput, Record
from watchdown_schemas.roles import Text, Vector
from watchdown_schemas.text import analyse_many

WORDS = "_words"
STEMS = "_stems"
_ARROW_TYPES: Mapping[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """What the runtime knows of a run's records and writes into each of them."""

    run: int
    title: str
    timeline: str
    asset: str
    algorithm: str
    version: str


def _arrow_field(field: Field, schema: type[Record], dimension: int | None) -> pa.Field:
    if field.role(Vector):
        if dimension is None:
            raise RecordInvalid(schema.__name__, f"field {field.name} has no dimension", "Name its model's.")
        return pa.field(field.name, pa.list_(pa.float32(), dimension), nullable=False)
    if field.type not in _ARROW_TYPES:
        raise RecordInvalid(
            schema.__name__,
            f"field {field.name} has type {field.type}",
            "Use str, int, float, bool or a vector.",
        )
    return pa.field(field.name, _ARROW_TYPES[field.type], nullable=field.optional)


def arrow_schema(schema: type[Record], dimension: int | None = None) -> pa.Schema:
    """Return the Arrow schema that staging, lake and stores share.

    Each text field is followed by the two token strings of our analysis, `<field>_words` and
    `<field>_stems`. `dimension` is the length of vector fields.
    """
    columns: list[pa.Field] = []
    for field in fields(schema):
        columns.append(_arrow_field(field, schema, dimension))
        if field.role(Text):
            columns += [
                pa.field(field.name + suffix, pa.string(), nullable=False) for suffix in (WORDS, STEMS)
            ]
    return pa.schema(columns, metadata={"watchdown.schema": schema.schema_label()})


def _vectors(values: Sequence[Any], column: pa.Field) -> pa.Array:
    """Return vectors as one fixed-size list array; Arrow itself cannot hold a wrong length."""
    size = column.type.list_size
    for value in values:
        if len(value) != size:
            raise RecordInvalid(
                column.name, f"has {len(value)} numbers, its model {size}", "Check the model."
            )
    flat = np.asarray(values, dtype=np.float32).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), size)


def to_arrow(
    records: Sequence[Record], schema: type[Record], stamp: Stamp, dimension: int | None = None
) -> pa.RecordBatch:
    """Return records of one type as an Arrow batch, stamped, with ids and analysed text."""
    target = arrow_schema(schema, dimension)
    count = len(records)
    values: dict[str, Any] = {f.name: [getattr(r, f.name) for r in records] for f in fields(schema)}
    values |= {
        "run": [stamp.run] * count,
        "title": [stamp.title] * count,
        "timeline": [stamp.timeline] * count,
    }
    values["asset"] = [asset or stamp.asset for asset in values["asset"]]
    if issubclass(schema, AlgorithmOutput):
        values |= {"algorithm": [stamp.algorithm] * count, "version": [stamp.version] * count}
    keys = zip(*(values[name] for name in schema.key), strict=True)
    values["id"] = [record_id(stamp.run, schema.__name__, key) for key in keys]
    for field in fields(schema):
        role = field.role(Text)
        if role is not None:
            languages = values[role.language] if role.language else ["und"] * count
            # A malformed tag is for validation to refuse, row by row.
            known = [tag if is_language(tag) else "und" for tag in languages]
            analysed = analyse_many(values[field.name], known)
            values[field.name + WORDS] = [a.words_text for a in analysed]
            values[field.name + STEMS] = [a.stems_text for a in analysed]
    arrays = [
        _vectors(values[column.name], column)
        if pa.types.is_fixed_size_list(column.type)
        else pa.array(values[column.name], column.type)
        for column in target
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=target)
