"""Typed values of titles, and who may see them."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchdown.catalogue.database import Database
from watchdown.catalogue.metadata import Metadata, Value
from watchdown.catalogue.rights import Rights

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))  # PostgreSQL takes no NUL
VALUES: st.SearchStrategy[Value] = (
    TEXTS | NUMBERS | st.booleans() | st.lists(TEXTS, min_size=1).map(tuple)  # type: ignore[assignment] # map loses the union
)


@given(st.dictionaries(TEXTS, VALUES))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_value_comes_back_as_it_was_set(database: Database, values: dict[str, Value]) -> None:
    metadata = Metadata(database)
    metadata.set("t1", dict.fromkeys(metadata.of("t1")))
    metadata.set("t1", values)
    assert metadata.of("t1") == values
    assert {name: type(value) for name, value in metadata.of("t1").items()} == {
        name: type(value) for name, value in values.items()
    }


def test_values_are_replaced_by_name_and_none_removes(database: Database) -> None:
    metadata = Metadata(database)
    metadata.set("t1", {"season": 1, "genre": ("Drama",), "live": False})
    metadata.set("t1", {"season": 2, "genre": None, "other": None})
    assert metadata.of("t1") == {"live": False, "season": 2}
    assert metadata.of("t2") == {}


@pytest.mark.parametrize(
    ("name", "conditions", "found"),
    [
        ("genre", {}, {"t1", "t2"}),
        ("nothing", {}, set()),
        ("genre", {"equals": "Crime"}, {"t1"}),
        ("genre", {"any_of": ["Crime", "Comedy", "Western"]}, {"t1", "t2"}),
        ("genre", {"any_of": []}, set()),
        ("genre", {"equals": "crime"}, set()),
        ("season", {"equals": 1}, {"t1"}),
        ("season", {"equals": 1.0}, {"t1"}),
        ("season", {"equals": "1"}, {"t3"}),
        ("season", {"equals": True}, {"t4"}),
        ("season", {"any_of": [2, "1"]}, {"t2", "t3"}),
        ("season", {"at_least": 2}, {"t2"}),
        ("season", {"at_most": 2}, {"t1", "t2"}),
        ("season", {"at_least": 1, "at_most": 1.5}, {"t1"}),
        ("season", {"at_least": 0, "equals": 2}, {"t2"}),
        ("genre", {"at_least": 0}, set()),
    ],
)
def test_titles_are_found_by_their_values(
    database: Database, name: str, conditions: dict[str, Any], found: set[str]
) -> None:
    metadata = Metadata(database)
    metadata.set("t1", {"genre": ("Drama", "Crime"), "season": 1})
    metadata.set("t2", {"genre": ("Comedy",), "season": 2})
    metadata.set("t3", {"season": "1"})
    metadata.set("t4", {"season": True})
    assert metadata.titles(name, **conditions) == found


def test_a_title_without_groups_may_be_seen_by_everyone(database: Database) -> None:
    rights = Rights(database)
    rights.set("t1", ["editors", "legal", "editors"])
    rights.set("t2", ["editors"])
    free = {"t3", "t4", "t5"}
    assert rights.of("t1") == {"editors", "legal"}
    assert rights.of("t3") == frozenset()
    assert rights.visible([]) == rights.visible(["Editors"]) == free
    assert rights.visible(["legal"]) == free | {"t1"}
    assert rights.visible(["legal", "editors"]) == free | {"t1", "t2"}
    rights.set("t1", [])
    assert rights.visible([]) == free | {"t1"}
