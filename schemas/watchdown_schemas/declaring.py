"""Declare: a class as data, and data read back and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from watchdown_schemas import roles
from watchdown_schemas.declaration import Declaration, FieldDeclaration, Kind
from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.fields import Field as SchemaField
from watchdown_schemas.fields import fields
from watchdown_schemas.record import Record
from watchdown_schemas.soundness import check

_KINDS: Final[Mapping[type, Kind]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "attributes",
}


@cache
def declare(schema: type[Record]) -> Declaration:
    """Return the declaration of a class; SchemaInvalid names what in it breaks the rules."""
    declaration = describe(schema)
    check(declaration, [describe(base) for base in schema.__mro__[1:] if issubclass(base, Record)])
    return declaration


@cache
def describe(schema: type[Record]) -> Declaration:
    """Return the declaration of a class, even of a base type, without judging it."""
    try:
        return Declaration(
            name=schema.__name__,
            version=schema.schema_version,
            doc=vars(schema).get("__doc__") or "",
            bases=tuple(base.__name__ for base in schema.__bases__ if issubclass(base, Record)),
            key=schema.key,
            fields=tuple(describe_field(field) for field in fields(schema)),
            example=dict(schema.example),
        )
    except ValueError as error:
        raise SchemaInvalid(schema.schema_label(), _faults(error), "Mend the declaration.") from error


def describe_field(field: SchemaField) -> FieldDeclaration:
    """Return the declaration of a field."""
    said = {
        type(role).__name__.lower(): {key: value for key, value in dataclasses.asdict(role).items() if value}
        for role in field.roles
    }
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return FieldDeclaration(
        name=field.name,
        kind="vector" if field.role(roles.Vector) else _KINDS[field.kind],
        many=field.many,
        optional=field.optional,
        mandatory=field.mandatory,
        default=default,
        among=field.among,
        roles=said,
        doc=field.doc,
    )


def read_declaration(data: Any, subject: str = "the declaration") -> Declaration:
    """Return a declaration from its JSON form, which may leave out inherited fields.

    Raises SchemaInvalid, which names each key at fault.
    """
    try:
        declaration = Declaration.model_validate(data)
    except ValueError as error:
        raise SchemaInvalid(subject, _faults(error), "Mend the keys named.") from error
    check(declaration, complete=False)
    return declaration


def _faults(error: ValueError) -> str:
    found = getattr(error, "errors", None)
    if found is None:
        return str(error)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found())
