"""Draws one frame of the drawn world: a picture's facts and a seed in, pixels out."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, cast

from PIL import Image, ImageDraw

from watchdown_algos.drawn.objects import OBJECTS
from watchdown_algos.drawn.palette import COLOURS, RGB, mix, rgb
from watchdown_algos.drawn.pen import Pen
from watchdown_algos.drawn.picture import Picture
from watchdown_algos.drawn.scenes import background

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels

UNIT: Final = {"close": (0.36, 0.46), "medium": (0.22, 0.28), "wide": (0.11, 0.145)}
GLOOM: Final = {"day": 0, "night": 0.22, "sunset": 0.08}
MIDNIGHT: Final = (10, 12, 40)
# Two copies stand here, a little smaller than one would.
PAIR: Final = (0.3, 0.7)
PAIR_UNIT: Final = 0.66


def draw(
    picture: Picture, seed: int, *, out: int = 64, supersample: int = 3, jitter: int | None = None
) -> Pixels:
    """Draw a frame, `out` x `out` pixels RGB; the same arguments always give the same pixels.

    `jitter` is a second seed: another moment of the same shot, its camera, object and light a little moved.
    """
    dice = random.Random(seed)
    width = out * supersample
    image, horizon = background(width, picture.scene, picture.time, dice)
    # Every size rolls its die, so that the rest of the frame does not depend on the size.
    unit = {size: dice.uniform(*span) for size, span in UNIT.items()}[picture.size] * width
    if picture.count == len(PAIR):
        unit *= PAIR_UNIT
    direction = -1 if dice.random() < 0.5 else 1
    stretch = dice.uniform(0.9, 1.1)
    y = _height(picture, dice, width, horizon, unit)
    x = (dice.uniform(0.4, 0.6) if picture.size == "close" else dice.uniform(0.28, 0.72)) * width
    colour = rgb(v + dice.randint(-16, 16) for v in COLOURS[picture.colour])
    colour = mix(colour, MIDNIGHT, GLOOM[picture.time])
    moment = None if jitter is None else random.Random(jitter)
    if moment:
        x += moment.uniform(-0.08, 0.08) * width
        y += moment.uniform(-0.03, 0.03) * width
        unit *= moment.uniform(0.92, 1.08)
    canvas = ImageDraw.Draw(image)
    for place in PAIR[: picture.count]:
        if picture.count == len(PAIR):
            x = width * place + (moment.uniform(-0.03, 0.03) * width if moment else 0)
        pen = Pen(
            canvas=canvas,
            x=x,
            y=y,
            unit=unit,
            direction=direction,
            stretch=stretch,
            behind=_colour_at(image, x, y + unit * 0.3),
        )
        OBJECTS[picture.object](pen, colour)
    return _reframed(image, out, moment) if moment else image.resize((out, out), Image.Resampling.BOX)


def _height(picture: Picture, dice: random.Random, width: int, horizon: float, unit: float) -> float:
    """Return where the object's middle stands: in the air, near the lens, or on the ground."""
    if picture.scene == "sky":
        return dice.uniform(0.45, 0.6) * width
    if picture.size == "close":
        return dice.uniform(0.48, 0.56) * width
    return min(width * 0.62, (horizon + dice.uniform(0.0, 0.16)) * width - unit * 0.35)


def _colour_at(image: Pixels, x: float, y: float) -> RGB:
    edge = image.width - 1
    return cast("RGB", image.getpixel((int(max(0, min(edge, x))), int(max(0, min(edge, y))))))


def _reframed(image: Pixels, out: int, moment: random.Random) -> Pixels:
    """Crop up to 6 % off the edges and change the light by up to 15 %."""
    width = image.width
    most = moment.uniform(0, 0.06) * width
    left, top, right, bottom = (int(moment.uniform(0, most)) for _ in range(4))
    image = image.crop((left, top, width - right, width - bottom))
    image = image.resize((out, out), Image.Resampling.BILINEAR)
    light = moment.uniform(0.85, 1.15)
    return image.point([min(255, int(v * light)) for v in range(256)] * 3)
