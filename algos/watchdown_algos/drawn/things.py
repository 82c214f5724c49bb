"""How the buildings, things and dishes of the drawn world look, about two units tall or wide."""

from __future__ import annotations

import math

from watchdown_algos.drawn.palette import DARK, GLASS, RGB, WHITE, WOOD, shade
from watchdown_algos.drawn.pen import Pen

# Channel sums above which a lighter shade of the colour would no longer show.
PALE = 600
LIGHT = 500


def house(pen: Pen, colour: RGB) -> None:
    """Draw a house with door, windows and chimney."""
    pen.rectangle(colour, -0.75, -0.15, 0.75, 0.75)
    pen.polygon(shade(colour, 0.55), (-0.95, -0.15), (0, -0.85), (0.95, -0.15))
    pen.rectangle(WOOD, -0.15, 0.2, 0.18, 0.75)
    pen.rectangle(GLASS, -0.58, 0.1, -0.28, 0.4)
    pen.rectangle(GLASS, 0.32, 0.1, 0.6, 0.4)
    pen.rectangle(shade(colour, 0.5), 0.42, -0.8, 0.6, -0.4)


def castle(pen: Pen, colour: RGB) -> None:
    """Draw a castle with two towers."""
    pen.rectangle(colour, -0.8, -0.1, 0.8, 0.8)
    for x in (-0.8, 0.8):
        pen.rectangle(shade(colour, 0.85), x - 0.22, -0.6, x + 0.22, 0.8)
        pen.polygon(shade(colour, 0.55), (x - 0.28, -0.6), (x, -1.05), (x + 0.28, -0.6))
    for i in range(4):
        pen.rectangle(colour, -0.5 + i * 0.28, -0.26, -0.36 + i * 0.28, -0.08)
    pen.ellipse(DARK, 0, 0.45, 0.2, 0.2)
    pen.rectangle(DARK, -0.2, 0.45, 0.2, 0.8)


def tent(pen: Pen, colour: RGB) -> None:
    """Draw a tent."""
    pen.polygon(colour, (-1, 0.7), (0, -0.7), (1, 0.7))
    pen.polygon(shade(colour, 0.45), (-0.3, 0.7), (0, -0.3), (0.3, 0.7))
    pen.line(WOOD, 0.06, (0, -0.7), (0, -0.9))


def flower(pen: Pen, colour: RGB) -> None:
    """Draw a flower of six petals."""
    pen.line((50, 140, 50), 0.08, (0, 0), (0.05, 1))
    pen.ellipse((60, 160, 60), 0.25, 0.6, 0.22, 0.1)
    for i in range(6):
        angle = i * math.pi / 3
        pen.ellipse(colour, 0.36 * math.cos(angle), -0.3 + 0.36 * math.sin(angle), 0.24, 0.24)
    pen.ellipse((250, 205, 50), 0, -0.3, 0.2, 0.2)


def ball(pen: Pen, colour: RGB) -> None:
    """Draw a ball with a stripe."""
    stripe = shade(colour, 1.25) if sum(colour) < PALE else (200, 60, 60)
    pen.ellipse(colour, 0, 0, 0.7, 0.7)
    pen.polygon(stripe, (-0.68, -0.15), (0.68, -0.15), (0.68, 0.1), (-0.68, 0.1))
    pen.ellipse(WHITE, -0.25, -0.35, 0.13, 0.1)


def umbrella(pen: Pen, colour: RGB) -> None:
    """Draw an open umbrella, its lower half cut away to what is behind."""
    pen.line(DARK, 0.07, (0, -0.2), (0, 0.75), (0.2, 0.85), (0.3, 0.7))
    pen.ellipse(colour, 0, -0.1, 0.9, 0.6)
    scallops = (-0.9, -0.1), (-0.6, 0.06), (-0.3, -0.1), (0, 0.06), (0.3, -0.1), (0.6, 0.06), (0.9, -0.1)
    pen.polygon(pen.behind, *scallops, (0.9, 0.52), (-0.9, 0.52))
    pen.line(DARK, 0.07, (0, -0.05), (0, 0.75), (0.2, 0.85), (0.3, 0.7))
    pen.polygon(shade(colour, 0.75), (-0.15, -0.68), (0.15, -0.68), (0.25, -0.08), (-0.25, -0.08))


def cup(pen: Pen, colour: RGB) -> None:
    """Draw a steaming cup of coffee."""
    pen.ellipse(colour, 0.6, 0.05, 0.32, 0.32)
    pen.ellipse(pen.behind, 0.6, 0.05, 0.18, 0.18)
    pen.polygon(colour, (-0.55, -0.45), (0.55, -0.45), (0.42, 0.6), (-0.42, 0.6))
    pen.ellipse(shade(colour, 0.7), 0, -0.45, 0.55, 0.13)
    pen.ellipse((80, 50, 30), 0, -0.43, 0.45, 0.09)
    pen.line((235, 235, 235), 0.05, (-0.15, -0.7), (-0.05, -0.9))
    pen.line((235, 235, 235), 0.05, (0.15, -0.7), (0.25, -0.9))


def chair(pen: Pen, colour: RGB) -> None:
    """Draw a chair from the side."""
    leg = shade(colour, 0.7)
    pen.rectangle(leg, -0.45, -0.85, -0.3, 0.85)
    pen.rectangle(colour, -0.5, -0.85, -0.25, 0.1)
    pen.rectangle(colour, -0.5, 0.02, 0.5, 0.2)
    pen.rectangle(leg, 0.35, 0.2, 0.48, 0.85)
    pen.rectangle(leg, -0.45, 0.2, -0.33, 0.85)


def guitar(pen: Pen, colour: RGB) -> None:
    """Draw a guitar, neck up."""
    pen.rectangle(WOOD, -0.06, -1, 0.06, 0)
    pen.rectangle(DARK, -0.12, -1.1, 0.12, -0.92)
    pen.ellipse(colour, 0, 0.05, 0.35, 0.3)
    pen.ellipse(colour, 0, 0.52, 0.46, 0.4)
    pen.ellipse(DARK, 0, 0.25, 0.15, 0.15)
    pen.rectangle(DARK, -0.15, 0.6, 0.15, 0.67)


def plate(pen: Pen, colour: RGB) -> None:
    """Draw a plate with a meal."""
    pen.ellipse(colour, 0, 0.2, 1, 0.52)
    pen.ellipse(shade(colour, 1.15 if sum(colour) < LIGHT else 0.85), 0, 0.17, 0.74, 0.36)
    pen.ellipse((150, 85, 40), -0.25, 0.08, 0.3, 0.17)
    pen.ellipse((80, 165, 60), 0.25, 0.05, 0.26, 0.17)
    pen.ellipse((245, 215, 120), 0.05, 0.28, 0.3, 0.13)
    pen.ellipse((225, 60, 40), -0.05, -0.02, 0.14, 0.11)


def cake(pen: Pen, colour: RGB) -> None:
    """Draw a birthday cake with three candles."""
    pen.rectangle(colour, -0.7, 0.0, 0.7, 0.6)
    pen.rectangle((250, 240, 220), -0.7, 0.22, 0.7, 0.34)
    pen.ellipse((252, 240, 225), 0, 0, 0.7, 0.14)
    pen.rectangle((200, 200, 205), -0.95, 0.6, 0.95, 0.7)
    for x in (-0.35, 0, 0.35):
        pen.rectangle((250, 150, 160), x - 0.04, -0.4, x + 0.04, -0.02)
        pen.ellipse((255, 190, 40), x, -0.5, 0.07, 0.11)


def ice_cream(pen: Pen, colour: RGB) -> None:
    """Draw an ice cream cone with a cherry."""
    pen.polygon((215, 160, 85), (-0.35, 0.05), (0.35, 0.05), (0, 1))
    pen.ellipse(colour, 0, -0.15, 0.42, 0.35)
    pen.ellipse(shade(colour, 0.85), 0, -0.55, 0.32, 0.28)
    pen.ellipse((220, 30, 50), 0, -0.85, 0.1, 0.1)
