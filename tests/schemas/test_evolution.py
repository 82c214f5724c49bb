from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from declarations import declarations, names, own_fields, rows, successors
from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.errors import SchemaIncompatible, SchemaInvalid
from watchdown_schemas.evolution import diff, in_order
from watchdown_schemas.registry import Registry
from watchdown_schemas.sources import standard
from watchdown_schemas.upgrade import upgraded

KEYWORD = {"keyword": {}}
BEFORE = Declaration(
    name="Kiss",
    version=1,
    key=("id",),
    bases=("TemporalSpatial",),
    fields=(
        FieldDeclaration(name="id", kind="string", roles=KEYWORD),
        FieldDeclaration(name="sort", kind="string", roles=KEYWORD, among=("french", "air")),
        FieldDeclaration(name="length", kind="number", optional=True, mandatory=False),
        FieldDeclaration(name="heat", kind="integer", mandatory=False, default=1),
    ),
)


def after(name: str, **said: object) -> Declaration:
    """Return the next version with one field said otherwise."""
    fields = tuple(f.model_copy(update=said) if f.name == name else f for f in BEFORE.fields)
    return BEFORE.model_copy(update={"version": 2, "fields": fields})


def without(name: str) -> Declaration:
    fields = tuple(field for field in BEFORE.fields if field.name != name)
    return BEFORE.model_copy(update={"version": 2, "fields": fields})


def also(field: FieldDeclaration) -> Declaration:
    return BEFORE.model_copy(update={"version": 2, "fields": (*BEFORE.fields, field)})


def other(**said: object) -> Declaration:
    return BEFORE.model_copy(update={"version": 2, **said})


NEW = FieldDeclaration(name="place", kind="string", optional=True, mandatory=False)


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (also(NEW), "field place (string) was added"),
        (without("length"), "field length was removed; stored values stay"),
        (after("length", default=0.5), "the default of length is 0.5, was None"),
        (after("id", mandatory=False, default="x"), "field id is no longer mandatory"),
        (after("id", optional=True), "field id may be empty now"),
        (after("sort", among=("french", "air", "peck")), "field sort may take more values"),
        (after("sort", among=None), "field sort may take more values"),
        (other(bases=("TemporalSpatial", "AlgorithmOutput")), "it is a AlgorithmOutput as well"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_readers_can_live_with(new: Declaration, what: str) -> None:
    difference = diff(BEFORE, new)
    assert [change.what for change in difference.changes] == [what]
    difference.require_compatible()


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (after("length", kind="string"), "field length was retyped from number to string"),
        (after("length", many=True), "field length was retyped from number to number[]"),
        (after("sort", roles={}), "field sort was retyped from string keyword to string"),
        (without("id"), "field id, which is mandatory, was removed"),
        (after("length", mandatory=True), "field length became mandatory"),
        (after("length", optional=False, default=0), "field length may no longer be empty"),
        (
            also(NEW.model_copy(update={"mandatory": True, "optional": False})),
            "field place (string) was added as mandatory, which stored records do not have",
        ),
        (after("sort", among=("french",)), "field sort may no longer be air"),
        (other(name="Hug"), "the name changed from Kiss to Hug"),
        (other(bases=("Record",)), "it no longer is a TemporalSpatial"),
        (
            other(key=("id", "sort")),
            "the key changed from id to id, sort, so that the same record would get another id",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_break_readers_is_refused_with_both_versions_named(new: Declaration, what: str) -> None:
    difference = diff(BEFORE, new)
    assert what in [change.what for change in difference.changes if not change.compatible]
    with pytest.raises(SchemaIncompatible) as raised:
        difference.require_compatible()
    assert raised.value.subject == new.label
    assert f"cannot follow {BEFORE.label}: " in raised.value.cause
    assert what in raised.value.cause


def test_words_are_no_change() -> None:
    assert diff(BEFORE, other(doc="Better.", example={"id": "x"})).changes == ()
    assert diff(BEFORE, after("length", doc="Better.")).changes == ()


@given(declarations())
def test_nothing_differs_from_itself(declaration: Declaration) -> None:
    assert diff(declaration, declaration).changes == ()


@given(declarations(), names, st.data())
def test_a_field_that_need_not_be_given_may_come_and_go(
    old: Declaration, name: str, data: st.DataObject
) -> None:
    assume(old.field(name) is None)
    field = data.draw(own_fields(name, mandatory=False))
    new = old.model_copy(update={"version": 2, "fields": (*old.fields, field)})
    assert [change.field for change in diff(old, new).changes] == [name]
    assert diff(old, new).compatible
    assert diff(new, old).compatible


@given(declarations(), st.data())
def test_what_must_be_given_can_be_neither_taken_away_nor_demanded_later(
    old: Declaration, data: st.DataObject
) -> None:
    field = data.draw(own_fields("extra", mandatory=True))
    new = old.model_copy(update={"version": 2, "fields": (*old.fields, field)})
    assert not diff(old, new).compatible
    assert not diff(new, old).compatible


@given(declarations(), st.data())
def test_a_row_of_any_version_is_a_record_of_any_compatible_later_one(
    old: Declaration, data: st.DataObject
) -> None:
    new = data.draw(successors(old))
    assume(set(new.key) <= {field.name for field in new.fields} and diff(old, new).compatible)
    registry = Registry(standard())
    registry.register(old)
    row = data.draw(rows(old))
    first = registry["Thing"](**upgraded(row, registry["Thing"]))
    registry.register(new)
    newest = registry["Thing"]
    record = newest(**upgraded({**first.model_dump(), **row}, newest))
    kept = set(row) & set(newest.model_fields) - {"type"}
    assert {name: getattr(record, name) for name in kept} == {name: getattr(first, name) for name in kept}
    assert record.type == "Thing.2"


def test_types_come_after_those_that_they_inherit_from_and_versions_in_order() -> None:
    given_order = [
        Declaration(name="C", version=1, bases=("B",)),
        Declaration(name="B", version=2, bases=("A",)),
        Declaration(name="A", version=1),
        Declaration(name="B", version=1),
    ]
    assert [one.label for one in in_order(given_order)] == ["A.1", "B.1", "B.2", "C.1"]


def test_a_circle_of_inheritance_is_refused_and_shown() -> None:
    circle = [Declaration(name=name, version=1, bases=(base,)) for name, base in ("AB", "BC", "CA")]
    with pytest.raises(SchemaInvalid, match=r"A -> B -> C -> A|B -> C -> A -> B|C -> A -> B -> C"):
        in_order(circle)
