"""Declarations of schema types, stored with the library."""

import pytest

from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.settings import Address
from watchdown_schemas.errors import SchemaConflict


def test_declarations_come_back_by_name_and_version(database: Database) -> None:
    types = StoredTypes(database)
    for name, version in (("Weather", 10), ("Weather", 2), ("Prop", 1)):
        types.add(name, version, {"name": name, "version": version, "fields": [{"type": "text"}]})
    assert [(one["name"], one["version"]) for one in types.declarations()] == [
        ("Prop", 1),
        ("Weather", 2),
        ("Weather", 10),
    ]


def test_the_same_declaration_twice_is_one(database: Database) -> None:
    types = StoredTypes(database)
    for _ in range(2):
        types.add("Prop", 1, {"name": "Prop"})
    assert types.declarations() == [{"name": "Prop"}]
    assert types.changes() == 1


def test_another_declaration_of_a_version_is_refused_and_the_first_kept(database: Database) -> None:
    types = StoredTypes(database)
    types.add("Prop", 1, {"name": "Prop"})
    with pytest.raises(SchemaConflict, match=r"Prop\.1: is declared otherwise .* version 2"):
        types.add("Prop", 1, {"name": "Prop", "key": "x"})
    assert types.declarations() == [{"name": "Prop"}]


def test_what_another_process_adds_changes_the_number(database: Database, address: Address) -> None:
    types, other = StoredTypes(database), open_database(address)
    before = types.changes()
    StoredTypes(other).add("Prop", 1, {})
    other.close()
    assert types.changes() != before
