"""The OpenSearch mapping and index template of a schema type.

Standard types have an index each, whose fields are known beforehand. All other types share one index: what
they have of their own goes to the nested `attributes`, so that no number of types adds a field.
Each document names its type in `schema`. What its fields cannot give back exactly lies in `payload`, and
`marks` names the fields that have a value which the index cannot find.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from watchdown_schemas.declaration import FieldDeclaration
from watchdown_schemas.declaring import declare
from watchdown_schemas.derived.forms import BASES
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record
from watchdown_schemas.soundness import DERIVED
from watchdown_schemas.types import STANDARD_TYPES

Mapping: TypeAlias = dict[str, Any]
Engine: TypeAlias = Literal["lucene", "faiss"]

PREFIX: Final = "watchdown"
"""How the names of all indices begin, unless a library says otherwise."""
SHARED: Final = "custom"
"""The index that all types share which are not standard."""
DIMENSION: Final = 512
"""Taken where neither the type nor the caller names one; an index is made for the model's own."""
TEXT: Final = "text"
VECTOR: Final = "vector"
# Lucene's longest term has 32,766 bytes, a character up to four; longer values are kept but not found.
KEYWORD: Final[Mapping] = {"type": "keyword", "ignore_above": 8191}
# Analysed by us, so that every store finds alike: only white space parts the tokens.
TOKENS: Final[Mapping] = {"type": "text", "analyzer": "whitespace"}
SQ_FAISS: Final[Mapping] = {"name": "sq", "parameters": {"type": "fp16"}}
KEPT: Final[Mapping] = {"type": "keyword", "index": False, "doc_values": False}
# Not searched by value, but whether there is one; too long an outline does not count as there.
EXISTS: Final[Mapping] = {**KEYWORD, "index": False}
PLAIN: Final[dict[str, Mapping]] = {
    "string": KEYWORD,
    "integer": {"type": "long"},
    "number": {"type": "double"},
    "boolean": {"type": "boolean"},
    "attributes": {
        "type": "nested",
        "dynamic": "strict",
        "properties": {
            "name": KEYWORD,
            "keyword": KEYWORD,
            "number": {"type": "double"},
            "time": {"type": "long"},
            "integer": {"type": "long"},  # whole numbers of a type's own, exactly
        },
    },
}
# What the platform adds to every document.
ADDED: Final[dict[str, Mapping]] = {"schema": KEYWORD, "payload": KEPT, "marks": KEYWORD}
ROLES: Final[dict[str, Mapping]] = {TEXT: KEPT, "blob": KEPT, "geometry": EXISTS}


def index_template(
    schema: type[Record],
    dimension: int | None = None,
    engine: Engine = "lucene",
    *,
    prefix: str = PREFIX,
    quantised: bool = False,
) -> dict[str, Any]:
    """Return the composable template of the indices that a type's records go to.

    For all types that are neither standard nor have a vector it is `shared_template()`. `dimension` is that
    of the model, for vectors whose type leaves it open. Where vectors are `quantised`, the graph is searched
    fewer bits a value (7 in Lucene, 16 in FAISS); Lucene keeps the values themselves as well.
    """
    if is_shared(schema):
        return shared_template(prefix)
    declaration = declare(schema)
    vector = next((field for field in declaration.fields if field.kind == VECTOR), None)
    properties = _fields(declaration.fields) if declaration.name in STANDARD_TYPES else _shared()
    if vector:
        properties[VECTOR] = _knn(vector, dimension, engine, quantised=quantised)
    return _template(index_name(schema, prefix), properties, declaration.label)


def shared_template(prefix: str = PREFIX) -> dict[str, Any]:
    """Return the template of the index that all types share which have none of their own."""
    return _template(f"{prefix}-{SHARED}", _shared(), "every other type")


def _template(name: str, properties: Mapping, schema: str) -> dict[str, Any]:
    return {
        "index_patterns": [f"{name}-*"],
        "priority": 200,
        "template": {
            "settings": {"index.knn": VECTOR in properties},
            "mappings": {"dynamic": "strict", "properties": {**properties, **ADDED}},
        },
        "_meta": {"schema": schema},
    }


def is_shared(schema: type[Record]) -> bool:
    """Whether a type's records go to the index that many types share."""
    return schema.__name__ not in STANDARD_TYPES and not has_vector(schema)


def index_name(schema: type[Record], prefix: str = PREFIX) -> str:
    """Return how the names begin of the indices that hold a type's records; a model or number follows."""
    if is_shared(schema):
        return f"{prefix}-{SHARED}"
    name = schema.__name__.lower()
    return f"{prefix}-{name}" if schema.__name__ in STANDARD_TYPES else f"{prefix}-{VECTOR}-{name}"


def field_count(made: Mapping) -> int:
    """Return how many fields a mapping has, as OpenSearch counts them: objects too."""
    inner = made.get("properties", {})
    return len(inner) + sum(field_count(one) for one in inner.values())


def _fields(fields: tuple[FieldDeclaration, ...]) -> Mapping:
    properties: Mapping = {}
    for field in fields:
        if field.kind != VECTOR:
            role = next((role for role in ROLES if role in field.roles), None)
            properties[field.name] = ROLES[role] if role else PLAIN[field.kind]
        if TEXT in field.roles:
            properties |= {field.name + suffix: TOKENS for suffix in DERIVED}
    return properties


def _shared() -> Mapping:
    """Return the constant fields of the shared index."""
    return {
        **{name: made for base in BASES.values() for name, made in _fields(base.fields).items()},
        "lineage": KEYWORD,  # the type's name and those of all it inherits
        "language": KEYWORD,
        TEXT: KEPT,  # of all its text fields
        **{TEXT + suffix: TOKENS for suffix in DERIVED},
    }


def _knn(field: FieldDeclaration, dimension: int | None, engine: Engine, *, quantised: bool) -> Mapping:
    """Return the mapping of a vector; its method is always named, since the default is another engine."""
    parameters: Mapping = {"m": 16, "ef_construction": 100}
    if quantised:
        parameters["encoder"] = {"name": "sq", "parameters": {"bits": 7}} if engine == "lucene" else SQ_FAISS
    return {
        "type": "knn_vector",
        "dimension": field.roles[VECTOR].get("dimension") or dimension or DIMENSION,
        "method": {
            "name": "hnsw",
            "engine": engine,
            "space_type": "cosinesimil",  # of unit vectors; the score is the same number in every engine
            "parameters": parameters,
        },
    }
