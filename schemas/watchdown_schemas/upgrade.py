"""Upgrade on read: a stored row of an older version becomes one of the newest, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from watchdown_schemas.errors import RecordInvalid, SchemaIncompatible
from watchdown_schemas.faults import shown
from watchdown_schemas.fields import fields
from watchdown_schemas.record import Record


def version_of(row: Mapping[str, Any], schema: type[Record]) -> int:
    """Return the version of the type that a row was written in; rows without a label are of the first.

    Raises RecordInvalid for a row of another type, or whose label is none.
    """
    label = row.get("type")
    if not label:
        return 1
    name, _, version = str(label).rpartition(".")
    if name != schema.__name__ or not (version.isascii() and version.isdigit()):
        cause = f"has the type {shown(label)}, where {schema.__name__} is read"
        raise RecordInvalid(str(row.get("id") or schema.__name__), cause, "Read it as what it is")
    return int(version)


def upgraded(row: Mapping[str, Any], schema: type[Record]) -> dict[str, Any]:
    """Return a row as the type's newest version has it, with no other fields than those of that version.

    Steps see the row as it was stored, with fields that are gone since. Fields that it lacks take their
    default. Raises SchemaIncompatible for a row of a later version than the class, RecordInvalid for one of
    another type or where a step fails.
    """
    version = version_of(row, schema)
    if version > schema.schema_version:
        raise SchemaIncompatible(
            f"{schema.__name__}.{version}",
            f"is later than {schema.schema_label()}, the newest version known here",
            "Upgrade the package that declares it",
        )
    result = dict(row)
    for at in range(version, schema.schema_version):
        if step := schema.upgrades.get(at):
            try:
                result |= step(result)
            except Exception as error:
                raise RecordInvalid(
                    str(row.get("id") or schema.__name__),
                    f"cannot be upgraded from {schema.__name__}.{at} ({type(error).__name__}: {error})",
                    f"Mend the step upgrades[{at}] of {schema.schema_label()}",
                ) from error
    newest: dict[str, Any] = {}
    for field in fields(schema):
        value = result.get(field.name)
        empty = value is None and not field.optional  # a column that came later is null in older rows
        newest[field.name] = copy(field.default) if empty or field.name not in result else value
    newest["type"] = schema.schema_label()
    return newest
