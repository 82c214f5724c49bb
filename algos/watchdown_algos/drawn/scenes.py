"""The nine scenes of the drawn world by day, night and sunset: what stands behind the object."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from watchdown_algos.drawn.palette import RGB, mix
from watchdown_algos.drawn.stage import Stage

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

HEAVENS: Final[dict[str, tuple[RGB, RGB]]] = {
    "day": ((110, 175, 240), (205, 230, 250)),
    "night": ((8, 10, 35), (30, 35, 80)),
    "sunset": ((90, 60, 130), (250, 150, 80)),
}
GROUND: Final[dict[str, RGB]] = {
    "field": (95, 175, 70),
    "beach": (235, 215, 160),
    "city": (105, 105, 110),
    "snow": (240, 244, 250),
    "desert": (225, 175, 95),
    "forest": (70, 120, 55),
    "room": (165, 120, 80),
    "water": (40, 110, 175),
}
WINDOW: Final[dict[str, RGB]] = {"day": (170, 215, 245), "night": (12, 14, 45), "sunset": (245, 150, 90)}


def background(width: int, scene: str, time: str, dice: random.Random) -> tuple[Picture, float]:
    """Paint a scene.

    Returns:
        The picture, `width` x `width` pixels, and where its horizon lies (0 top, 1 bottom).
    """
    image = Image.new("RGB", (width, width))
    stage = Stage(canvas=ImageDraw.Draw(image), width=width, time=time, dice=dice)
    top, bottom = map(stage.vary, HEAVENS[time])
    horizon = width if scene == "sky" else int(width * dice.uniform(0.5, 0.7))
    for y in range(0, width, 3):
        stage.box(mix(top, bottom, min(1, y / max(1, horizon))), 0, y, width, y + 3)
    if scene != "room":
        _lights(stage, horizon)
    if scene == "sky":
        _clouds(stage)
        return image, 0.5
    ground = stage.vary(stage.lit(GROUND[scene]))
    if scene == "room":
        _room(stage, horizon, ground)
        return image, horizon / width
    if scene in BEHIND:
        BEHIND[scene](stage, horizon)
    stage.box(ground, 0, horizon, width, width)
    if scene in ON_THE_GROUND:
        ON_THE_GROUND[scene](stage, horizon)
    return image, horizon / width


def _lights(stage: Stage, horizon: int) -> None:
    dice, width = stage.dice, stage.width
    if stage.time == "night":
        for _ in range(25):
            x, y = dice.random() * width, dice.random() * horizon
            stage.canvas.ellipse([x, y, x + 3, y + 3], fill=(250, 250, 220))
        stage.disc(
            (245, 240, 205), dice.uniform(0.1, 0.9) * width, dice.uniform(0.08, 0.25) * width, width * 0.06
        )
    elif dice.random() < 0.6:
        by_day = stage.time == "day"
        x = dice.uniform(0.1, 0.9) * width
        y = (dice.uniform(0.06, 0.22) if by_day else 0.5) * width
        stage.disc((255, 235, 120) if by_day else (255, 120, 60), x, y, width * 0.07)


def _clouds(stage: Stage) -> None:
    dice, width = stage.dice, stage.width
    for _ in range(dice.randint(2, 5)):
        x, y, r = dice.random() * width, dice.random() * width, width * dice.uniform(0.05, 0.1)
        for k in (-1, 0, 1):
            middle = x + k * r * 1.3
            box = [middle - r, y - r * 0.7, middle + r, y + r * 0.7]
            stage.canvas.ellipse(box, fill=stage.lit((250, 250, 252)))


def _room(stage: Stage, horizon: int, floor: RGB) -> None:
    dice, width = stage.dice, stage.width
    wall = stage.vary(stage.lit(dice.choice([(225, 215, 195), (205, 220, 215), (230, 205, 205)])))
    stage.box(wall, 0, 0, width, horizon)
    stage.box(floor, 0, horizon, width, width)
    stage.box(stage.lit((250, 250, 250)), 0, horizon - width * 0.02, width, horizon)
    x = dice.uniform(0.05, 0.65) * width
    stage.box(stage.lit((140, 95, 55)), x, width * 0.1, x + width * 0.25, width * 0.36)
    stage.box(WINDOW[stage.time], x + width * 0.02, width * 0.12, x + width * 0.23, width * 0.34)
    x = dice.uniform(0.0, 0.8) * width
    stage.box(stage.lit((120, 85, 55)), x, width * 0.2, x + width * 0.14, horizon)


def _skyline(stage: Stage, horizon: int) -> None:
    dice, width = stage.dice, stage.width
    x = -width * 0.05
    while x < width:
        wide, high = width * dice.uniform(0.1, 0.2), width * dice.uniform(0.18, 0.5)
        wall = stage.vary(stage.lit(dice.choice([(120, 125, 140), (150, 130, 120), (95, 105, 130)])))
        stage.box(wall, x, horizon - high, x + wide, horizon)
        for top in range(int(horizon - high + width * 0.03), horizon - int(width * 0.03), int(width * 0.06)):
            for left in range(int(x + width * 0.02), int(x + wide - width * 0.02), int(width * 0.045)):
                lamp = stage.time == "night" and dice.random() < 0.6
                pane = (250, 225, 120) if lamp else stage.lit((200, 220, 235))
                stage.box(pane, left, top, left + width * 0.018, top + width * 0.028)
        x += wide + width * dice.uniform(0, 0.03)


def _sea(stage: Stage, horizon: int) -> None:
    water = stage.vary(stage.lit((50, 130, 190)))
    stage.box(water, 0, horizon - stage.width * 0.12, stage.width, horizon)


def _road(stage: Stage, horizon: int) -> None:
    del horizon
    width = stage.width
    for x in range(0, width, width // 5):
        stage.box(stage.lit((235, 235, 220)), x, width * 0.86, x + width * 0.1, width * 0.88)


def _snow(stage: Stage, horizon: int) -> None:
    width = stage.width
    ridge = [(0, 0.0), (0.25, 0.2), (0.5, 0), (0.75, 0.26), (1, 0)]
    points = [(width * x, horizon - width * height) for x, height in ridge]
    stage.canvas.polygon(points, fill=stage.lit((215, 224, 238)))
    for _ in range(45):
        x, y = stage.dice.random() * width, stage.dice.random() * width
        stage.disc((250, 250, 255), x, y, width * 0.007)


def _desert(stage: Stage, horizon: int) -> None:
    width, cactus = stage.width, stage.lit((60, 130, 70))
    dune = [(0, horizon + 2), (width * 0.3, horizon - width * 0.12), (width * 0.6, horizon + 2)]
    stage.canvas.polygon(dune, fill=stage.lit((205, 150, 80)))
    x = stage.dice.uniform(0.05, 0.95) * width
    stage.box(cactus, x, horizon - width * 0.12, x + width * 0.035, horizon + width * 0.06)
    stage.box(cactus, x - width * 0.05, horizon - width * 0.07, x, horizon - width * 0.04)


def _trees(stage: Stage, horizon: int, fewest: int, most: int) -> None:
    dice, width = stage.dice, stage.width
    for _ in range(dice.randint(fewest, most)):
        x, high = dice.random() * width, width * dice.uniform(0.25, 0.5)
        foot = horizon + width * dice.uniform(0, 0.08)
        leaves = stage.vary(stage.lit((35, 105, 50)))
        stage.box(stage.lit((95, 65, 40)), x - width * 0.015, foot - high * 0.3, x + width * 0.015, foot)
        crown = [(x - high * 0.28, foot - high * 0.2), (x, foot - high), (x + high * 0.28, foot - high * 0.2)]
        stage.canvas.polygon(crown, fill=leaves)


def _waves(stage: Stage, horizon: int) -> None:
    dice, width = stage.dice, stage.width
    for _ in range(14):
        x, y = dice.random() * width, horizon + dice.random() * (width - horizon)
        stage.canvas.line([x, y, x + width * 0.08, y], fill=stage.lit((120, 180, 225)), width=2)


BEHIND: Final[dict[str, Callable[[Stage, int], None]]] = {"city": _skyline, "beach": _sea}
ON_THE_GROUND: Final[dict[str, Callable[[Stage, int], None]]] = {
    "city": _road,
    "snow": _snow,
    "desert": _desert,
    "forest": lambda stage, horizon: _trees(stage, horizon, 7, 10),
    "field": lambda stage, horizon: _trees(stage, horizon, 0, 2),
    "water": _waves,
}
