"""Rows as documents and back: fields to search by, a payload for what JSON or the index cannot hold.

Times, text, keywords and numbers are fields of their own; attributes, and what a type of a plugin has of its
own, become entries of one nested field. `marks` names what a row has that the index cannot find: `?name`
where it would seem missing, `!name` where a comparison might pass it by.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from watchdown.stores.packing import pack
from watchdown.stores.shared import TEXT, VECTOR, columns_for, in_base, is_shared, native, shared_schema
from watchdown.stores.tokens import TOKENS
from watchdown.stores.unpacking import unpack
from watchdown_schemas.arrow import STEMS, WORDS
from watchdown_schemas.fields import Field, fields, vector_field
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Blob, Role, Text, Vector

LONGEST: Final = 8191  # letters of a keyword that is still found: Lucene's longest term has 32,766 bytes
PAYLOAD: Final = "payload"
MARKS: Final = "marks"
SCHEMA: Final = "schema"
ATTRIBUTES: Final = "attributes"
PACKED: Final = ("fields", "text_field")
_OUTSIDE: Final = frozenset({ATTRIBUTES, *PACKED, TOKENS, VECTOR})

MEMBERS: Final[Mapping[type, str]] = {str: "keyword", float: "number"}  # others are integers

Row = dict[str, Any]


def documents(batch: pa.RecordBatch, schema: type[Record]) -> Iterator[tuple[str, int, bytes]]:
    """Yield the id, the run and the JSON of each row of a batch in its type's own layout."""
    vector = vector_field(schema)
    vectors = None if vector is None else _matrix(batch.column(vector.name))
    layout = pack(batch, schema) if is_shared(schema) else batch
    kept = [name for name in layout.schema.names if name not in _OUTSIDE and not _is_vector(layout, name)]
    own = batch.select(_read_beside(schema)).to_pylist()
    laid = layout.select([*kept, *(name for name in PACKED if name in layout.schema.names)]).to_pylist()
    doubtful = {name for name in kept if name in _terms(schema) and not _all_sound(layout.column(name))}
    for at, (row, made) in enumerate(zip(own, laid, strict=True)):
        marks, payload = set[str](), dict[str, Any]()
        for name in PACKED:
            if (packed := made.pop(name, None)) is not None:
                payload[name] = packed
        document: dict[str, Any] = {name: value for name, value in made.items() if value is not None}
        for name in doubtful & document.keys():
            value = document[name]
            document[name] = _findable(value)
            if not _sound(value):
                payload.setdefault("odd", {})[name] = value
                marks |= {f"?{name}", f"!{name}"}
        if row[ATTRIBUTES]:
            payload[ATTRIBUTES] = row[ATTRIBUTES]
        document[ATTRIBUTES] = list(_entries(row, schema, marks))
        document |= {SCHEMA: schema.__name__, MARKS: sorted(marks)}
        if payload:
            document[PAYLOAD] = json.dumps(payload, ensure_ascii=False)
        if vectors is not None:
            document[VECTOR] = vectors[at]
        yield row["id"], row["run"], orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def _matrix(column: pa.Array) -> np.ndarray[Any, Any]:
    size = column.type.list_size
    values: np.ndarray[Any, Any] = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, size)
    return np.ascontiguousarray(values)


def _is_vector(batch: pa.RecordBatch, name: str) -> bool:
    return bool(pa.types.is_fixed_size_list(batch.schema.field(name).type))


@cache
def _terms(schema: type[Record]) -> frozenset[str]:
    """Return the columns of a type's documents whose text is one term, and so must not be too long."""
    kept = {field.name for field in fields(schema) if field.role(Text) or field.role(Blob)}
    layout = shared_schema() if is_shared(schema) else native(schema)
    words = {name for name in layout.names if name.endswith((WORDS, STEMS))}
    return frozenset({*layout.names} - words - (set(TEXT) if is_shared(schema) else kept))


def _all_sound(column: pa.Array) -> bool:
    """Whether the index takes every value of a column as it is, for certain."""
    held = pc.list_flatten(column) if pa.types.is_list(column.type) else column
    if pa.types.is_string(held.type):
        return (pc.max(pc.utf8_length(held)).as_py() or 0) <= LONGEST
    return bool(pa.types.is_integer(held.type) or pa.types.is_boolean(held.type))


def _sound(value: Any) -> bool:
    """Whether the index finds a value by what it is."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(_sound, value))
    return not isinstance(value, str) or len(value) <= LONGEST


def _findable(value: Any) -> Any:
    """Return what the index can find of a value; zero has one sign."""
    if isinstance(value, list):
        return [_findable(one) for one in value if _sound(one)]
    if not _sound(value):
        return None
    return value + 0.0 if isinstance(value, float) else value


@cache
def _beside(schema: type[Record]) -> tuple[tuple[Field, type[Role] | None], ...]:
    """Return the fields that a document tells of beside its columns, each with the role it is told by."""
    found: list[tuple[Field, type[Role] | None]] = []
    for field in fields(schema):
        if field.role(Attributes):
            found.append((field, Attributes))
        elif field.role(Text) and not field.many:
            found.append((field, Text))
        elif is_shared(schema) and not in_base(schema, field.name) and not field.role(Vector):
            found.append((field, None))
    return tuple(found)


def _read_beside(schema: type[Record]) -> list[str]:
    """Return the columns that a document is made from beside those that it has."""
    found = ["id", "run", ATTRIBUTES]
    for field, role in _beside(schema):
        found += [field.name, field.name + WORDS] if role is Text else [field.name]
    return list(dict.fromkeys(found))


def _entries(row: Mapping[str, Any], schema: type[Record], marks: set[str]) -> Iterator[Row]:
    """Yield the entries by which a row's attributes, and its own fields in the shared layout, are found."""
    for field, role in _beside(schema):
        value = row[field.name]
        if value is None:
            continue
        if role is Attributes:
            marks |= {f"?{field.name}"} if value else set()
            taken = {one.name for one in fields(schema)} if value else ()
            for one in value:
                if one["name"] not in taken:
                    yield from _found_by(one["name"], one, marks)
        elif role is Text:
            if is_shared(schema) or not row[field.name + WORDS]:
                marks.add(f"?{field.name}")
        else:
            member = MEMBERS.get(field.kind, "integer")
            for one in value if field.many else (value,):
                yield from _found_by(field.name, {member: int(one) if member == "integer" else one}, marks)


def _found_by(name: str, members: Mapping[str, Any], marks: set[str]) -> Iterator[Row]:
    held = {key: value for key, value in members.items() if key != "name" and value is not None}
    if not held:
        return
    if not all(map(_sound, held.values())):
        marks.add(f"!{name}")
    yield {"name": name, **{key: _findable(value) for key, value in held.items() if _sound(value)}}


def sources(schema: type[Record], names: Iterable[str]) -> list[str]:
    """Return what to ask of documents so that native columns of a type can be made from them."""
    wanted = columns_for(schema, names) if is_shared(schema) else list(names)
    outside = {*PACKED, ATTRIBUTES}
    vector = vector_field(schema)
    found = [VECTOR if vector and name == vector.name else name for name in wanted if name not in outside]
    return list(dict.fromkeys([*found, PAYLOAD]))


def rows(
    found: Sequence[Mapping[str, Any]], schema: type[Record], names: Sequence[str], dimension: int | None
) -> pa.RecordBatch:
    """Return documents of one type, as `sources` asked for them, as native columns."""
    held = [_restored(document) for document in found]
    size = dimension or 1
    if not is_shared(schema):
        vector = vector_field(schema)
        if vector and vector.name in names:
            held = [{**row, vector.name: row.get(VECTOR)} for row in held]
        target = native(schema, size)
        chosen = pa.schema([_nullable(target.field(name)) for name in names], target.metadata)
        return pa.RecordBatch.from_pylist(held, schema=chosen)
    whole = shared_schema(size)
    physical = pa.schema([_nullable(whole.field(name)) for name in columns_for(schema, names)])
    return unpack(pa.RecordBatch.from_pylist(held, schema=physical), schema, names)


def token_lists(
    found: Sequence[Mapping[str, Any]], schema: type[Record], names: tuple[str, str]
) -> list[tuple[list[str], list[str]]]:
    """Return the words and the stems of documents of one type; `names` are the native columns of the two."""
    batch = rows(found, schema, names, None) if is_shared(schema) else None
    words, stems = (
        [str(one.get(name) or "").split() for one in found]
        if batch is None
        else [str(one or "").split() for one in batch.column(name).to_pylist()]
        for name in names
    )
    return list(zip(words, stems, strict=True))


def _nullable(field: pa.Field) -> pa.Field:
    return field.with_nullable(nullable=True)


def _restored(document: Mapping[str, Any]) -> Row:
    row = {name: value for name, value in document.items() if name != PAYLOAD}
    payload = json.loads(document[PAYLOAD]) if document.get(PAYLOAD) else {}
    row |= payload.pop("odd", {})
    return {**row, ATTRIBUTES: [], "fields": [], **payload}
