"""What a filter means for given schema types: which names are their fields, and whether the values fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from watchdown.where.tree import Exists, In, Inside, Intersects, Is, Range, Where
from watchdown.where.values import Value, value_kind
from watchdown_schemas.errors import QueryError, RecordInvalid
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Vector

Kind: TypeAlias = Literal["text", "number", "vector", "attributes"]

_SAYS: Final = {"text": "text", "number": "numbers", "moment": "moments", "vector": "a vector"}


@cache
def _by_name(schema: type[Record]) -> dict[str, Field]:
    return {one.name: one for one in fields(schema)}


def own_field(schema: type[Record], name: str) -> Field | None:
    """Return the field of that name, or None where the name can only be an attribute's."""
    return _by_name(schema).get(name)


def field_kind(field: Field) -> Kind:
    """Return what a field's values compare with."""
    if field.role(Vector):
        return "vector"
    if field.role(Attributes):
        return "attributes"
    return "text" if field.kind is str else "number"


def check(where: Where | None, schemas: Sequence[type[Record]]) -> None:
    """Check a filter against the types that it is asked of.

    Raises QueryError for a value that no type asked could have under that name, and for a region that is
    no sound WKT. A name that no type has as a field is an attribute's, and may have any value.
    """
    for leaf in _leaves(where):
        if isinstance(leaf, Intersects | Inside):
            region(leaf.wkt)
        elif isinstance(leaf, Is | In | Range | Exists):
            _check_kind(leaf, schemas)


def _leaves(where: Where | None) -> Iterator[Where]:
    if where is not None:
        yield where
        for part in where.parts:
            yield from _leaves(part)


def _check_kind(leaf: Is | In | Range | Exists, schemas: Sequence[type[Record]]) -> None:
    found = [own_field(schema, leaf.field) for schema in schemas]
    if not found or not all(found):
        return  # some type may have an attribute of that name
    kinds = {field_kind(one) for one in found if one is not None}
    if isinstance(leaf, Exists):
        return
    asked = {value_kind(value) for value in compared(leaf)}
    if asked and not asked & kinds:
        told = " and ".join(sorted(_SAYS[kind] for kind in kinds - {"attributes"}))
        cause = f"holds {told}, and is compared with {' and '.join(sorted(_SAYS[kind] for kind in asked))}"
        if kinds == {"attributes"}:
            cause = "holds all attributes, and is compared as if it were one"
        remedy = f"Compare it with {told}" if kinds <= {"text", "number"} else "Name what it holds"
        raise QueryError(f"{' or '.join(one.__name__ for one in schemas[:3])}.{leaf.field}", cause, remedy)


def check_countable(name: str, schemas: Sequence[type[Record]]) -> None:
    """Check that a name can have values to count; QueryError where it is a vector or all attributes."""
    found = [own_field(schema, name) for schema in schemas]
    kinds = {field_kind(one) for one in found if one is not None}
    if found and all(found) and kinds <= {"vector", "attributes"}:
        subject = f"{' or '.join(one.__name__ for one in schemas[:3])}.{name}"
        raise QueryError(subject, "has no values to count", "Name another field, or one attribute")


def compared(leaf: Is | In | Range) -> tuple[Value, ...]:
    """Return the values that a leaf compares with."""
    if isinstance(leaf, Is):
        return (leaf.value,)
    return leaf.values if isinstance(leaf, In) else tuple(value for _, value in leaf.bounds)


def region(wkt: str) -> Any:
    """Return a filter's region as a shapely geometry; QueryError when it is none that records may have."""
    from watchdown_schemas.geometry import parse

    try:
        return parse(wkt)
    except RecordInvalid as error:
        raise QueryError(error.subject, error.cause, error.remedy) from None
