"""Whatever a good file says: taken twice it changes nothing more, and what it replaced puts all back."""

import json
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from catalogue.conftest import Import
from catalogue.test_imports import state
from watchdown.catalogue.database import Database
from watchdown.catalogue.imports import Change, ImportInvalid, replaced

NAMES = st.sampled_from(["Zoë", "zoe", "Omar Sy", "OMAR SY", "O.", "李连杰"])
ALIASES = st.lists(st.sampled_from(["Zo", "Émile", "O.", "zoe", "Omar SY"]), max_size=2)
ROLES = st.fixed_dictionaries(
    {"person": NAMES, "character": st.sampled_from([None, "", "A", "B"])},
    optional={"aliases": ALIASES, "person_aliases": ALIASES},
)
CASTS = st.lists(
    ROLES, max_size=3, unique_by=lambda role: (role["person"][0].lower(), role["character"] or None)
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "season": st.none() | st.integers(-3, 3) | st.floats(-3, 3),
        "genre": st.none() | st.lists(st.sampled_from(["Drama", "Crime", "Comedy"])),
        "live": st.none() | st.booleans(),
        "synopsis": st.none() | st.text(st.characters(exclude_categories=["C", "Z"]), max_size=5),
    },
)
TITLE: dict[str, st.SearchStrategy[Any]] = {
    "metadata": METADATA,
    "cast": st.none() | CASTS,
    "rights": st.none() | st.lists(st.sampled_from(["editors", "legal"])),
}
FILES = st.lists(
    st.fixed_dictionaries({"title": st.sampled_from(["t1", "Meadow", "Café"])}, optional=TITLE),
    max_size=3,
    unique_by=lambda one: one["title"],
)


@given(st.lists(FILES, max_size=2), FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_holds_once_taken_and_can_be_put_back(
    database: Database, imported: Import, before: list[Any], file: Any
) -> None:
    for one in before:
        taken(imported, one)
    was = state(database)
    changes = taken(imported, file)
    assert imported("file.json", json.dumps(file)) == []
    imported("back.json", json.dumps(replaced(changes)))
    assert state(database) == was


def taken(imported: Import, file: Any) -> list[Change]:
    """Import a file; one in which a name stands for two people is no example."""
    try:
        return imported("file.json", json.dumps(file))
    except ImportInvalid:
        reject()
