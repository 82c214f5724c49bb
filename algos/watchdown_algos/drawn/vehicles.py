"""How the eleven vehicles of the drawn world look, about two units wide, facing right."""

from __future__ import annotations

from watchdown_algos.drawn.palette import DARK, GLASS, RGB, WHITE, WOOD, shade
from watchdown_algos.drawn.pen import Pen

HUB = (190, 190, 190)
STEEL = (90, 90, 95)


def wheels(pen: Pen, y: float, radius: float, *xs: float) -> None:
    """Draw a row of wheels."""
    for x in xs:
        pen.ellipse(DARK, x, y, radius, radius)
        pen.ellipse(HUB, x, y, radius * 0.45, radius * 0.45)


def car(pen: Pen, colour: RGB) -> None:
    """Draw a car with two windows."""
    body = (
        (-1, 0.35),
        (-1, 0),
        (-0.6, -0.08),
        (-0.35, -0.42),
        (0.35, -0.42),
        (0.62, -0.08),
        (1, 0.02),
        (1, 0.35),
    )
    pen.polygon(colour, *body)
    pen.polygon(GLASS, (-0.5, -0.08), (-0.3, -0.34), (-0.03, -0.34), (-0.03, -0.08))
    pen.polygon(GLASS, (0.05, -0.08), (0.05, -0.34), (0.3, -0.34), (0.5, -0.08))
    wheels(pen, 0.36, 0.22, -0.58, 0.58)


def race_car(pen: Pen, colour: RGB) -> None:
    """Draw a single-seater with wings, driver and number."""
    body = (
        (-1, 0.25),
        (-1, 0.05),
        (-0.3, -0.05),
        (-0.1, -0.22),
        (0.15, -0.22),
        (0.3, -0.02),
        (1.15, 0.15),
        (1.15, 0.25),
    )
    pen.polygon(colour, *body)
    pen.rectangle(colour, -1.08, -0.38, -0.72, -0.25)
    pen.rectangle(shade(colour, 0.6), -0.95, -0.3, -0.88, 0.1)
    pen.rectangle(shade(colour, 0.6), 0.92, 0.2, 1.25, 0.3)
    pen.ellipse((240, 240, 240), 0, -0.24, 0.13, 0.13)
    pen.ellipse(WHITE, -0.2, 0.1, 0.14, 0.12)
    wheels(pen, 0.25, 0.27, -0.68, 0.7)


def truck(pen: Pen, colour: RGB) -> None:
    """Draw a truck with a box body and a cab."""
    pen.rectangle(colour, -1.1, -0.6, 0.35, 0.3)
    pen.rectangle(shade(colour, 0.7), -1.1, -0.2, 0.35, -0.08)
    pen.polygon(shade(colour, 0.8), (0.4, 0.3), (0.4, -0.35), (0.8, -0.35), (1.05, 0), (1.05, 0.3))
    pen.polygon(GLASS, (0.52, -0.05), (0.52, -0.25), (0.76, -0.25), (0.9, -0.05))
    wheels(pen, 0.36, 0.2, -0.8, -0.3, 0.7)


def bus(pen: Pen, colour: RGB) -> None:
    """Draw a bus with five windows and a stripe."""
    pen.rectangle(colour, -1.15, -0.55, 1.15, 0.35)
    for i in range(5):
        pen.rectangle(GLASS, -1.05 + i * 0.43, -0.42, -0.75 + i * 0.43, -0.08)
    pen.rectangle((250, 250, 250), -1.15, 0.1, 1.15, 0.17)
    wheels(pen, 0.38, 0.2, -0.7, 0.7)


def bicycle(pen: Pen, colour: RGB) -> None:
    """Draw a bicycle with open wheels."""
    for x in (-0.55, 0.55):
        pen.ellipse(DARK, x, 0.3, 0.42, 0.42)
    for x in (-0.55, 0.55):
        pen.ellipse(pen.behind, x, 0.3, 0.34, 0.34)
    pen.line(colour, 0.1, (-0.55, 0.3), (-0.2, -0.25), (0.35, -0.25), (0.05, 0.3), (-0.55, 0.3))
    pen.line(colour, 0.1, (0.05, 0.3), (-0.25, -0.4))
    pen.line(colour, 0.1, (0.55, 0.3), (0.32, -0.45), (0.5, -0.5))
    pen.rectangle(DARK, -0.42, -0.48, -0.1, -0.38)


def motorcycle(pen: Pen, colour: RGB) -> None:
    """Draw a motorcycle."""
    wheels(pen, 0.32, 0.32, -0.65, 0.65)
    pen.polygon(
        colour, (-0.7, 0.1), (-0.5, -0.15), (0, -0.05), (0.3, -0.3), (0.5, -0.1), (0.2, 0.3), (-0.3, 0.3)
    )
    pen.line(STEEL, 0.09, (0.65, 0.3), (0.35, -0.5), (0.15, -0.55))
    pen.rectangle(DARK, -0.75, -0.22, -0.1, -0.1)


def train(pen: Pen, colour: RGB) -> None:
    """Draw a steam locomotive with one carriage."""
    pen.rectangle(colour, -1.2, -0.45, 0.1, 0.25)
    for i in range(3):
        pen.rectangle(GLASS, -1.1 + i * 0.4, -0.32, -0.82 + i * 0.4, -0.08)
    pen.rectangle(shade(colour, 0.8), 0.18, -0.2, 1.0, 0.25)
    pen.rectangle(shade(colour, 0.8), 0.18, -0.6, 0.55, -0.1)
    pen.rectangle(DARK, 0.72, -0.55, 0.88, -0.2)
    pen.polygon(DARK, (1, 0.25), (1.2, 0.38), (1, 0.38))
    pen.rectangle(DARK, -1.2, 0.25, 1.0, 0.32)
    for x in (-1, -0.6, -0.2, 0.35, 0.65, 0.9):
        pen.ellipse(DARK, x, 0.38, 0.12, 0.12)


def airplane(pen: Pen, colour: RGB) -> None:
    """Draw an airplane."""
    pen.ellipse(colour, 0, 0, 1.1, 0.2)
    pen.polygon(shade(colour, 0.7), (-0.2, 0.05), (0.3, 0.05), (-0.25, 0.65), (-0.5, 0.65))
    pen.polygon(shade(colour, 0.8), (-0.15, -0.08), (0.25, -0.08), (-0.15, -0.5), (-0.35, -0.5))
    pen.polygon(colour, (-1.05, 0), (-0.75, -0.05), (-1, -0.5), (-1.2, -0.5))
    pen.ellipse(GLASS, 0.8, -0.05, 0.12, 0.07)


def helicopter(pen: Pen, colour: RGB) -> None:
    """Draw a helicopter."""
    pen.ellipse(colour, 0.2, 0.05, 0.55, 0.4)
    pen.polygon(colour, (-0.2, -0.05), (-0.2, 0.1), (-1.15, 0.02), (-1.15, -0.08))
    pen.polygon(shade(colour, 0.7), (-1.2, -0.3), (-1.05, -0.3), (-1.05, 0.1), (-1.15, 0.1))
    pen.ellipse(GLASS, 0.45, 0.0, 0.25, 0.25)
    pen.line(DARK, 0.07, (-0.8, -0.5), (1.2, -0.5))
    pen.line(DARK, 0.07, (0.2, -0.5), (0.2, -0.3))
    pen.line(DARK, 0.07, (-0.2, 0.6), (0.7, 0.6))


def sailboat(pen: Pen, colour: RGB) -> None:
    """Draw a wooden boat with two sails."""
    pen.polygon(WOOD, (-0.9, 0.35), (0.9, 0.35), (0.55, 0.7), (-0.6, 0.7))
    pen.line(WOOD, 0.07, (0, 0.35), (0, -0.9))
    pen.polygon(colour, (0.06, -0.85), (0.06, 0.25), (0.75, 0.25))
    pen.polygon(shade(colour, 0.75), (-0.06, -0.7), (-0.06, 0.25), (-0.6, 0.25))


def rocket(pen: Pen, colour: RGB) -> None:
    """Draw a rocket with its flame."""
    pen.polygon(colour, (-0.28, 0.5), (-0.28, -0.3), (0, -1), (0.28, -0.3), (0.28, 0.5))
    pen.polygon(shade(colour, 0.65), (-0.28, 0.1), (-0.6, 0.6), (-0.28, 0.5))
    pen.polygon(shade(colour, 0.65), (0.28, 0.1), (0.6, 0.6), (0.28, 0.5))
    pen.ellipse(GLASS, 0, -0.25, 0.14, 0.14)
    pen.polygon((255, 170, 40), (-0.18, 0.5), (0.18, 0.5), (0, 1))
