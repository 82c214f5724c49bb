from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError, validate

from declarations import declarations, rows
from watchdown_schemas.declaration import Declaration
from watchdown_schemas.derived.json_schema import json_schema
from watchdown_schemas.record import Record
from watchdown_schemas.registry import Registry
from watchdown_schemas.sources import standard
from watchdown_schemas.types import STANDARD_TYPES, Embedding, Label, Shot

named = pytest.mark.parametrize("schema", STANDARD_TYPES.values(), ids=STANDARD_TYPES)


@named
def test_it_is_a_json_schema_that_the_example_keeps(schema: type[Record]) -> None:
    made = json_schema(schema)
    Draft202012Validator.check_schema(made)
    assert made["$id"] == f"urn:watchdown:schema-type:{schema.schema_label()}"
    for example in made["examples"]:
        validate(example, made)
    validate(schema(**schema.example).model_dump(mode="json"), made)


@given(declarations(), st.data())
def test_it_takes_every_row_of_any_type(declaration: Declaration, data: st.DataObject) -> None:
    registry = Registry(standard())
    registry.register(declaration)
    made = json_schema(registry["Thing"])
    Draft202012Validator.check_schema(made)
    validate(data.draw(rows(declaration)), made)


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        (Shot, {"start_ns": None}),
        (Shot, {"colour": "red"}),
        (Shot, {"number": "one"}),
        (Label, {"confidence": 1.5}),
        (Embedding, {"of": "film"}),
        (Embedding, {"vector": ["a"]}),
    ],
)
def test_it_refuses_what_the_class_refuses(schema: type[Record], values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        validate({**schema.example, **values}, json_schema(schema))


def test_it_tells_roles_keys_and_what_is_stamped() -> None:
    made = json_schema(STANDARD_TYPES["DialogueLine"])
    assert made["x-key"] == ["asset", "line"]
    assert made["properties"]["text"]["x-roles"] == {"text": {"language": "language"}}
    stamped = {name for name, said in made["properties"].items() if said.get("readOnly")}
    assert stamped == {"id", "type", "run", "title", "timeline", "asset", "algorithm", "version"}


def test_a_vector_of_known_dimension_has_that_many_numbers() -> None:
    registry = Registry(standard())
    field = {"name": "vec", "kind": "vector", "roles": {"vector": {"dimension": 3}}}
    declared = {"name": "Voice", "version": 1, "bases": ["TemporalSpatial"], "fields": [field]}
    registry.register(Declaration.model_validate(declared))
    made = json_schema(registry["Voice"])
    validate({"vec": [0.0, 0.6, 0.8]}, made)
    with pytest.raises(ValidationError, match="too short"):
        validate({"vec": [0.6, 0.8]}, made)
