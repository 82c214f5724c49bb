"""What the painters of a scene share: the canvas, its measures, the light of the hour and the dice."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watchdown_algos.drawn.palette import RGB, rgb

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

BRIGHTNESS: Final = {"day": 1, "night": 0.42, "sunset": 0.78}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A square canvas, `width` pixels wide, on which a scene is painted from the back to the front."""

    canvas: ImageDraw
    width: int
    time: str
    dice: random.Random

    def lit(self, colour: RGB) -> RGB:
        """Return the colour as bright as the hour lets it be."""
        return rgb(v * BRIGHTNESS[self.time] for v in colour)

    def vary(self, colour: RGB) -> RGB:
        """Return the colour, each channel up to 14 off."""
        return rgb(v + self.dice.randint(-14, 14) for v in colour)

    def box(self, fill: RGB, x0: float, y0: float, x1: float, y1: float) -> None:
        """Fill a rectangle, in pixels."""
        self.canvas.rectangle([x0, y0, x1, y1], fill=fill)

    def disc(self, fill: RGB, x: float, y: float, radius: float) -> None:
        """Fill a circle, in pixels."""
        self.canvas.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)
