from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pytest

from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.declaring import declare
from watchdown_schemas.errors import SchemaConflict, SchemaIncompatible, SchemaInvalid, SchemaNotFound
from watchdown_schemas.quality import Quality
from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.registry import Registry
from watchdown_schemas.roles import Keyword
from watchdown_schemas.shelf import KeptInMemory
from watchdown_schemas.sources import Entry, standard
from watchdown_schemas.types import STANDARD_TYPES, Detection, Shot


class Affection(TemporalSpatial, AlgorithmOutput):
    """Two people are close."""

    warmth: int = 0


class Kiss(Affection):
    """A kiss."""

    sort: Annotated[str | None, Keyword()] = None


def kiss(version: int, *fields: FieldDeclaration) -> Declaration:
    """Return a version of a type with fields of its own."""
    return Declaration(name="Kiss", version=version, bases=("TemporalSpatial",), fields=fields)


def optional(name: str, kind: Any = "string", **said: Any) -> FieldDeclaration:
    return FieldDeclaration(name=name, kind=kind, optional=True, mandatory=False, **said)


def must(name: str, kind: Any = "string") -> FieldDeclaration:
    return FieldDeclaration(name=name, kind=kind)


@pytest.fixture
def registry() -> Registry:
    return Registry(standard())


def test_the_standard_types_are_known_by_name(registry: Registry) -> None:
    assert list(registry) == sorted(STANDARD_TYPES)
    assert len(registry) == len(STANDARD_TYPES)
    assert registry["Shot"] is Shot
    assert "Shot" in registry
    assert "Kiss" not in registry
    assert registry.get("Kiss") is None
    assert registry.origin("Shot") == "Watchdown itself"


def test_an_unknown_type_is_refused_with_those_that_are_known(registry: Registry) -> None:
    for ask in (registry.__getitem__, registry.declaration, registry.versions, registry.subtypes):
        with pytest.raises(
            SchemaNotFound, match=r"^Shoot: is no known schema type\. Known: Appearance, .*Shot\."
        ):
            ask("Shoot")


def test_an_unknown_version_is_refused_with_those_that_are_known(registry: Registry) -> None:
    for label in ("Shot.7", "Shot.x", "Shot.01", "Shot.-1", "Shot."):
        if label != "Shot.":
            with pytest.raises(
                SchemaNotFound, match=rf"^{re.escape(label)}: is no known version.*Shot\.1, Shot\.2"
            ):
                registry.declaration(label)
    assert registry.declaration("Shot").version == Shot.schema_version
    assert registry.declaration("Shot.1").field("entities") is None


def test_a_class_can_be_registered_with_those_that_it_inherits(registry: Registry) -> None:
    difference = registry.register(Kiss)
    assert difference is not None
    assert (difference.new, difference.changes) == ("Kiss.1", ())
    assert registry.origin("Kiss") == "this library"
    assert registry.subtypes("Affection") == ["Affection", "Kiss"]
    assert {"Kiss", "Shot"} <= set(registry.subtypes("AlgorithmOutput"))
    assert registry.subtypes("Shot") == ["Shot"]
    made = registry["Kiss"]
    assert issubclass(made, TemporalSpatial)
    assert made(start_ns=1, end_ns=2, sort="french").model_dump()["warmth"] == 0
    assert declare(made) == declare(Kiss)
    assert registry.register(Kiss) is None


def test_a_type_of_one_process_is_known_to_another_at_its_next_look() -> None:
    kept = KeptInMemory()
    one, other = Registry(standard(), kept), Registry(standard(), kept)
    assert "Kiss" not in other
    one.register(kiss(1))
    assert other["Kiss"].schema_version == 1
    one.register(kiss(2, optional("place")))
    assert other.declaration("Kiss.2").field("place") is not None
    assert [version.label for version in other.versions("Kiss")] == ["Kiss.1", "Kiss.2"]


def test_a_class_stays_the_same_when_other_types_come(registry: Registry) -> None:
    registry.register(kiss(1))
    before = registry["Kiss"]
    registry.register(kiss(1).model_copy(update={"name": "Hug"}))
    assert registry["Kiss"] is before


@pytest.mark.feature(2)
@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (optional("place"), optional("place", "integer"), "field place was retyped from string to integer"),
        (must("place"), None, "field place, which is mandatory, was removed"),
        (
            None,
            must("place"),
            "field place (string) was added as mandatory, which stored records do not have",
        ),
        (optional("place"), must("place"), "field place became mandatory"),
    ],
    ids=["retyped", "removed while mandatory", "newly mandatory", "made mandatory"],
)
def test_a_version_that_would_break_readers_is_refused_with_both_named(
    registry: Registry, old: FieldDeclaration | None, new: FieldDeclaration | None, cause: str
) -> None:
    registry.register(kiss(1, *[old] if old else []))
    with pytest.raises(SchemaIncompatible) as raised:
        registry.register(kiss(2, *[new] if new else []))
    assert str(raised.value).startswith(f"Kiss.2: cannot follow Kiss.1: {cause}")
    assert [version.label for version in registry.versions("Kiss")] == ["Kiss.1"]


def test_a_field_that_is_gone_cannot_come_back_as_something_else(registry: Registry) -> None:
    registry.register(kiss(1, optional("place")))
    registry.register(kiss(2))
    with pytest.raises(SchemaIncompatible, match=r"^Kiss\.3: cannot follow Kiss\.1: field place was retyped"):
        registry.register(kiss(3, optional("place", "number")))
    registry.register(kiss(3, optional("place")))


@pytest.mark.parametrize("version", [1, 2])
def test_a_changed_type_needs_a_higher_version(registry: Registry, version: int) -> None:
    registry.register(kiss(1))
    registry.register(kiss(2, optional("place")))
    with pytest.raises(
        SchemaInvalid, match=r"differs from Kiss\.2, which is known already\. Give it the version 3"
    ):
        registry.register(kiss(version, optional("place"), optional("time")))


def test_versions_may_be_left_out_and_known_ones_registered_again(registry: Registry) -> None:
    registry.register(kiss(1))
    difference = registry.register(kiss(4, optional("place")))
    assert difference is not None
    assert (difference.old, difference.new, difference.compatible) == ("Kiss.1", "Kiss.4", True)
    assert registry.register(kiss(1)) is None
    assert registry["Kiss"].schema_version == 4


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("Shot", "Shot.1: is the name of a type that Watchdown itself declares"),
        ("sHOT", None),
        ("SHOT", "SHOT.1: differs in case alone from Shot, which Watchdown itself declares"),
        ("HUG", "HUG.1: differs in case alone from Hug, which this library declares"),
    ],
)
def test_a_registered_type_cannot_shadow_another(registry: Registry, name: str, cause: str | None) -> None:
    registry.register(kiss(1).model_copy(update={"name": "Hug"}))
    if cause is not None:
        with pytest.raises(SchemaConflict, match=f"^{re.escape(cause)}"):
            registry.register(kiss(1).model_copy(update={"name": name}))


def test_a_type_of_an_unknown_base_is_refused(registry: Registry) -> None:
    with pytest.raises(SchemaNotFound, match=r"^Love: is no known schema type"):
        registry.register(Declaration(name="Kiss", version=1, bases=("Love",)))


def test_types_cannot_inherit_from_each_other(registry: Registry) -> None:
    registry.register(kiss(1))
    registry.register(Declaration(name="Hug", version=1, bases=("Kiss",)))
    with pytest.raises(SchemaInvalid, match=r"Kiss -> Hug -> Kiss|Hug -> Kiss -> Hug"):
        registry.register(Declaration(name="Kiss", version=2, bases=("TemporalSpatial", "Hug")))


def test_a_type_keeps_its_fields_when_its_base_gains_some(registry: Registry) -> None:
    registry.register(kiss(1))
    registry.register(Declaration(name="Peck", version=1, bases=("Kiss",)))
    before = declare(registry["Peck"])
    registry.register(kiss(2, optional("place")))
    later = Registry(standard(), registry._shelf._stored)
    assert declare(later["Peck"]) == before
    later.remember(later["Peck"])
    assert issubclass(later["Peck"], TemporalSpatial)
    assert later.subtypes("Kiss") == ["Kiss", "Peck"]
    later.register(Declaration(name="Peck", version=2, bases=("Kiss",)))
    assert "place" in later["Peck"].model_fields


def test_writing_keeps_the_types_of_packages_with_their_bases() -> None:
    kept = KeptInMemory()
    registry = Registry([*standard(), Entry("Kiss", "the package kisses 1.0", lambda: Kiss)], kept)
    registry.remember(registry["Kiss"])
    registry.remember(registry["Kiss"])
    registry.remember(Shot)
    assert [data["name"] for data in kept.declarations()] == ["Affection", "Kiss", "Shot"]
    without = Registry(standard(), kept)
    assert declare(without["Kiss"]) == declare(Kiss)
    assert without.subtypes("Affection") == ["Affection", "Kiss"]


def test_a_newer_version_that_another_program_kept_is_what_is_read() -> None:
    kept = KeptInMemory()
    newer = declare(Shot)
    newer = newer.model_copy(update={"version": 3, "fields": (*newer.fields, optional("mood"))})
    kept.add("Shot", 3, newer.model_dump(mode="json"))
    registry = Registry(standard(), kept)
    assert registry["Shot"].schema_label() == "Shot.3"
    assert "mood" in registry["Shot"].model_fields
    assert [version.label for version in registry.versions("Shot")] == ["Shot.1", "Shot.2", "Shot.3"]


def test_what_the_platform_adds_to_all_records_needs_no_new_version() -> None:
    kept = KeptInMemory()
    old = declare(Kiss).model_copy(update={"bases": ("TemporalSpatial", "AlgorithmOutput")})
    old = old.model_copy(update={"fields": tuple(f for f in old.fields if f.name != "entities")})
    kept.add("Kiss", 1, old.model_dump(mode="json"))
    registry = Registry(standard(), kept)
    assert "entities" in registry["Kiss"].model_fields
    registry.remember(registry["Kiss"])
    assert len(kept.declarations()) == 1


def test_one_declaration_that_cannot_be_read_harms_no_other() -> None:
    kept = KeptInMemory()
    kept.add("Kiss", 1, kiss(1).model_dump(mode="json"))
    kept.add("Odd", 1, {"name": "Odd", "version": 1, "shape": "of a later program"})
    registry = Registry(standard(), kept)
    assert {"Kiss", "Odd", "Shot"} <= set(registry)
    assert registry["Kiss"].schema_version == 1
    with pytest.raises(SchemaInvalid, match=r"^Odd\.1: shape: Extra inputs are not permitted"):
        registry["Odd"]


def test_a_registered_type_may_refine_a_standard_one(registry: Registry) -> None:
    registry.register(
        Declaration(
            name="Logo", version=1, bases=("Detection",), key=("start_ns", "brand"), fields=(must("brand"),)
        )
    )
    assert issubclass(registry["Logo"], Detection)
    assert registry.subtypes("Detection") == ["Detection", "Logo"]
    assert registry["Logo"].quality == Quality()


class Stubborn:
    """A store that says nothing of what it keeps until it is asked anew."""

    def __init__(self) -> None:
        self.asked = 0

    def declarations(self) -> Sequence[Mapping[str, Any]]:
        self.asked += 1
        return []

    def add(self, name: str, version: int, declaration: Mapping[str, Any]) -> None:
        raise AssertionError((name, version, declaration))

    def changes(self) -> int:
        return 0


def test_what_is_stored_is_read_only_when_it_changed() -> None:
    stored = Stubborn()
    registry = Registry(standard(), stored)
    for _ in range(20):
        assert "Shot" in registry
        registry.versions("Shot")
    assert stored.asked == 1


def test_hundreds_of_types_are_registered_and_found(registry: Registry) -> None:
    for number in range(300):
        registry.register(
            Declaration(
                name=f"Type{number}",
                version=1,
                bases=("TemporalSpatial",),
                fields=(optional(f"own{number}"),),
            )
        )
    assert len(registry) == len(STANDARD_TYPES) + 300
    assert len(registry.subtypes("TemporalSpatial")) == len(registry)
