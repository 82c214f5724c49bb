from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.geometry import (
    Kind,
    box,
    boxes,
    canonical,
    denormalise,
    inside_frame,
    intersects,
    kind,
    normalise,
    parse,
    valid,
)

LARGEST = 16384
IN_PIXELS: dict[Kind, str] = {
    "point": "POINT (960 1079)",
    "line": "LINESTRING (0 0, 640 360, 1919 17)",
    "multi-line": "MULTILINESTRING ((1 2, 3 4), (1000 7, 7 1000, 1.5 0.001))",
    "ring": "LINEARRING (10 10, 20 10, 20 20, 10 10)",
    "box": "POLYGON ((100 50, 300 50, 300 250, 100 250, 100 50))",
    "polygon": "POLYGON ((0 0, 1920 0, 1000.125 1080, 0 0))",
}
REFUSED = {
    "": "no WKT",
    "nothing": "NOTHING, which is not taken",
    "MULTIPOINT (0 0, 1 1)": "MULTIPOINT, which is not taken",
    "GEOMETRYCOLLECTION (POINT (0 0))": "GEOMETRYCOLLECTION, which is not taken",
    "CIRCULARSTRING (0 0, 1 1, 1 0)": "CIRCULARSTRING, which is not taken",
    "POINT EMPTY": "is empty",
    "POINT ()": "no WKT",
    "POINT (0.5)": "no WKT",
    "POINT (nan 0)": "no WKT",
    "POINT (0 inf)": "no WKT",
    "POINT (0 1e999)": "no proper shape",
    "POINT (0x1p-1 0)": "no WKT",
    "POINT Z (0 0 0)": "POINT Z, not of two dimensions",
    "POINT (0 0 0)": "more than two coordinates",
    "POINT (0 0 0 0)": "more than two coordinates",
    "POINT (0 0) and more": "no WKT",
    "POINT (0 0)\0": "no WKT",
    "POINT (\u0660 \u0660)": "no WKT",
    "LINESTRING (0 0)": "no WKT",
    "LINESTRING (0 0, 0 0)": "no proper shape",
    "MULTILINESTRING ((0 0, 1 1), ())": "no WKT",
    "LINEARRING (0 0, 1 0, 1 1)": "no WKT",
    "LINEARRING (0 0, 1 1, 0 1, 1 0, 0 0)": "no proper shape",
    "POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))": "no proper shape",
    "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0), (0.2 0.2, 0.4 0.2, 0.4 0.4, 0.2 0.2))": "has holes",
}

thousandths = st.integers(0, LARGEST * 1000).map(lambda number: number / 1000)
pixels = st.one_of(st.integers(0, LARGEST).map(float), thousandths)
sizes = st.integers(1, LARGEST)
anywhere = st.floats(-1e6, 1e6)
words = st.text("POINTLESRGYZMU (),.0123456789eE+-naif\n", max_size=40)


def column(*texts: str | None) -> pa.Array:
    return pa.array(texts, pa.string())


@st.composite
def geometries(draw: st.DrawFn, numbers: st.SearchStrategy[float] = anywhere) -> str:
    """A text of any of the kinds, sound or not."""
    name = draw(st.sampled_from(["POINT", "LINESTRING", "LINEARRING", "MULTILINESTRING", "POLYGON"]))
    count = 1 if name == "POINT" else draw(st.integers(2, 6))
    points = [f"{draw(numbers)!r} {draw(numbers)!r}" for _ in range(count)]
    if name in {"LINEARRING", "POLYGON"}:
        points.append(points[0])
    inner = ", ".join(points)
    return f"{name} (({inner}))" if name in {"MULTILINESTRING", "POLYGON"} else f"{name} ({inner})"


def is_taken(wkt: str) -> bool:
    try:
        parse(wkt)
    except RecordInvalid:
        return False
    return True


@pytest.mark.feature(8)
@pytest.mark.parametrize(("expected", "wkt"), IN_PIXELS.items(), ids=IN_PIXELS)
def test_a_geometry_comes_back_byte_for_byte(expected: Kind, wkt: str) -> None:
    stored = normalise(wkt, 1920, 1080)
    assert kind(wkt) == kind(stored) == expected
    assert denormalise(stored, 1920, 1080) == wkt
    assert canonical(stored) == stored
    assert inside_frame(column(stored)).all()


@given(pixels, pixels, sizes, sizes)
def test_pixels_survive_the_way_to_fractions_and_back(x: float, y: float, width: int, height: int) -> None:
    wkt = shapely.to_wkt(shapely.Point(x, y), rounding_precision=17)
    assert denormalise(normalise(wkt, width, height), width, height) == wkt


@given(sizes, st.data())
def test_every_pixel_edge_of_a_frame_lies_inside_it_and_apart_from_the_next(
    width: int, data: st.DataObject
) -> None:
    edge = data.draw(st.integers(0, width - 1))
    first, following = (float(normalise(f"POINT ({x} 0)", width, 1)[7:-3]) for x in (edge, edge + 1))
    assert 0 <= first < following <= 1


@given(geometries().filter(is_taken))
def test_what_was_written_once_is_written_alike_for_ever(wkt: str) -> None:
    try:
        once = canonical(wkt)
    except RecordInvalid:
        return  # its points fall into one
    assert canonical(once) == once
    assert np.allclose(
        shapely.get_coordinates(parse(once)), shapely.get_coordinates(parse(wkt)), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize(
    "wkt", ["point(.5 0.50)", " POINT\n(5e-1 0.5) ", "Point (0.5000000001 0.4999999999)"]
)
def test_spellings_of_one_geometry_become_one_text(wkt: str) -> None:
    assert canonical(wkt) == "POINT (0.5 0.5)"
    assert valid(column(wkt)).all()


@pytest.mark.parametrize(
    ("wkt", "expected"),
    [
        ("POLYGON ((1 1, 1 0, 0 0, 0 1, 1 1))", "box"),
        ("POLYGON ((1 1, 0 1, 0 0, 1 0, 1 1))", "box"),
        ("POLYGON ((0.5 0, 1 0.5, 0.5 1, 0 0.5, 0.5 0))", "polygon"),
        ("POLYGON ((0 0, 1 0, 1 1, 0 0))", "polygon"),
    ],
)
def test_an_upright_rectangle_is_a_box_wherever_it_begins(wkt: str, expected: Kind) -> None:
    assert kind(wkt) == expected


@pytest.mark.parametrize(("wkt", "cause"), REFUSED.items())
def test_a_geometry_that_is_not_taken_is_refused_by_name(wkt: str, cause: str) -> None:
    with pytest.raises(RecordInvalid, match=cause):
        parse(wkt)
    assert not valid(column(wkt)).any()
    assert not inside_frame(column(wkt)).any()


@given(st.lists(st.one_of(st.none(), words, st.text(), geometries()), max_size=20))
def test_a_column_is_judged_as_its_texts_are_one_by_one(texts: list[str | None]) -> None:
    texts = [text if text is None else text.encode("utf-8", "replace").decode() for text in texts]
    one_by_one = [text is None or is_taken(text) for text in texts]
    assert valid(column(*texts)).tolist() == one_by_one
    halves = pa.chunked_array([column(*texts[:7]), column(*texts[7:])])
    assert valid(halves).tolist() == one_by_one
    assert inside_frame(halves).tolist() == inside_frame(column(*texts)).tolist()


def test_a_column_of_nulls_and_an_empty_one_are_sound() -> None:
    for nothing in (column(None, None), pa.nulls(2), column()):
        assert valid(nothing).all()
        assert inside_frame(nothing).all()
        assert not intersects(nothing, "POINT (0 0)").any()


def test_bytes_that_are_no_text_make_a_row_broken_and_not_the_column() -> None:
    damaged = pa.array([b"POINT (1 1)", b"POINT (1 \xff)", b"\xff"], pa.binary()).view(pa.string())
    assert valid(damaged).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("wkt", "inside"),
    [
        ("POINT (0 0)", True),
        ("POINT (1 1)", True),
        ("POINT (1.000000001 1)", False),
        ("POINT (0 -0.000000001)", False),
        ("LINESTRING (0.5 0.5, 0.5 1.5)", False),
        ("LINESTRING (0 0, 1 1)", True),
    ],
)
def test_a_geometry_lies_inside_the_frame_or_not(wkt: str, inside: bool) -> None:  # noqa: FBT001 - a table's column
    assert inside_frame(column(wkt)).tolist() == [inside]


@given(st.lists(st.one_of(st.none(), geometries(st.integers(0, 8).map(float)))), geometries(st.floats(0, 8)))
def test_geometries_that_meet_are_those_that_shapely_finds_one_by_one(
    texts: list[str | None], asked: str
) -> None:
    if not is_taken(asked):
        with pytest.raises(RecordInvalid):
            intersects(column(*texts), asked)
        return
    expected = [
        text is not None and is_taken(text) and bool(shapely.intersects(parse(text), parse(asked)))
        for text in texts
    ]
    assert intersects(column(*texts), asked).tolist() == expected


def test_boxes_in_a_column_are_those_made_one_by_one() -> None:
    dice = np.random.default_rng(7)
    corners = dice.random((50, 4)) * [0.5, 0.5, 0.5, 0.5] + [0, 0, 0.5, 0.5]
    texts = boxes(corners)
    assert texts.tolist() == [box(*corner) for corner in corners.tolist()]
    assert {kind(text) for text in texts} == {"box"}
    assert np.allclose(shapely.bounds(shapely.from_wkt(texts)), corners, rtol=0, atol=1e-9)
    assert boxes([]).tolist() == []


def test_a_box_is_written_from_its_top_left_corner() -> None:
    assert box(0.1, 0.2, 1 / 3, 1) == "POLYGON ((0.1 0.2, 0.333333333 0.2, 0.333333333 1, 0.1 1, 0.1 0.2))"


@pytest.mark.parametrize(
    "corners",
    [
        (0.5, 0.1, 0.4, 0.9),
        (0.1, 0.9, 0.4, 0.1),
        (0.1, 0.1, 0.1, 0.9),
        (0.1, 0.1, 0.1 + 1e-12, 0.9),
        (0.1, 0.1, float("nan"), 0.9),
        (0.1, 0.1, float("inf"), 0.9),
        (0.1, 0.1, 1e300, 0.9),
    ],
)
def test_corners_that_make_no_box_are_refused_alone_and_leave_their_column_standing(
    corners: tuple[float, float, float, float],
) -> None:
    with pytest.raises(RecordInvalid, match="no box"):
        box(*corners)
    texts = boxes([corners, (0, 0, 1, 1)])
    assert valid(column(*texts)).tolist() == [False, True]


@pytest.mark.parametrize(("width", "height"), [(0, 1080), (1920, 0), (-1, 1)])
def test_a_frame_without_pixels_is_refused(width: int, height: int) -> None:
    for scale in (normalise, denormalise):
        with pytest.raises(RecordInvalid, match="no size of a frame"):
            scale("POINT (1 1)", width, height)


@pytest.mark.parametrize("wkt", ["POINT (1e308 0)", "LINESTRING (1 1, 1.000001 1)"])
def test_what_does_not_survive_scaling_is_refused(wkt: str) -> None:
    with pytest.raises(RecordInvalid, match="no proper shape"):
        normalise(wkt, LARGEST, LARGEST) if wkt.startswith("LINE") else denormalise(wkt, LARGEST, LARGEST)


def test_an_error_shows_only_the_beginning_of_a_long_text() -> None:
    with pytest.raises(RecordInvalid) as error:
        parse("POINT (" + "1" * 10_000_000)
    assert len(str(error.value)) < 300
    assert not valid(column("POINT (" + "1" * 10_000_000)).any()
