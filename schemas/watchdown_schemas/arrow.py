"""The Arrow schema that staging, validation, lake and stores derive from a schema type."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import pyarrow as pa

from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Text, Vector

WORDS: Final = "_words"
STEMS: Final = "_stems"
ATTRIBUTES: Final = pa.list_(
    pa.struct(
        [
            pa.field("name", pa.string(), nullable=False),
            pa.field("keyword", pa.string()),
            pa.field("number", pa.float64()),
            pa.field("time", pa.int64()),
        ]
    )
)
PLAIN: Final[Mapping[type, pa.DataType]] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}


def _arrow_field(field: Field, schema: type[Record], dimension: int | None) -> pa.Field:
    vector = field.role(Vector)
    if vector:
        size = vector.dimension or dimension
        if size is None:
            remedy = "Name its model's, or declare it: Vector(dimension=512)."
            raise SchemaInvalid(schema.__name__, f"field {field.name} has no dimension", remedy)
        return pa.field(field.name, pa.list_(pa.float32(), size), nullable=False)
    kind = ATTRIBUTES if field.role(Attributes) else PLAIN[field.kind]
    return pa.field(field.name, pa.list_(kind) if field.many else kind, nullable=field.optional)


@cache
def arrow_schema(schema: type[Record], dimension: int | None = None) -> pa.Schema:
    """Return the Arrow schema of a schema type's records.

    Each text field is followed by the two token strings of our analysis, `<field>_words` and
    `<field>_stems`. `dimension` is the length of vector fields whose type leaves it to their model.
    """
    columns: list[pa.Field] = []
    for field in fields(schema):
        columns.append(_arrow_field(field, schema, dimension))
        if field.role(Text):
            tokens = (field.name + suffix for suffix in (WORDS, STEMS))
            columns += [pa.field(name, pa.string(), nullable=field.optional) for name in tokens]
    return pa.schema(columns, metadata={"watchdown.schema": schema.schema_label()})
