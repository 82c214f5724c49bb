from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given

from declarations import declarations
from watchdown_schemas.declaration import Declaration
from watchdown_schemas.declaring import declare, describe, read_declaration
from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.record import BASE_TYPES, AlgorithmOutput, Record, TemporalSpatial
from watchdown_schemas.registry import Registry
from watchdown_schemas.roles import Keyword, Text, Time, Vector
from watchdown_schemas.sources import standard
from watchdown_schemas.types import STANDARD_TYPES

KNOWN = Registry(standard())


@given(declarations())
def test_a_class_made_from_a_declaration_declares_the_same(declaration: Declaration) -> None:
    registry = Registry(standard())
    registry.register(declaration)
    assert declare(registry["Thing"]) == declaration


@given(declarations())
def test_a_declaration_survives_json(declaration: Declaration) -> None:
    assert Declaration.model_validate_json(declaration.model_dump_json()) == declaration
    assert read_declaration(declaration.model_dump(mode="json")) == declaration


@pytest.mark.parametrize("schema", STANDARD_TYPES.values(), ids=STANDARD_TYPES)
def test_a_standard_type_can_be_made_again_from_its_declaration(schema: type[Record]) -> None:
    declaration = declare(schema)
    copy = KNOWN.complete(declaration.model_copy(update={"name": "Copy", "fields": declaration.fields}))
    assert copy.fields == declaration.fields
    assert copy.example == declaration.example


def test_a_declaration_may_leave_out_what_it_inherits() -> None:
    short = read_declaration(
        {
            "name": "Hug",
            "version": 1,
            "bases": ["TemporalSpatial", "AlgorithmOutput"],
            "fields": [{"name": "arms", "kind": "integer"}],
        }
    )
    whole = KNOWN.complete(short)
    assert {*TemporalSpatial.model_fields, *AlgorithmOutput.model_fields, "arms"} == {
        field.name for field in whole.fields
    }
    assert KNOWN.complete(whole) == whole


def test_words_are_one_paragraph_that_any_terminal_can_show() -> None:
    class Worded(TemporalSpatial):
        """First line
        and second.

        Third, with an escape: \x1b[31m.
        """

        size: int = 0
        """How much,
        in metres."""

    found = declare(Worded)
    assert found.doc == r"First line and second. Third, with an escape: \x1b[31m."
    size = found.field("size")
    assert size is not None
    assert size.doc == "How much, in metres."


def field(**said: Any) -> dict[str, Any]:
    return {"name": "own", "kind": "string", **said}


def faulty(*fields: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"name": "Thing", "version": 1, "bases": ["TemporalSpatial"], "fields": list(fields), **said}


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (faulty(name="thing"), "name: String should match pattern"),
        (faulty(version=0), "version: Input should be greater than or equal to 1"),
        (faulty(colour="red"), "colour: Extra inputs are not permitted"),
        (["Thing"], "Input should be a valid dictionary"),
        (faulty(field(name="Own")), "fields.0.name: String should match pattern"),
        (faulty(field(kind="date")), "fields.0.kind: Input should be"),
        (faulty(name="Record"), "Record is the name of a base type"),
        (faulty(name="Query"), "Query is a name that exports use"),
        (faulty(name="Custom"), "Custom is a name that exports use"),
        (faulty(bases=["Thing"]), "it inherits from itself"),
        (faulty(key=[]), "it has no key"),
        (faulty(key=["owm"]), "key owm is no field"),
        (faulty(key=["attributes"]), "key attributes is no single value"),
        (faulty(field(), field(kind="integer")), "field own is declared twice"),
        (faulty(field(name="model_config")), "field model_config has a name that is taken"),
        (faulty(field(name="copy")), "field copy has a name that is taken"),
        (faulty(field(name="upgrades")), "field upgrades has a name that is taken"),
        (faulty(field(name="row")), "field row has a name that is taken"),
        (faulty(field(name="text_stems")), "field text_stems has a name that is taken"),
        (faulty(field(roles={"colour": {}})), "field own has the unknown role colour (known: keyword,"),
        (faulty(field(roles={"text": {"tongue": "x"}})), "role text of field own has no tongue"),
        (faulty(field(roles={"text": {"language": 3}})), "role text of field own cannot be {'language': 3}"),
        (
            faulty(field(roles={"text": {"language": "x"}})),
            "the language of field own is x, which is no such",
        ),
        (
            faulty(field(roles={"text": {"language": "id"}})),
            "the language of field own is id, which is no such",
        ),
        (faulty(field(kind="integer", roles={"time": {"start": "run"}})), "the start of field own is run"),
        (
            faulty(field(roles={"confidence": {}})),
            "field own is string, which the role confidence does not fit",
        ),
        (faulty(field(many=True, roles={"text": {}})), "field own has several values, which the role text"),
        (faulty(field(kind="vector")), "field own is a vector, which must be one, mandatory"),
        (
            faulty(field(kind="vector", roles={"vector": {"dimension": -1}})),
            "role vector of field own cannot be {'dimension': -1}",
        ),
        (
            faulty(field(kind="vector", roles={"vector": {"metric": "l2"}})),
            "role vector of field own cannot be {'metric': 'l2'}",
        ),
        (
            faulty(*(field(name=n, kind="vector", roles={"vector": {}}) for n in ("a", "b"))),
            "it has more than one vector",
        ),
        (faulty(field(kind="attributes")), "field own holds attributes and needs the role"),
        (faulty(field(kind="integer", among=["1"])), "field own may only take some values"),
        (faulty(field(among=[])), "field own may only take some values"),
        (faulty(field(mandatory=False)), "field own has no default, yet is neither mandatory nor optional"),
        (faulty(field(mandatory=False, default=3)), "the default of field own is 3, which it cannot hold"),
        (faulty(field(kind="integer", mandatory=False, default=True)), "the default of field own is True"),
        (faulty(field(mandatory=False, default="c", among=["a", "b"])), "the default of field own is 'c'"),
        (faulty(field(many=True, mandatory=False, default="a")), "the default of field own is 'a'"),
        (faulty(field(name="start_ns")), "field start_ns is string, but integer time in TemporalSpatial"),
        (
            faulty(field(name="title", optional=True, roles={"keyword": {}})),
            "field title may be empty, but not in",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_in_a_declaration_is_told_by_its_name(data: Any, cause: str) -> None:
    with pytest.raises(SchemaInvalid, match=re.escape(cause)) as raised:
        KNOWN.complete(read_declaration(data, "things.json"))
    assert raised.value.subject in {"things.json", "Thing.1", "Record.1", "Query.1", "Custom.1"}


def test_all_faults_of_a_declaration_are_told_at_once() -> None:
    with pytest.raises(SchemaInvalid, match=r"field own is declared twice; field copy has a name"):
        read_declaration(faulty(field(), field(), field(name="copy")))


class NoKey(Record):
    """Has neither key nor time."""


class Renamed(TemporalSpatial):
    title: int  # type: ignore[assignment] # the fault at hand


class Numbered(TemporalSpatial):
    level: Annotated[Literal[1, 2], Keyword()]


class Spoken(TemporalSpatial):
    words: Annotated[str, Text(language="tongue")]


class Late(TemporalSpatial):
    until: Annotated[int, Time(start="begin")]


class Empty(TemporalSpatial):
    vector: Annotated[list[float] | None, Vector()] = None


class lower(TemporalSpatial):  # noqa: N801 - the fault at hand
    pass


class Keyed(TemporalSpatial):
    key: ClassVar[tuple[str, ...]] = ("entities",)


@pytest.mark.parametrize(
    ("schema", "cause"),
    [
        (NoKey, "key start_ns is no field"),
        (Renamed, "field title is integer, but string keyword stamped in TemporalSpatial. Mend"),
        (Numbered, "field level may only take some values, which only a single text may"),
        (Spoken, "the language of field words is tongue, which is no such field"),
        (Late, "the start of field until is begin, which is no such field"),
        (Empty, "field vector is a vector, which must be one, mandatory"),
        (lower, "name: String should match pattern"),
        (Keyed, "key entities is no single value"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_fault_in_a_class_is_told_by_its_name(schema: type[Record], cause: str) -> None:
    with pytest.raises(SchemaInvalid, match=re.escape(cause)) as raised:
        declare(schema)
    assert raised.value.subject == schema.schema_label()


def test_base_types_are_described_but_are_no_types_of_their_own() -> None:
    for name, base in BASE_TYPES.items():
        assert describe(base).name == name
        with pytest.raises(SchemaInvalid, match=f"{name} is the name of a base type"):
            declare(base)
