"""Every derived form by its name, each as files: of one type, or of all in one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from watchdown_schemas.derived.arrow_form import arrow_form
from watchdown_schemas.derived.expectations import expectation_suite
from watchdown_schemas.derived.graphql import graphql_sdl
from watchdown_schemas.derived.json_schema import json_schema
from watchdown_schemas.derived.opensearch import index_template, is_shared, shared_template
from watchdown_schemas.derived.typescript import typescript
from watchdown_schemas.record import Record

Schemas: TypeAlias = Sequence[type[Record]]
Files: TypeAlias = dict[str, str]


def _each(make: Callable[[type[Record]], Any]) -> Callable[[Schemas], Files]:
    """Return a form of which every type has a JSON file."""
    return lambda schemas: {f"{schema.__name__}.json": as_json(make(schema)) for schema in schemas}


def _one(name: str, make: Callable[[Schemas], str]) -> Callable[[Schemas], Files]:
    """Return a form that has all types in one file."""
    return lambda schemas: {name: make(schemas)}


def _opensearch(schemas: Schemas) -> Files:
    """Return a template for each type that has indices of its own, and the one that all others share."""
    own = _each(index_template)([schema for schema in schemas if not is_shared(schema)])
    return {**own, "Custom.json": as_json(shared_template())}


EXPORTS: Final[Mapping[str, Callable[[Schemas], Files]]] = {
    "arrow": _each(arrow_form),
    "jsonschema": _each(json_schema),
    "opensearch": _opensearch,
    "graphql": _one("schema.graphql", graphql_sdl),
    "typescript": _one("schema-types.ts", typescript),
    "expectations": _each(lambda schema: expectation_suite(schema, schema.quality)),
}
"""By name, what makes a form's files of schema types: their text by file name."""


def as_json(value: Any) -> str:
    """Return a value as the text of a JSON file."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
