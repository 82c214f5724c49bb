"""How the eight animals and two people of the drawn world look, about two units tall or wide."""

from __future__ import annotations

from watchdown_algos.drawn.palette import DARK, RGB, SKIN, TROUSERS, WHITE, WOOD, shade
from watchdown_algos.drawn.pen import Pen


def legs(pen: Pen, fill: RGB, half_width: float, top: float, bottom: float, *xs: float) -> None:
    """Draw straight legs."""
    for x in xs:
        pen.rectangle(fill, x - half_width, top, x + half_width, bottom)


def dog(pen: Pen, colour: RGB) -> None:
    """Draw a dog."""
    pen.ellipse(colour, -0.05, 0.05, 0.62, 0.28)
    pen.ellipse(colour, 0.65, -0.3, 0.28, 0.25)
    pen.ellipse(colour, 0.88, -0.22, 0.2, 0.13)
    pen.polygon(shade(colour, 0.6), (0.45, -0.45), (0.58, -0.5), (0.5, -0.05))
    pen.line(colour, 0.12, (-0.6, -0.05), (-0.95, -0.45))
    legs(pen, shade(colour, 0.85), 0.07, 0.15, 0.65, -0.5, -0.3, 0.3, 0.48)
    pen.ellipse(DARK, 1.05, -0.25, 0.06, 0.06)
    pen.ellipse(DARK, 0.7, -0.36, 0.04, 0.04)


def cat(pen: Pen, colour: RGB) -> None:
    """Draw a sitting cat, seen from the front."""
    pen.ellipse(colour, -0.05, 0.3, 0.38, 0.42)
    pen.ellipse(colour, 0, -0.35, 0.33, 0.28)
    pen.polygon(colour, (-0.32, -0.4), (-0.3, -0.8), (-0.05, -0.58))
    pen.polygon(colour, (0.32, -0.4), (0.3, -0.8), (0.05, -0.58))
    pen.line(colour, 0.12, (-0.35, 0.6), (-0.75, 0.45), (-0.75, 0.05))
    for x in (-0.13, 0.13):
        pen.ellipse((120, 220, 90), x, -0.38, 0.06, 0.08)
        pen.ellipse(DARK, x, -0.38, 0.03, 0.07)
    pen.ellipse((240, 140, 150), 0, -0.25, 0.05, 0.04)
    pen.rectangle(shade(colour, 0.85), -0.25, 0.55, -0.08, 0.75)
    pen.rectangle(shade(colour, 0.85), 0.08, 0.55, 0.25, 0.75)


def horse(pen: Pen, colour: RGB) -> None:
    """Draw a horse with mane and tail."""
    hair = shade(colour, 0.5)
    pen.ellipse(colour, -0.1, 0, 0.6, 0.27)
    pen.polygon(colour, (0.25, 0.05), (0.5, -0.7), (0.75, -0.6), (0.5, 0.1))
    pen.polygon(colour, (0.48, -0.75), (1.05, -0.45), (1.0, -0.28), (0.55, -0.4))
    pen.polygon(hair, (0.42, -0.8), (0.5, -0.85), (0.3, -0.1), (0.2, -0.15))
    pen.line(hair, 0.1, (-0.65, -0.1), (-0.9, 0.4))
    legs(pen, shade(colour, 0.85), 0.05, 0.1, 0.85, -0.55, -0.38, 0.22, 0.4)


def bird(pen: Pen, colour: RGB) -> None:
    """Draw a bird with one wing up."""
    pen.ellipse(colour, 0, 0, 0.5, 0.28)
    pen.ellipse(colour, 0.5, -0.25, 0.22, 0.2)
    pen.polygon((250, 170, 40), (0.68, -0.3), (0.95, -0.22), (0.68, -0.16))
    pen.polygon(shade(colour, 0.75), (0.2, -0.1), (-0.35, -0.85), (-0.35, 0))
    pen.polygon(shade(colour, 0.75), (-0.4, 0), (-1, -0.15), (-0.95, 0.2))
    pen.ellipse(DARK, 0.55, -0.28, 0.04, 0.04)


def fish(pen: Pen, colour: RGB) -> None:
    """Draw a fish."""
    pen.ellipse(colour, 0.1, 0, 0.65, 0.36)
    pen.polygon(shade(colour, 0.8), (-0.45, 0), (-1, -0.4), (-1, 0.4))
    pen.polygon(shade(colour, 0.7), (-0.1, -0.3), (0.3, -0.3), (0, -0.6))
    pen.ellipse(WHITE, 0.5, -0.08, 0.09, 0.09)
    pen.ellipse(DARK, 0.52, -0.08, 0.05, 0.05)
    pen.line(shade(colour, 0.6), 0.04, (0.25, -0.2), (0.18, 0), (0.25, 0.2))


def elephant(pen: Pen, colour: RGB) -> None:
    """Draw an elephant with ear, trunk and tusk."""
    pen.ellipse(colour, -0.15, -0.05, 0.7, 0.45)
    pen.ellipse(colour, 0.6, -0.25, 0.38, 0.36)
    pen.ellipse(shade(colour, 0.75), 0.42, -0.25, 0.24, 0.34)
    pen.line(colour, 0.16, (0.9, -0.15), (1.05, 0.25), (1.0, 0.6))
    pen.line((250, 250, 235), 0.07, (0.78, 0.05), (1.0, 0.18))
    legs(pen, shade(colour, 0.88), 0.12, 0.2, 0.8, -0.6, -0.3, 0.2, 0.45)


def rabbit(pen: Pen, colour: RGB) -> None:
    """Draw a sitting rabbit."""
    pen.ellipse(colour, -0.05, 0.3, 0.45, 0.38)
    pen.ellipse(colour, 0.3, -0.2, 0.27, 0.24)
    pen.ellipse(colour, 0.18, -0.7, 0.09, 0.35)
    pen.ellipse(shade(colour, 0.85), 0.4, -0.7, 0.09, 0.35)
    pen.ellipse((250, 250, 250), -0.5, 0.35, 0.14, 0.14)
    pen.ellipse(DARK, 0.38, -0.22, 0.05, 0.05)
    pen.ellipse(shade(colour, 0.85), 0.2, 0.65, 0.22, 0.1)


def butterfly(pen: Pen, colour: RGB) -> None:
    """Draw a butterfly from above."""
    pen.ellipse(colour, -0.45, -0.35, 0.42, 0.4)
    pen.ellipse(colour, 0.45, -0.35, 0.42, 0.4)
    pen.ellipse(shade(colour, 0.75), -0.35, 0.35, 0.3, 0.32)
    pen.ellipse(shade(colour, 0.75), 0.35, 0.35, 0.3, 0.32)
    pen.ellipse(DARK, 0, 0, 0.08, 0.5)
    pen.line(DARK, 0.04, (0, -0.45), (-0.2, -0.8))
    pen.line(DARK, 0.04, (0, -0.45), (0.2, -0.8))


def person(pen: Pen, colour: RGB) -> None:
    """Draw a standing person in a top of the colour."""
    pen.ellipse(SKIN, 0, -0.75, 0.2, 0.22)
    pen.ellipse(WOOD, 0, -0.86, 0.21, 0.14)
    pen.polygon(colour, (-0.28, -0.5), (0.28, -0.5), (0.24, 0.15), (-0.24, 0.15))
    pen.line(colour, 0.12, (-0.27, -0.42), (-0.45, 0.08))
    pen.line(colour, 0.12, (0.27, -0.42), (0.45, 0.08))
    pen.rectangle(TROUSERS, -0.22, 0.15, -0.03, 0.9)
    pen.rectangle(TROUSERS, 0.03, 0.15, 0.22, 0.9)


def runner(pen: Pen, colour: RGB) -> None:
    """Draw a running person in a shirt of the colour."""
    pen.ellipse(SKIN, 0.2, -0.75, 0.19, 0.2)
    pen.ellipse(WOOD, 0.17, -0.85, 0.2, 0.13)
    pen.polygon(colour, (-0.1, -0.5), (0.35, -0.52), (0.2, 0.12), (-0.2, 0.1))
    pen.line(SKIN, 0.11, (0.25, -0.4), (0.6, -0.15), (0.8, -0.4))
    pen.line(SKIN, 0.11, (-0.05, -0.4), (-0.4, -0.2), (-0.5, 0.1))
    pen.line(TROUSERS, 0.15, (0.1, 0.1), (0.5, 0.35), (0.35, 0.85))
    pen.line(TROUSERS, 0.15, (-0.1, 0.1), (-0.35, 0.5), (-0.9, 0.45))
