from __future__ import annotations

import pytest
from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_schema
from graphql.type import validate_schema
from hypothesis import given

from declarations import declarations
from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.derived.graphql import graphql_sdl
from watchdown_schemas.errors import SchemaConflict
from watchdown_schemas.record import Record
from watchdown_schemas.registry import Registry
from watchdown_schemas.sources import standard
from watchdown_schemas.types import STANDARD_TYPES

QUERY = "type Query { records: [StandardRecord!]! all: [BaseRecord!]! }"


def built(schemas: list[type[Record]]) -> GraphQLSchema:
    """Return a GraphQL schema as a server would build it, valid in itself."""
    schema = build_schema(graphql_sdl(schemas) + QUERY)
    assert validate_schema(schema) == []
    return schema


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return built(list(STANDARD_TYPES.values()))


def object_type(schema: GraphQLSchema, name: str) -> GraphQLObjectType:
    found = schema.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def test_each_type_implements_the_interfaces_of_its_base_types(schema: GraphQLSchema) -> None:
    for name, cls in STANDARD_TYPES.items():
        found = object_type(schema, name)
        assert [one.name for one in found.interfaces] == ["BaseRecord", "TemporalSpatial", "AlgorithmOutput"]
        assert list(found.fields) == list(cls.model_fields)
        assert found.description
    assert isinstance(schema.type_map["TemporalSpatial"], GraphQLInterfaceType)


def test_fields_keep_their_names_and_say_whether_they_may_be_empty(schema: GraphQLSchema) -> None:
    kinds = {name: str(field.type) for name, field in object_type(schema, "Embedding").fields.items()}
    assert kinds["id"] == "ID!"
    assert kinds["start_ns"] == "Nanoseconds!"
    assert kinds["frame_width"] == "Int64"
    assert kinds["of"] == "EmbeddingOf!"
    assert kinds["vector"] == "[Float!]!"
    assert kinds["entities"] == "[String!]!"
    assert kinds["attributes"] == "[Attribute!]!"
    assert kinds["confidence"] == "Float"
    assert str(object_type(schema, "AudioEvent").fields["kind"].type) == "AudioEventKind"


def test_closed_sets_are_enums(schema: GraphQLSchema) -> None:
    found = schema.type_map["AudioEventKind"]
    assert isinstance(found, GraphQLEnumType)
    assert list(found.values) == ["speech", "music", "effect", "ambience", "silence"]


def test_all_types_are_one_union(schema: GraphQLSchema) -> None:
    union = schema.type_map["StandardRecord"]
    assert [one.name for one in union.types] == list(STANDARD_TYPES)  # type: ignore[attr-defined] # a union


@given(declarations())
def test_any_type_is_valid(declaration: Declaration) -> None:
    registry = Registry(standard())
    registry.register(declaration)
    found = object_type(built([registry["Thing"]]), "Thing")
    assert list(found.fields) == [field.name for field in declaration.fields]


def sorted_thing(*among: str, name: str = "Thing") -> type[Record]:
    registry = Registry(standard())
    field = FieldDeclaration(name="sort", kind="string", among=among)
    registry.register(Declaration(name=name, version=1, bases=("TemporalSpatial",), fields=(field,)))
    schema: type[Record] = registry[name]
    return schema


@pytest.mark.parametrize("value", ["lower third", "3d", "true", "null", "größe", ""])
def test_a_set_that_makes_no_enum_is_text(value: str) -> None:
    found = object_type(built([sorted_thing("sound", value)]), "Thing")
    assert str(found.fields["sort"].type) == "String!"


def test_a_type_named_as_the_enum_of_another_is_refused() -> None:
    with pytest.raises(SchemaConflict, match=r"^ThingSort: is also the name of what Thing\.1\.sort may be"):
        graphql_sdl([sorted_thing("a"), sorted_thing("b", name="ThingSort")])
