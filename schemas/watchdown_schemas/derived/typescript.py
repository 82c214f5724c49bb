"""The TypeScript types of schema types, as the JSON of a record has them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.declaring import declare
from watchdown_schemas.derived.forms import BASES, base_name, direct_bases, own_fields
from watchdown_schemas.record import Record

HEAD: Final = """\
// Written by `make schemas` from the schema types; change those, not this.

/** Nanoseconds on a timeline. A number is exact up to 2^53 - 1 ns, which is 104 days. */
export type Nanoseconds = number;

/** The value of an attribute: text, a number, or a moment as RFC 3339 writes it. */
export type AttributeValue = string | number;
"""
_NAMES: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "vector": "readonly number[]",
    "attributes": "{ readonly [name: string]: AttributeValue }",
}


def typescript(schemas: Sequence[type[Record]]) -> str:
    """Return an interface for each type and base type, and the union of all, told apart by `type`."""
    declarations = [declare(schema) for schema in schemas]
    parts = [HEAD]
    for name, base in BASES.items():
        above = [] if name == Record.__name__ else [Record.__name__]
        parts.append(_interface(base_name(name), base, above))
    parts += [
        _interface(declaration.name, declaration, direct_bases(schema))
        for schema, declaration in zip(schemas, declarations, strict=True)
    ]
    names = " | ".join(declaration.name for declaration in declarations)
    labels = " | ".join(f'"{declaration.label}"' for declaration in declarations)
    parts.append(
        f"/** A record of any of the types, told apart by `type`. */\nexport type StandardRecord = {names};\n"
    )
    parts.append(f"/** The versioned name of a type. */\nexport type SchemaLabel = {labels};\n")
    return "\n".join(parts)


def _interface(name: str, declaration: Declaration, bases: Sequence[str]) -> str:
    extends = " extends " + ", ".join(map(base_name, bases)) if bases else ""
    lines = [*_told(declaration.doc, ""), f"export interface {name}{extends} {{"]
    if declaration.name not in BASES:
        lines.append(f'  readonly type: "{declaration.label}";')
    above = list(bases) + ([Record.__name__] if bases else [])
    for field in own_fields(declaration, above):
        lines += _field(field)
    return "\n".join([*lines, "}", ""])


def _field(field: FieldDeclaration) -> Iterator[str]:
    yield from _told(field.doc, "  ")
    yield f"  readonly {field.name}: {_kind(field)}{' | null' if field.optional else ''};"


def _kind(field: FieldDeclaration) -> str:
    if field.among:
        return " | ".join(json.dumps(value) for value in field.among)
    name = "Nanoseconds" if "time" in field.roles else _NAMES[field.kind]
    return f"readonly {name}[]" if field.many else name


def _told(doc: str, indent: str) -> list[str]:
    safe = doc.replace("*/", "*\\/")
    return [f"{indent}/** {safe} */"] if doc else []
