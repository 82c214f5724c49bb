"""What the derived forms share: which base types a schema type has, and which fields are its own."""

from __future__ import annotations

from typing import Final

from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.declaring import describe
from watchdown_schemas.record import BASE_TYPES, Record

ROOT: Final = "BaseRecord"
"""What `Record` is called where that name means something else to everybody."""


def first_sentence(doc: str) -> str:
    """Return the first sentence of a card."""
    return doc.partition(". ")[0].rstrip(".") + "." if doc else ""


def _base(base: type[Record]) -> Declaration:
    declaration = describe(base)  # whose later sentences are for those who write types
    return declaration.model_copy(update={"doc": first_sentence(declaration.doc)})


BASES: Final[dict[str, Declaration]] = {name: _base(base) for name, base in BASE_TYPES.items()}


def base_name(name: str) -> str:
    """Return what a base type is called in exports to other languages."""
    return ROOT if name == Record.__name__ else name


def bases_of(schema: type[Record]) -> list[str]:
    """Return the base types that a type is, directly or by way of other types: `Record` first."""
    above = {cls.__name__ for cls in schema.__mro__[1:]}
    return [name for name in BASE_TYPES if name in above]


def direct_bases(schema: type[Record]) -> list[str]:
    """Return the base types that a type has, without `Record` where another one brings it."""
    found = bases_of(schema)
    return found[1:] or found


def own_fields(declaration: Declaration, bases: list[str]) -> list[FieldDeclaration]:
    """Return the fields that none of the base types has alike."""
    inherited = [field for name in bases for field in BASES[name].fields]
    return [field for field in declaration.fields if field not in inherited]
