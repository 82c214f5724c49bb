"""A plain drawing of a load's rate and of searches beside it, over time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

WIDE, HIGH, LEFT, BELOW, ABOVE = 900, 300, 80, 40, 40
INK, RATE, SEARCH, REST = (40, 40, 40), (31, 119, 180), (214, 39, 40), (150, 150, 150)
TICKS: Final = 4
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn of one store: rates and searches by second, and what a search takes at rest (p95)."""

    name: str
    rates: Points
    searches: Points
    rest_ms: float


def draw(curves: Sequence[Curve], file: Path) -> None:
    """Draw a panel for each store: documents a second to the left scale, milliseconds to the right."""
    image = Image.new("RGB", (WIDE, HIGH * len(curves)), "white")
    pen = ImageDraw.Draw(image)
    for at, curve in enumerate(curves):
        _panel(pen, curve, HIGH * at)
    image.save(file)


def _panel(pen: ImageDraw.ImageDraw, curve: Curve, top: int) -> None:
    worst = [
        (float(second), statistics.quantiles([*ms, *ms], n=20)[-1])
        for second, some in groupby(curve.searches, key=lambda one: int(one[0]))
        if (ms := [one[1] for one in some])
    ]
    seconds = max(at for at, _ in curve.searches)
    fastest = max((rate for _, rate in curve.rates), default=1.0) or 1.0
    slowest = max(sorted(ms for _, ms in worst)[-2], 1.5 * curve.rest_ms)  # one outlier may leave the panel
    box = (LEFT, top + ABOVE, WIDE - LEFT, top + HIGH - BELOW)

    def line(points: Points, most: float, ink: tuple[int, int, int]) -> None:
        spots = [
            (
                box[0] + (box[2] - box[0]) * at / seconds,
                max(box[1], box[3] - (box[3] - box[1]) * value / most),
            )
            for at, value in points
        ]
        pen.line(spots, fill=ink, width=2)

    pen.rectangle(box, outline=INK)
    for tick in range(TICKS + 1):
        y = box[3] - (box[3] - box[1]) * tick / TICKS
        x = box[0] + (box[2] - box[0]) * tick / TICKS
        pen.text((8, y - 6), f"{fastest * tick / TICKS:,.0f}", fill=RATE)
        pen.text((box[2] + 8, y - 6), f"{slowest * tick / TICKS:.1f} ms", fill=SEARCH)
        pen.text((x - 8, box[3] + 6), f"{seconds * tick / TICKS:.0f} s", fill=INK)
    line(curve.rates, fastest, RATE)
    line([(0.0, curve.rest_ms), (seconds, curve.rest_ms)], slowest, REST)
    line(worst, slowest, SEARCH)
    pen.text((LEFT, top + 8), curve.name, fill=INK)
    pen.text((LEFT + 120, top + 8), "documents/s", fill=RATE)
    pen.text((LEFT + 240, top + 8), "search p95 of each second", fill=SEARCH)
    pen.text((LEFT + 440, top + 8), "p95 at rest", fill=REST)
