from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from declarations import declarations
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.derived.opensearch import (
    ADDED,
    Engine,
    field_count,
    index_name,
    index_template,
    is_shared,
    shared_template,
)
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record
from watchdown_schemas.registry import Registry
from watchdown_schemas.sources import standard
from watchdown_schemas.types import STANDARD_TYPES, DialogueLine, Embedding

TYPES, TYPES_FIELDS = 2_000, 10
FORMS = [
    ("string", {"keyword": {}}),
    ("number", {}),
    ("integer", {}),
    ("boolean", {}),
    ("string", {"text": {}}),
]
named = pytest.mark.parametrize("schema", STANDARD_TYPES.values(), ids=STANDARD_TYPES)


def mappings(schema: type[Record], **said: Any) -> dict[str, Any]:
    found: dict[str, Any] = index_template(schema, **said)["template"]["mappings"]
    return found


@named
def test_a_standard_type_maps_each_of_its_columns_and_no_other(schema: type[Record]) -> None:
    made = mappings(schema)
    assert made["dynamic"] == "strict"
    columns = arrow_schema(schema, 3 if has_vector(schema) else None).names
    assert sorted(made["properties"]) == sorted([*columns, *ADDED])
    assert field_count(made) == len(columns) + len(ADDED) + 5  # those of an attribute
    assert field_count(made) < 40


def test_text_is_kept_and_found_by_our_tokens() -> None:
    made = mappings(DialogueLine)["properties"]
    assert made["text"] == {"type": "keyword", "index": False, "doc_values": False}
    assert made["text_words"] == made["text_stems"] == {"type": "text", "analyzer": "whitespace"}
    assert made["language"]["type"] == "keyword"
    assert made["line"]["type"] == "long"


def test_attributes_are_one_nested_field_of_constant_form() -> None:
    attributes = mappings(DialogueLine)["properties"]["attributes"]
    assert attributes["type"] == "nested"
    assert attributes["dynamic"] == "strict"
    kinds = {name: said["type"] for name, said in attributes["properties"].items()}
    assert kinds == {
        "name": "keyword",
        "keyword": "keyword",
        "number": "double",
        "time": "long",
        "integer": "long",
    }


@pytest.mark.parametrize("engine", ["lucene", "faiss"])
def test_a_vector_names_its_method_engine_and_space(engine: Engine) -> None:
    template = index_template(Embedding, 768, engine)
    vector = template["template"]["mappings"]["properties"]["vector"]
    assert (vector["type"], vector["dimension"]) == ("knn_vector", 768)
    assert (vector["method"]["name"], vector["method"]["engine"]) == ("hnsw", engine)
    assert vector["method"]["space_type"] == "cosinesimil"
    assert "encoder" not in vector["method"]["parameters"]
    fewer = mappings(Embedding, dimension=768, engine=engine, quantised=True)["properties"]["vector"]
    assert fewer["method"]["parameters"]["encoder"]["name"] == "sq"
    assert template["template"]["settings"] == {"index.knn": True}


def test_a_vector_that_knows_its_dimension_keeps_it() -> None:
    registry = Registry(standard())
    field = FieldDeclaration(name="vec", kind="vector", roles={"vector": {"dimension": 3}})
    registry.register(Declaration(name="Voice", version=1, bases=("TemporalSpatial",), fields=(field,)))
    made = mappings(registry["Voice"], dimension=512)["properties"]
    assert made["vector"]["dimension"] == 3
    assert "vec" not in made
    assert index_name(registry["Voice"]) == "watchdown-vector-voice"


@named
def test_every_standard_type_has_indices_of_its_own(schema: type[Record]) -> None:
    template = index_template(schema)
    assert template["index_patterns"] == [f"watchdown-{schema.__name__.lower()}-*"]
    assert template["_meta"] == {"schema": schema.schema_label()}
    assert not is_shared(schema)


@pytest.mark.feature(11)
def test_two_thousand_types_of_ten_fields_add_no_field_to_any_index() -> None:
    registry = Registry(standard())
    before = field_count(shared_template()["template"]["mappings"])
    templates = set()
    for number in range(TYPES):
        own = tuple(
            FieldDeclaration(
                name=f"own_{number}_{place}", kind=FORMS[place % 5][0], roles=FORMS[place % 5][1]
            )
            for place in range(TYPES_FIELDS)
        )
        registry.register(
            Declaration(name=f"Type{number}", version=1, bases=("TemporalSpatial",), fields=own)
        )
        templates.add(json.dumps(index_template(registry[f"Type{number}"]), sort_keys=True))
    assert len(registry) == len(STANDARD_TYPES) + TYPES
    assert templates == {json.dumps(shared_template(), sort_keys=True)}
    assert field_count(json.loads(templates.pop())["template"]["mappings"]) == before
    assert before < 40


@given(declarations())
def test_a_type_of_ones_own_has_the_shared_fields_and_a_vector_at_most(declaration: Declaration) -> None:
    registry = Registry(standard())
    registry.register(declaration)
    schema = registry["Thing"]
    shared = shared_template()["template"]["mappings"]["properties"]
    made = mappings(schema, dimension=2)["properties"]
    assert {name: said for name, said in made.items() if name != "vector"} == shared
    assert ("vector" in made) == has_vector(schema)
