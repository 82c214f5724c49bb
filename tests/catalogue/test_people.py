"""People are found however they are spelt, and stand in casts by the order of their credits."""

from dataclasses import replace

import pytest

from watchdown.catalogue.database import Database
from watchdown.catalogue.model import CastMember, Person, person_id
from watchdown.catalogue.people import People
from watchdown_schemas.errors import NotFound

ZOE = Person(id="zoe-saldana", name="Zoë Saldaña", aliases=("Zoe Saldana-Perego",))
OMAR = Person(id="omar-sy", name="Omar Sy")
LUPIN = CastMember(person=OMAR, character="Assane Diop", aliases=("Lupin", "Paul Sernine"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Zoë  SALDAÑA", "zoe-saldana"),
        ("J.J. Abrams", "j-j-abrams"),
        ("李连杰", "李连杰"),
        ("50 Cent", "50-cent"),
        ("O'Brien", "o-brien"),
        ("???", ""),
    ],
)
def test_an_id_is_the_folded_name(name: str, expected: str) -> None:
    assert person_id(name) == expected


@pytest.mark.parametrize("name", ["Zoë Saldaña", "zoe saldana", "ZOE-SALDAÑA", "zoe saldana perego"])
def test_a_person_is_found_by_name_or_alias_however_it_is_spelt(database: Database, name: str) -> None:
    people = People(database)
    people.put(ZOE, OMAR)
    assert people.find(name) == [ZOE]


@pytest.mark.parametrize("name", ["zoe", "", "???", "zoesaldana"])
def test_half_a_name_finds_nobody(database: Database, name: str) -> None:
    people = People(database)
    people.put(ZOE, OMAR, Person(id="x", name="X", aliases=("!!",)))
    assert people.find(name) == []


def test_two_of_a_name_are_both_found(database: Database) -> None:
    people = People(database)
    twins = [Person(id=f"john-{number}", name="John", aliases=("Jack",)) for number in (1, 2)]
    people.put(*twins)
    assert people.find("john") == people.find("JACK") == twins


def test_a_new_name_takes_the_place_of_the_old(database: Database) -> None:
    people = People(database)
    people.put(ZOE)
    people.put(replace(ZOE, name="Zoe S.", aliases=()))
    assert people.find("Zoë Saldaña") == []
    assert people.find("zoe s") == [people.person("zoe-saldana")]


def test_nobody_is_named(database: Database) -> None:
    with pytest.raises(NotFound, match="nemo: is nobody here"):
        People(database).person("nemo")


def test_a_cast_stands_in_the_order_of_its_credits(database: Database) -> None:
    people = People(database)
    cast = (LUPIN, CastMember(person=ZOE), replace(LUPIN, character="Himself", aliases=()))
    people.set_cast("t1", cast)
    assert people.cast("t1") == cast
    assert people.cast("t2") == ()
    people.set_cast("t2", cast[1:2])
    assert people.titles("zoe-saldana") == {"t1", "t2"}
    assert people.titles("omar-sy") == {"t1"}
    people.set_cast("t1", ())
    assert people.cast("t1") == ()
    assert people.person("omar-sy") == OMAR


@pytest.mark.parametrize("name", ["omar sy", "ASSANE DIOP", "lupin", "paul sernine"])
def test_a_name_heard_in_a_title_stands_for_a_person(database: Database, name: str) -> None:
    people = People(database)
    people.set_cast("t1", [CastMember(person=ZOE), LUPIN])
    assert people.called("t1", name) == [LUPIN]
    assert people.called("t2", name) == people.called("t1", "?") == []


def test_the_names_of_a_cast_member_are_those_of_person_and_character() -> None:
    assert LUPIN.names == ("Omar Sy", "Assane Diop", "Lupin", "Paul Sernine")
    assert CastMember(person=ZOE, character="Zoë Saldaña").names == ("Zoë Saldaña", "Zoe Saldana-Perego")


def test_a_person_is_an_entity_of_records() -> None:
    assert OMAR.entity == "person:omar-sy"


def test_very_many_people_may_be_entered_at_once(database: Database) -> None:
    people = People(database)
    many = [Person(id=f"p-{number}", name=f"Person {number}") for number in range(40_000)]
    people.put(*many)
    people.put(*many)
    assert people.find("person 39999") == many[-1:]
