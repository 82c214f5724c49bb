"""The GraphQL types of schema types: interfaces for the base types, enums for closed sets.

Fields keep their names, so that one name holds in Python, JSON, the index and GraphQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.declaring import declare
from watchdown_schemas.derived.forms import BASES, base_name, bases_of
from watchdown_schemas.errors import SchemaConflict
from watchdown_schemas.record import Record

SCALARS: Final = """\
"Nanoseconds on a timeline, a 64-bit integer; in JSON a number, exact up to 104 days."
scalar Nanoseconds

"A 64-bit integer; in JSON a number."
scalar Int64

"A moment, as RFC 3339 writes it."
scalar DateTime

"A named value beyond the fields of a type; one of the last three is set."
type Attribute {
  name: String!
  keyword: String
  number: Float
  time: DateTime
}
"""
_NAMES: Final = {"string": "String", "integer": "Int64", "number": "Float", "boolean": "Boolean"}
_VALUE: Final = re.compile(r"(?!true$|false$|null$)[A-Za-z][A-Za-z0-9_]*")


def graphql_sdl(schemas: Sequence[type[Record]]) -> str:
    """Return the schema definition of types, to which a server adds its `Query`."""
    declarations = {schema: declare(schema) for schema in schemas}
    parts = [SCALARS]
    parts += [_type("interface", base_name(name), base, _above(name)) for name, base in BASES.items()]
    for schema, declaration in declarations.items():
        names = [base_name(name) for name in bases_of(schema)]
        parts += _enums(declaration, {other.name for other in declarations.values()})
        parts.append(_type("type", declaration.name, declaration, names))
    union = " | ".join(declaration.name for declaration in declarations.values())
    parts.append(f'"A record of any of the types."\nunion StandardRecord = {union}\n')
    return "\n".join(parts)


def _above(base: str) -> list[str]:
    return [] if base == Record.__name__ else [base_name(Record.__name__)]


def _type(word: str, name: str, declaration: Declaration, bases: Iterable[str]) -> str:
    implements = " implements " + " & ".join(bases) if bases else ""
    fields = [line for field in declaration.fields for line in _field(declaration.name, field)]
    return "\n".join([*_told(declaration.doc), f"{word} {name}{implements} {{", *fields, "}", ""])


def _field(owner: str, field: FieldDeclaration) -> Iterator[str]:
    yield from ("  " + line for line in _told(field.doc))
    yield f"  {field.name}: {_kind(owner, field)}"


def _kind(owner: str, field: FieldDeclaration) -> str:
    end = "" if field.optional else "!"
    if field.kind == "vector":
        return f"[Float!]{end}"
    if field.kind == "attributes":
        return f"[Attribute!]{end}"
    name = _NAMES[field.kind]
    if field.name == "id":
        name = "ID"
    elif "time" in field.roles:
        name = "Nanoseconds"
    elif _is_enum(field):
        name = _enum_name(owner, field)
    return f"[{name}!]{end}" if field.many else name + end


def _is_enum(field: FieldDeclaration) -> bool:
    return bool(field.among) and all(_VALUE.fullmatch(value) for value in field.among or ())


def _enum_name(owner: str, field: FieldDeclaration) -> str:
    return owner + "".join(part.capitalize() for part in field.name.split("_"))


def _enums(declaration: Declaration, taken: set[str]) -> Iterator[str]:
    for field in filter(_is_enum, declaration.fields):
        name = _enum_name(declaration.name, field)
        if name in taken:
            cause = f"is also the name of what {declaration.label}.{field.name} may be"
            raise SchemaConflict(name, cause, "Leave one of the two out, or rename it")
        values = "".join(f"  {value}\n" for value in field.among or ())
        yield f'"What {declaration.name}.{field.name} may be."\nenum {name} {{\n{values}}}\n'


def _told(doc: str) -> list[str]:
    return [json.dumps(doc, ensure_ascii=False)] if doc else []
