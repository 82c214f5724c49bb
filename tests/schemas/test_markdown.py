from __future__ import annotations

import re

from hypothesis import given

from declarations import declarations
from watchdown_schemas.declaration import Declaration
from watchdown_schemas.declaring import declare
from watchdown_schemas.derived.markdown import reference_page, type_section
from watchdown_schemas.record import BASE_TYPES
from watchdown_schemas.registry import Registry
from watchdown_schemas.sources import standard
from watchdown_schemas.types import STANDARD_TYPES, Note

REGISTRY = Registry(standard())
PAGE = reference_page([REGISTRY.versions(name) for name in REGISTRY])


def test_the_page_has_every_base_type_and_every_type_with_its_card() -> None:
    assert re.findall(r"^## (\w+)$", PAGE, re.MULTILINE) == [*BASE_TYPES, *sorted(STANDARD_TYPES)]
    assert all(declare(schema).doc in PAGE for schema in STANDARD_TYPES.values())


def test_a_type_tells_its_fields_key_example_and_what_changed() -> None:
    section = type_section(REGISTRY.versions("Keyframe"))
    assert "`Keyframe.2` inherits [TemporalSpatial](#temporalspatial) and [AlgorithmOutput]" in section
    assert "told apart by `start_ns`" in section
    assert "| `thumbnail` | string (blob) | yes | Key of the frame as a small picture. |" in section
    assert "- `Keyframe.1`: the first that is known here.\n" in section
    assert "- `Keyframe.2`: field type (string keyword stamped) was added; field entities" in section
    assert '"thumbnail": "4f2a7c' in section


def test_a_closed_set_and_a_default_are_shown() -> None:
    section = type_section([declare(Note)])
    assert "| `colour` | one of `red`, `pink`, " in section
    assert "or none (keyword) |  | Colour of the mark" in section
    assert "| `revision` | integer | `0` |" in section


def test_every_link_leads_to_a_heading() -> None:
    headings = {heading.lower() for heading in re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", PAGE)) <= headings


@given(declarations())
def test_any_type_makes_tables_of_four_columns(declaration: Declaration) -> None:
    rows = [line for line in type_section([declaration]).splitlines() if line.startswith("|")]
    assert all(len(re.split(r"(?<!\\)\|", row)) == 6 for row in rows)
