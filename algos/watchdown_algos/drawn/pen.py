"""The pen that draws an object in its own unit coordinates onto a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from watchdown_algos.drawn.palette import RGB

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pen:
    """Draws around (`x`, `y`), one unit being `unit` pixels; +x is right and +y is down.

    `direction` -1 mirrors, `stretch` widens, and `behind` is the colour seen through holes.
    """

    canvas: ImageDraw
    x: float
    y: float
    unit: float
    direction: int
    stretch: float
    behind: RGB

    def place(self, x: float, y: float) -> Point:
        """Return a point of the object in pixels."""
        return self.x + self.direction * x * self.unit * self.stretch, self.y + y * self.unit

    def polygon(self, fill: RGB, *points: Point) -> None:
        """Fill the polygon through the points."""
        self.canvas.polygon([self.place(*point) for point in points], fill=fill)

    def ellipse(self, fill: RGB, x: float, y: float, rx: float, ry: float) -> None:
        """Fill the ellipse around (x, y) with radii rx and ry."""
        a, b = self.place(x - rx, y - ry), self.place(x + rx, y + ry)
        self.canvas.ellipse([min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])], fill=fill)

    def rectangle(self, fill: RGB, x0: float, y0: float, x1: float, y1: float) -> None:
        """Fill the rectangle between two corners."""
        a, b = self.place(x0, y0), self.place(x1, y1)
        self.canvas.rectangle([min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])], fill=fill)

    def line(self, fill: RGB, width: float, *points: Point) -> None:
        """Draw a line with round joints and ends."""
        pixels = max(1, int(width * self.unit))
        placed: Sequence[Point] = [self.place(*point) for point in points]
        self.canvas.line(placed, fill=fill, width=pixels, joint="curve")
        for x, y in placed:
            self.canvas.ellipse([x - pixels / 2, y - pixels / 2, x + pixels / 2, y + pixels / 2], fill=fill)
