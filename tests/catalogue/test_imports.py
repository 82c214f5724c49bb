"""Files that say what titles are known by: taken as they are meant, and taken twice without a change."""

import json

import pytest

from catalogue.conftest import Import
from watchdown.catalogue.database import Database
from watchdown.catalogue.imports import replaced
from watchdown.catalogue.metadata import Metadata
from watchdown.catalogue.model import CastMember, Person
from watchdown.catalogue.people import People
from watchdown.catalogue.rights import Rights

METADATA = """title,Release Year:number,genre:list,live:boolean,country
Harbour,1994,Drama|Crime,no,"Spain, France"
t2,7.5,Comedy,TRUE,
"""
CASTS = """title,person,character,aliases,person_aliases
Harbour,Omar Sy,Assane Diop,Lupin|Paul Sernine,
Meadow,Zoë Saldaña,,,Zoe S.
Harbour,Zoe Saldana,Captain,,
"""
RIGHTS = "title,group\nHarbour,editors\nHarbour,legal\nMeadow,legal\n"
ZOE = Person(id="zoe-saldana", name="Zoë Saldaña", aliases=("Zoe S.",))
OMAR = Person(id="omar-sy", name="Omar Sy")
NESTED = [
    {
        "title": "Harbour",
        "metadata": {"Release Year": 1994, "genre": ["Drama", "Crime"], "live": False},
        "cast": [{"person": "Omar Sy", "character": "Assane Diop", "aliases": ["Lupin"]}],
        "rights": ["editors"],
    },
    {"title": "Meadow", "metadata": {"genre": ["Comedy"]}, "rights": []},
]


def state(database: Database) -> object:
    """Return all that titles are known by."""
    metadata, people, rights = Metadata(database), People(database), Rights(database)
    return [(metadata.of(key), people.cast(key), rights.of(key)) for key in ("t1", "t2", "t3", "t4", "t5")]


def test_the_heading_gives_each_column_its_kind(database: Database, imported: Import) -> None:
    imported("films.csv", METADATA)
    assert Metadata(database).of("t1") == {
        "country": "Spain, France",
        "genre": ("Drama", "Crime"),
        "live": False,
        "release_year": 1994,
    }
    assert Metadata(database).of("t2") == {"genre": ("Comedy",), "live": True, "release_year": 7.5}


def test_a_cast_list_introduces_people_and_knows_them_again(database: Database, imported: Import) -> None:
    imported("cast.csv", CASTS)
    assert People(database).cast("t1") == (
        CastMember(person=OMAR, character="Assane Diop", aliases=("Lupin", "Paul Sernine")),
        CastMember(person=ZOE, character="Captain"),
    )
    assert People(database).cast("t2") == (CastMember(person=ZOE),)


def test_a_list_of_rights_says_who_may_see_a_title(database: Database, imported: Import) -> None:
    imported("rights.csv", RIGHTS)
    assert Rights(database).of("t1") == {"editors", "legal"}
    assert Rights(database).visible(["editors"]) == {"t1", "t3", "t4", "t5"}


@pytest.mark.parametrize("name", ["all.json", "all.jsonl"])
def test_json_says_all_of_a_title_at_once(database: Database, imported: Import, name: str) -> None:
    lines = name.endswith("l")
    imported(name, "\n".join(map(json.dumps, NESTED)) if lines else json.dumps(NESTED))
    assert Metadata(database).of("t1") == {"genre": ("Drama", "Crime"), "live": False, "release_year": 1994}
    assert People(database).cast("t1") == (
        CastMember(person=OMAR, character="Assane Diop", aliases=("Lupin",)),
    )
    assert Rights(database).of("t1") == {"editors"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("films.csv", METADATA),
        ("cast.csv", CASTS),
        ("rights.csv", RIGHTS),
        ("all.json", json.dumps(NESTED)),
        ("people.json", json.dumps({"people": [{"id": "x", "name": "X", "aliases": ["Y"]}]})),
        ("alias.csv", "title,person,person_aliases\nHarbour,Snoop Dogg,\nMeadow,Calvin,Snoop Dogg\n"),
    ],
)
def test_the_same_file_twice_changes_nothing(imported: Import, name: str, content: str) -> None:
    assert imported(name, content) != []
    assert imported(name, content) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("films.csv", METADATA.replace("1994", "1995").replace("Comedy", "")),
        ("cast.csv", "title,person,person_id,person_aliases\nHarbour,Omar S.,omar-sy,Omar\nMeadow,,,\n"),
        ("rights.csv", "title,group\nHarbour,\nMeadow,editors\nTwin\u200b,x\n".replace("Twin\u200b", "t4")),
    ],
)
def test_what_was_replaced_can_be_put_back(
    database: Database, imported: Import, name: str, content: str
) -> None:
    for first in (("films.csv", METADATA), ("cast.csv", CASTS), ("rights.csv", RIGHTS)):
        imported(*first)
    before = state(database)
    changes = imported(name, content)
    assert state(database) != before
    imported("back.json", json.dumps({"changes": "told", "replaced": replaced(changes)}))
    assert state(database) == before


def test_columns_that_a_file_lacks_are_kept_and_empty_cells_remove(
    database: Database, imported: Import
) -> None:
    imported("films.csv", METADATA)
    imported("films.csv", "title,live:boolean,season:number\nHarbour,,3\nMeadow,yes,\n")
    assert Metadata(database).of("t1") == {
        "country": "Spain, France",
        "genre": ("Drama", "Crime"),
        "release_year": 1994,
        "season": 3,
    }
    assert Metadata(database).of("t2") == {"genre": ("Comedy",), "live": True, "release_year": 7.5}


def test_a_row_without_names_removes_a_cast_and_opens_a_title(database: Database, imported: Import) -> None:
    imported("cast.csv", CASTS)
    imported("rights.csv", RIGHTS)
    imported("cast.csv", "title,person,character\nHarbour,,\n")
    imported("rights.csv", "title,group\nHarbour,\n")
    assert People(database).cast("t1") == ()
    assert Rights(database).of("t1") == frozenset()
    assert (len(People(database).cast("t2")), Rights(database).of("t2")) == (1, {"legal"})


def test_json_null_removes_and_a_missing_key_keeps(database: Database, imported: Import) -> None:
    imported("all.json", json.dumps(NESTED))
    imported("all.json", '[{"title": "t1", "metadata": {"genre": null, "live": ""}, "cast": null}]')
    assert Metadata(database).of("t1") == {"release_year": 1994}
    assert People(database).cast("t1") == ()
    assert Rights(database).of("t1") == {"editors"}


def test_a_cast_list_without_aliases_keeps_those_known(database: Database, imported: Import) -> None:
    imported("cast.csv", CASTS)
    imported("cast.csv", "title,person,character\nHarbour,omar sy,Assane Diop\n")
    (member,) = People(database).cast("t1")
    assert member.aliases == ("Lupin", "Paul Sernine")
    assert member.person == OMAR


def test_somebody_credited_by_an_alias_is_that_person(database: Database, imported: Import) -> None:
    imported("cast.csv", CASTS)
    imported("cast.csv", "title,person,person_aliases\nMeadow,ZOE S,Z.\n")
    (member,) = People(database).cast("t2")
    assert member.person == Person(id="zoe-saldana", name="Zoë Saldaña", aliases=("ZOE S", "Z."))


def test_an_id_tells_people_of_one_name_apart_and_renames(database: Database, imported: Import) -> None:
    imported("cast.csv", "title,person,person_id\nHarbour,John Smith,js1\nMeadow,John Smith,js2\n")
    assert [one.id for one in People(database).find("john smith")] == ["js1", "js2"]
    imported("cast.csv", "title,person,person_id\nHarbour,John B. Smith,js1\n")
    assert People(database).person("js1").name == "John B. Smith"


@pytest.mark.parametrize(
    "content",
    [
        METADATA.encode("utf-8-sig"),
        METADATA.replace(",", ";").replace('"Spain; France"', '"Spain, France"').encode(),
        METADATA.replace(",", "\t").replace('"Spain\t France"', '"Spain, France"').encode(),
        METADATA.replace("\n", "\r\n").encode(),
        METADATA.replace("\n", "\r").encode(),
        (METADATA + ",,,,\n\n").encode(),
        METADATA.replace("\n", ",\n").encode(),
        METADATA.replace("Harbour,1994", " Harbour , +1994 ").encode(),
    ],
    ids=["BOM", "semicolons", "tabs", "CRLF", "CR", "empty rows", "empty column", "spaces"],
)
def test_spreadsheets_of_all_makes_say_the_same(database: Database, imported: Import, content: bytes) -> None:
    imported("films.csv", METADATA)
    expected = state(database)
    assert imported("films.csv", content) == []
    assert state(database) == expected


def test_a_name_is_the_same_composed_and_decomposed(database: Database, imported: Import) -> None:
    imported("films.csv", "title,place\nCaf\u00e9,Bogota\u0301\n")
    assert Metadata(database).of("t3") == {"place": "Bogot\u00e1"}


def test_text_may_have_lines(database: Database, imported: Import) -> None:
    imported("films.csv", 'title,synopsis\nHarbour,"One.\r\n\tTwo."\nMeadow,x\n')
    assert Metadata(database).of("t1") == {"synopsis": "One.\n\tTwo."}
    assert Metadata(database).of("t2") == {"synopsis": "x"}


def test_a_value_may_change_its_kind_in_all_titles_at_once(database: Database, imported: Import) -> None:
    imported("films.csv", "title,season\nHarbour,1\nMeadow,2\n")
    imported("films.csv", "title,season:number\nHarbour,1\nMeadow,\n")
    assert Metadata(database).titles("season", equals=1) == {"t1"}
