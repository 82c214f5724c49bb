"""What a declaration promises holds for whoever writes and reads through the library."""

from __future__ import annotations

import pytest

from client.libraries import FILM, SECOND
from watchdown.client import Library
from watchdown.where import StartsIn
from watchdown_schemas.geometry import box
from watchdown_schemas.time import frame_start

SHAPES = (
    "POINT (0.5 0.25)",
    "LINESTRING (0 0, 0.5 0.5, 1 0)",
    "MULTILINESTRING ((0 0, 0.5 1), (1 0, 0.25 0.25))",
    box(0.1, 0.2, 0.3, 0.4),
    "LINEARRING (0 0, 1 0, 0.5 1, 0 0)",
)


@pytest.mark.feature(1)
def test_a_box_that_is_written_without_its_time_range_is_refused_and_the_fields_are_named(
    library: Library,
) -> None:
    held = library.write("Detection", [{"label": "car", "geometry": box(0.1, 0.1, 0.2, 0.2)}], "heat")
    assert (held.state, held.written) == ("quarantined", 0)
    (row,) = library.quarantine.rows(held.run, "Detection")
    assert [(fault["field"], fault["rule"]) for fault in row["_faults"]] == [
        ("start_ns", "is missing"),
        ("end_ns", "is missing"),
    ]


@pytest.mark.feature(7)
def test_frame_100_of_a_film_is_found_by_its_seconds(library: Library) -> None:
    spans = [(frame_start(frame, FILM), frame_start(frame + 1, FILM)) for frame in range(98, 103)]
    rows = [
        {"start_ns": start, "end_ns": end, "label": str(98 + at)} for at, (start, end) in enumerate(spans)
    ]
    library.write("Label", rows, "heat")
    asked = StartsIn(start_ns=417 * SECOND // 100, end_ns=418 * SECOND // 100)
    assert [one.label for one in library.records("Label", where=asked)] == ["100"]  # type: ignore[attr-defined] # of its type
    assert library.span("heat", "f100")[0] == spans[2][0]


@pytest.mark.feature(8)
def test_shapes_of_every_kind_are_read_as_they_were_written(library: Library) -> None:
    rows = [
        {"start_ns": at, "end_ns": at + 1, "label": "shape", "geometry": shape, "frame_width": 1920}
        for at, shape in enumerate(SHAPES)
    ]
    library.write("Detection", rows, "heat")
    found = library.records("Detection")
    assert tuple(one.geometry for one in found) == SHAPES  # type: ignore[attr-defined] # of its type
    assert {one.frame_width for one in found} == {1920}  # type: ignore[attr-defined] # of its type
