"""Space: WKT geometries in fractions of the frame, one by one and as Arrow columns.

Taken are POINT, LINESTRING, MULTILINESTRING, LINEARRING (an outline) and POLYGON without holes; a POLYGON
that is an upright rectangle is a box. x runs right and y down, from (0, 0) at the top left to (1, 1).
Text is written with nine decimals at most, so that a thousandth of a pixel survives the way to fractions
and back in every frame up to 16384 pixels, and what was written once is always written alike.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from watchdown_schemas.errors import RecordInvalid

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    Bools: TypeAlias = NDArray[np.bool_]

Kind: TypeAlias = Literal["point", "line", "multi-line", "ring", "box", "polygon"]
KINDS: Final[dict[str, Kind]] = {
    "POINT": "point",
    "LINESTRING": "line",
    "MULTILINESTRING": "multi-line",
    "LINEARRING": "ring",
    "POLYGON": "polygon",
}

_FRACTION_DECIMALS: Final = 9
_PIXEL_DECIMALS: Final = 3
_SHORTEST: Final = 17  # digits that any float can be told by
_NO_BOX: Final = "BOX"
_SHOWN: Final = 80
_REMEDY: Final = f"Give {', '.join([*KINDS][:-1])} or POLYGON in two dimensions, such as POINT (0.5 0.25)"
# No letters beside the name and the exponents: NaN, EMPTY, Z and hexadecimal numbers stay out.
_WRITTEN: Final = rf"[ \t\r\n]*(?:{'|'.join(KINDS)})[ \t\r\n]*\([-+.,()0-9eE \t\r\n]*\)[ \t\r\n]*"
_NAME: Final = re.compile(r"\s*([a-z]+)(\s+(?:z|m|zm|empty)\b)?", re.IGNORECASE | re.ASCII)


def parse(wkt: str) -> Any:
    """Return the shapely geometry of a text; RecordInvalid when it is broken or of another kind."""
    import numpy as np
    import shapely

    if not re.fullmatch(_WRITTEN, wkt, re.IGNORECASE | re.ASCII):
        raise _refused(wkt, _misspelt(wkt))
    try:
        with np.errstate(over="ignore"):  # what is too large for a float is found below
            shape = shapely.from_wkt(wkt)
    except shapely.errors.GEOSException as error:
        raise _refused(wkt, f"is no WKT: {str(error).strip()}") from error
    return _checked(wkt, shape)


def kind(wkt: str) -> Kind:
    """Return what a geometry is; RecordInvalid as `parse`."""
    import shapely

    shape = parse(wkt)
    found = KINDS[shape.geom_type.upper()]
    upright = found == "polygon" and shapely.equals_identical(
        shapely.normalize(shape), shapely.normalize(shapely.envelope(shape))
    )
    return "box" if upright else found


def canonical(wkt: str) -> str:
    """Return the one way to write a geometry in fractions; RecordInvalid as `parse`."""
    return _scaled(wkt, 1, 1, _FRACTION_DECIMALS)


def normalise(wkt: str, width: int, height: int) -> str:
    """Return a geometry in pixels of a source frame of that size as fractions of the frame.

    What lies outside the frame stays there, for validation to refuse.

    Raises:
        RecordInvalid: as `parse`, for a frame without pixels, and where the points fall into one.
    """
    _check_size(width, height)
    return _scaled(wkt, 1 / width, 1 / height, _FRACTION_DECIMALS)


def denormalise(wkt: str, width: int, height: int) -> str:
    """Return a geometry in fractions as pixels of a frame of that size, to a thousandth of a pixel.

    Raises:
        RecordInvalid: as `normalise`.
    """
    _check_size(width, height)
    return _scaled(wkt, width, height, _PIXEL_DECIMALS)


def box(x0: float, y0: float, x1: float, y1: float) -> str:
    """Return the box between two corners given in fractions; RecordInvalid unless x0 < x1 and y0 < y1."""
    wkt: str = boxes([[x0, y0, x1, y1]])[0]
    if wkt.startswith(_NO_BOX):
        raise _refused(wkt, "is no box: its second corner is not below and right of its first")
    return wkt


def boxes(corners: ArrayLike) -> NDArray[np.object_]:
    """Return boxes of float[n, 4] (x0, y0, x1, y1 in fractions) as texts [n].

    Corners that make no box come out as `BOX (x0 y0, x1 y1)`, which validation refuses row by row.
    """
    import numpy as np
    import shapely

    given = np.asarray(corners, np.float64).reshape(-1, 4)
    rounded = _rounded(given, 1, _FRACTION_DECIMALS)
    good = np.isfinite(rounded).all(axis=1) & (rounded[:, :2] < rounded[:, 2:]).all(axis=1)
    texts: NDArray[np.object_] = np.empty(len(given), dtype=object)
    outlines = rounded[good][:, [[0, 1], [2, 1], [2, 3], [0, 3], [0, 1]]]
    texts[good] = shapely.to_wkt(shapely.polygons(outlines), rounding_precision=_SHORTEST)
    texts[~good] = [f"{_NO_BOX} ({x0} {y0}, {x1} {y1})" for x0, y0, x1, y1 in given[~good].tolist()]
    return texts


def valid(column: pa.Array | pa.ChunkedArray) -> Bools:
    """Return which texts [n] are geometries that `parse` takes; nulls are."""
    import shapely

    sound: Bools = shapely.is_geometry(_shapes(column))
    return _nulls(column) | sound


def inside_frame(column: pa.Array | pa.ChunkedArray) -> Bools:
    """Return which geometries [n] lie within the frame; nulls do, broken ones do not."""
    import numpy as np
    import shapely

    bounds = shapely.bounds(_shapes(column))  # NaN, where there is no geometry, compares false
    inside: Bools = np.all((bounds >= 0) & (bounds <= 1), axis=1)
    return _nulls(column) | inside


def intersects(column: pa.Array | pa.ChunkedArray, wkt: str) -> Bools:
    """Return which geometries [n] have a point in common with another; nulls and broken ones have none.

    Raises:
        RecordInvalid: as `parse`, for `wkt`.
    """
    import shapely

    other, shapes = parse(wkt), _shapes(column)
    shapely.prepare(other)
    common: Bools = shapely.intersects(other, shapes)
    return common


def _shapes(column: pa.Array | pa.ChunkedArray) -> NDArray[np.object_]:
    """Return shapely geometries [n], None where there is no text or one that `parse` does not take."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import shapely

    shapes: NDArray[np.object_] = np.full(len(column), None, dtype=object)
    if column.null_count == len(column):
        return shapes
    # Only these are decoded, so bytes that are no UTF-8 do no harm.
    written = pc.fill_null(pc.match_substring_regex(column, f"(?i)^{_WRITTEN}$"), False)  # noqa: FBT003 - pyarrow's
    texts = pc.filter(column, written).cast(pa.string()).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        read = shapely.from_wkt(texts, on_invalid="ignore")
    flat = ~shapely.has_z(read) & (shapely.get_num_interior_rings(read) == 0)
    read[~(shapely.is_valid(read) & flat)] = None
    shapes[written.to_numpy(zero_copy_only=False)] = read
    return shapes


def _nulls(column: pa.Array | pa.ChunkedArray) -> Bools:
    nulls: Bools = column.is_null().to_numpy(zero_copy_only=False)
    return nulls


def _scaled(wkt: str, across: float, down: float, decimals: int) -> str:
    """Return a geometry with its coordinates multiplied and rounded."""
    import shapely

    shape = shapely.transform(parse(wkt), lambda points: _rounded(points, (across, down), decimals))
    return str(shapely.to_wkt(_checked(wkt, shape), rounding_precision=_SHORTEST))


def _rounded(numbers: NDArray[np.float64], scale: ArrayLike, decimals: int) -> NDArray[np.float64]:
    """Return numbers scaled and rounded; those too large for it become infinite."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        rounded: NDArray[np.float64] = np.round(numbers * np.asarray(scale), decimals)
    return rounded


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise RecordInvalid(
            f"{width} x {height}", "is no size of a frame", "Give the source's width and height in pixels"
        )


def _checked(wkt: str, shape: Any) -> Any:
    import shapely

    if shape.has_z:
        raise _refused(wkt, "has more than two coordinates to a point")
    if shapely.get_num_interior_rings(shape):
        raise _refused(wkt, "has holes")
    if not shape.is_valid:
        raise _refused(wkt, f"is no proper shape ({shapely.is_valid_reason(shape)})")
    return shape


def _misspelt(wkt: str) -> str:
    """Return what is wrong with a text that does not even look like a geometry we take."""
    named = _NAME.match(wkt)
    if named is None:
        return "is no WKT"
    name, suffix = named[1].upper(), (named[2] or "").strip().upper()
    if suffix:
        return "is empty" if suffix == "EMPTY" else f"is {name} {suffix}, not of two dimensions"
    return "is no WKT" if name in KINDS else f"is {name}, which is not taken"


def _refused(wkt: str, cause: str) -> RecordInvalid:
    shown = wkt if len(wkt) <= _SHOWN else wkt[:_SHOWN] + "…"
    return RecordInvalid(shown or "an empty text", cause, _REMEDY)
