"""Films a shot of the drawn world: one large picture over which a window slowly moves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from PIL import Image

from watchdown_algos.drawn.film import DrawnShot
from watchdown_algos.drawn.frame import draw

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels

# Side of the drawn square, and the smallest window on it: at most a tenth of the picture is ever off screen.
SIDE: Final = 352
NEAREST: Final = 0.9


def takes(shot: DrawnShot, frames: int, size: tuple[int, int]) -> Iterator[Pixels]:
    """Yield the frames of a shot, `size` = (width, height) pixels; the square picture is squeezed to it."""
    picture = draw(shot.picture, shot.seed, out=SIDE, supersample=1)
    dice = random.Random(f"camera of {shot.seed}")
    first, last = _window(dice), _window(dice)
    for frame in range(frames):
        done = frame / max(1, frames - 1)
        x, y, side = (a + (b - a) * done for a, b in zip(first, last, strict=True))
        yield picture.resize(size, Image.Resampling.BILINEAR, box=(x, y, x + side, y + side))


def _window(dice: random.Random) -> tuple[float, float, float]:
    """Return the left edge, top edge and side of a random window on the picture."""
    side = SIDE * dice.uniform(NEAREST, 1)
    return dice.uniform(0, SIDE - side), dice.uniform(0, SIDE - side), side
