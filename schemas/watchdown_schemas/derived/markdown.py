"""The reference page of schema types: for each its card, fields, example and versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.derived.forms import BASES, first_sentence, own_fields
from watchdown_schemas.evolution import diff

INTRODUCTION: Final = """\
# Schema types

A record is one immutable row that belongs to a timeline of a title; its schema type says what it holds.
Every record has the fields of `Record`, most have those of `TemporalSpatial` and `AlgorithmOutput` too.
A question that asks for these alone is answered across all types.
Times are whole nanoseconds, ranges are half-open.
A mandatory field must be given; any other has the default that its row names, or is left empty.
What is stamped is filled in when the record is written.
"""
COLUMNS: Final = "| field | kind | mandatory | what it is |\n| --- | --- | --- | --- |"


def reference_page(histories: Sequence[Sequence[Declaration]]) -> str:
    """Return the page of types, each given by its versions, oldest first."""
    newest = [history[-1] for history in histories]
    contents = [
        f"| [{one.name}](#{one.name.lower()}) | {one.version} | {_cell(first_sentence(one.doc))} |"
        for one in newest
    ]
    parts = [INTRODUCTION, "\n".join(["| type | version | what it is |", "| --- | --- | --- |", *contents])]
    parts += [base_section(base) for base in BASES.values()]
    parts += [type_section(history) for history in histories]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def base_section(base: Declaration) -> str:
    """Return the section of a base type."""
    return f"## {base.name}\n\n{base.doc}\n\n{_table(own_fields(base, _above(base)))}\n"


def type_section(history: Sequence[Declaration]) -> str:
    """Return the section of a type, given by its versions, oldest first."""
    newest = history[-1]
    inherited = [name for name in BASES if name in newest.bases]
    own = own_fields(newest, ["Record", *inherited])
    bases = " and ".join(f"[{name}](#{name.lower()})" for name in newest.bases)
    key = ", ".join(f"`{name}`" for name in newest.key)
    parts = [
        f"## {newest.name}",
        newest.doc or "Nothing is said about this type.",
        f"`{newest.label}` inherits {bases}. Within a run its records are told apart by {key}.",
        _table(own) if own else "It has no fields of its own.",
    ]
    if newest.example:
        parts.append(f"```json\n{json.dumps(newest.example, indent=1, ensure_ascii=False)}\n```")
    if len(history) > 1:
        parts.append("\n".join(_changes(history)))
    return "\n\n".join(parts) + "\n"


def _above(base: Declaration) -> list[str]:
    return [name for name in base.bases if name in BASES]


def _table(fields: Sequence[FieldDeclaration]) -> str:
    return "\n".join([COLUMNS, *map(_row, fields)])


def _row(field: FieldDeclaration) -> str:
    return f"| `{field.name}` | {_cell(_kind(field))} | {_given(field)} | {_cell(field.doc)} |"


def _kind(field: FieldDeclaration) -> str:
    """Return what a field holds, with its roles."""
    if field.among:
        kind = "one of " + ", ".join(f"`{value}`" for value in field.among)
    else:
        kind = f"{field.kind}s" if field.many else field.kind
    if field.optional:
        kind += " or none"
    roles = [name for name in field.roles if name not in {"stamped", field.kind}]
    return f"{kind} ({', '.join(roles)})" if roles else kind


def _given(field: FieldDeclaration) -> str:
    if "stamped" in field.roles:
        return "stamped"
    if field.mandatory:
        return "yes"
    return "" if field.default is None else f"`{json.dumps(field.default, ensure_ascii=False)}`"


def _changes(history: Sequence[Declaration]) -> Iterator[str]:
    yield f"- `{history[0].label}`: the first that is known here."
    for old, new in pairwise(history):
        told = "; ".join(change.what for change in diff(old, new).changes)
        yield f"- `{new.label}`: {told or 'nothing but words'}."


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
