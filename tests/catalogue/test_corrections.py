"""What people say of single records is kept, in order, and can be withdrawn."""

from typing import Any

import pytest

from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.database import Database
from watchdown_schemas.errors import NotFound

LABEL: dict[str, Any] = {
    "title": "t1",
    "algorithm": "brightness",
    "schema_type": "Label",
    "target": {"start_ns": 0, "label": "dark"},
    "changes": {"label": "bright"},
    "author": "ada",
}


def test_corrections_come_back_oldest_first(database: Database) -> None:
    corrections = Corrections(database)
    made = [corrections.add(**LABEL | {"author": author}) for author in ("ada", "bea", "cy")]
    assert corrections.of("t1", "brightness") == corrections.list("t1") == made
    assert [one.author for one in made] == ["ada", "bea", "cy"]
    assert made[0].target == LABEL["target"]
    assert made[0].made_at.endswith("+00:00")


def test_a_removal_has_no_changes(database: Database) -> None:
    corrections = Corrections(database)
    corrections.add(**LABEL | {"changes": None})
    corrections.add(**LABEL | {"changes": {}})
    assert [one.changes for one in corrections.list("t1")] == [None, {}]


def test_a_correction_is_of_one_title_and_algorithm(database: Database) -> None:
    corrections = Corrections(database)
    corrections.add(**LABEL)
    other = corrections.add(**LABEL | {"algorithm": "shots"})
    assert corrections.of("t1", "shots") == [other]
    assert corrections.of("t2", "brightness") == corrections.list("t2") == []


def test_a_withdrawn_correction_holds_no_more_and_stays_on_record(database: Database) -> None:
    corrections = Corrections(database)
    first, second = corrections.add(**LABEL), corrections.add(**LABEL)
    withdrawn = corrections.withdraw(first.id)
    assert withdrawn.withdrawn_at is not None
    assert corrections.withdraw(first.id) == withdrawn
    assert corrections.of("t1", "brightness") == [second]
    assert corrections.list("t1") == [withdrawn, second]


def test_an_unknown_correction_cannot_be_withdrawn(database: Database) -> None:
    with pytest.raises(NotFound, match="7: is no correction here"):
        Corrections(database).withdraw(7)
