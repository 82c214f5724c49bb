"""The colours of the drawn world, by name, and how they are shaded and mixed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias, cast

RGB: TypeAlias = tuple[int, int, int]

COLOURS: Final[dict[str, RGB]] = {
    "red": (215, 35, 35),
    "orange": (245, 135, 25),
    "yellow": (245, 215, 40),
    "green": (40, 160, 60),
    "blue": (40, 85, 215),
    "purple": (125, 50, 170),
    "pink": (245, 130, 185),
    "brown": (125, 80, 40),
    "black": (25, 25, 28),
    "white": (245, 245, 242),
    "gray": (135, 138, 142),
    "turquoise": (45, 200, 195),
}
DARK: Final = (30, 30, 34)
GLASS: Final = (190, 225, 245)
SKIN: Final = (235, 190, 150)
WOOD: Final = (120, 80, 45)
TROUSERS: Final = (45, 50, 80)
WHITE: Final = (255, 255, 255)


def rgb(values: Iterable[float]) -> RGB:
    """Return three channel values as a colour, cut to 0..255 and to whole numbers."""
    return cast("RGB", tuple(max(0, min(255, int(v))) for v in values))


def shade(colour: RGB, factor: float) -> RGB:
    """Return the colour darker (factor < 1) or lighter (factor > 1)."""
    lift = 20 if factor > 1 else 0
    return rgb(v * factor + lift for v in colour)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """Return `a` with a share (0..1) of `b`."""
    return rgb(x * (1 - share) + y * share for x, y in zip(a, b, strict=True))
