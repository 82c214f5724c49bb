from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import pytest

from watchdown_schemas.errors import RecordInvalid, SchemaIncompatible
from watchdown_schemas.record import Record, TemporalSpatial, Upgrade
from watchdown_schemas.roles import Keyword
from watchdown_schemas.types import Shot
from watchdown_schemas.upgrade import upgraded, version_of


def split(row: Mapping[str, Any]) -> Mapping[str, Any]:
    first, _, last = str(row["name"]).partition(" ")
    return {"first": first, "last": last or None}


def shout(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"last": row["last"].upper() if row["last"] else None}


class Person(TemporalSpatial):
    schema_version: ClassVar[int] = 4
    upgrades: ClassVar[Mapping[int, Upgrade]] = {1: split, 3: shout}

    first: Annotated[str, Keyword()] = ""
    last: Annotated[str | None, Keyword()] = "nobody"
    tags: tuple[str, ...] = ("new",)


def test_steps_are_chained_and_see_fields_that_are_gone_since() -> None:
    row = upgraded({"id": "r", "type": "Person.1", "start_ns": 5, "name": "Ada Byron"}, Person)
    assert (row["first"], row["last"], row["start_ns"], row["type"]) == ("Ada", "BYRON", 5, "Person.4")
    assert "name" not in row
    assert row["tags"] == ("new",)
    assert Person(**row).first == "Ada"


def test_a_step_is_made_once_and_only_by_older_rows() -> None:
    row = {"id": "r", "type": "Person.4", "start_ns": 5, "first": "Ada", "last": "Byron"}
    assert upgraded(row, Person)["last"] == "Byron"
    assert upgraded({**row, "type": "Person.3"}, Person)["last"] == "BYRON"
    assert upgraded(upgraded({**row, "type": "Person.3"}, Person), Person)["last"] == "BYRON"


def test_what_a_row_lacks_takes_its_default_and_what_is_empty_stays_empty() -> None:
    stored = {"type": "Person.4", "first": None, "last": None, "tags": None}
    row = upgraded(stored, Person)
    assert (row["first"], row["last"], row["tags"]) == ("", None, ("new",))
    assert upgraded({"type": "Person.4"}, Person)["last"] == "nobody"


def test_a_row_does_not_share_what_its_type_says() -> None:
    row = upgraded({"start_ns": 1, "end_ns": 2, "number": 0}, Shot)
    row["attributes"]["seen"] = "yes"
    assert upgraded({"start_ns": 1, "end_ns": 2, "number": 0}, Shot)["attributes"] == {}


@pytest.mark.parametrize("label", [None, ""])
def test_a_row_without_a_label_is_of_the_first_version(label: str | None) -> None:
    assert version_of({"type": label}, Shot) == 1
    assert version_of({}, Shot) == 1


@pytest.mark.parametrize("label", ["Label.1", "Shot", "Shot.", "Shot.x", "Shot.²", 3])
def test_a_row_of_another_type_is_refused(label: object) -> None:
    with pytest.raises(RecordInvalid, match=r"r7: has the type .* where Shot is read"):
        upgraded({"id": "r7", "type": label}, Shot)


def test_a_row_of_a_later_version_is_refused() -> None:
    with pytest.raises(SchemaIncompatible, match=r"Shot\.3: is later than Shot\.2, the newest version known"):
        upgraded({"type": "Shot.3"}, Shot)


def test_a_step_that_fails_is_named_with_the_record() -> None:
    with pytest.raises(
        RecordInvalid, match=r"r9: cannot be upgraded from Person\.1 \(KeyError: 'name'\)"
    ) as raised:
        upgraded({"id": "r9", "type": "Person.1"}, Person)
    assert raised.value.remedy == "Mend the step upgrades[1] of Person.4"


def test_an_upgraded_row_has_the_fields_of_the_newest_version_and_no_other() -> None:
    schemas: list[type[Record]] = [Person, Shot]
    for schema in schemas:
        row = {
            "type": schema.schema_label(),
            "start_ns": 1,
            "end_ns": 2,
            "number": 1,
            "stray": 1,
            "first": "A",
        }
        assert set(upgraded(row, schema)) == set(schema.model_fields)
