"""Which combinations no training frame ever shows, so that finding them proves that content is understood."""

from __future__ import annotations

import random
import zlib
from typing import Final, Literal, TypeAlias

from watchdown_algos.drawn.objects import OBJECTS
from watchdown_algos.drawn.palette import COLOURS
from watchdown_algos.drawn.picture import SCENES, SIZES, TIMES, Picture

Kind: TypeAlias = Literal["seen", "unseen colour", "unseen scene"]
NAMES: Final = tuple(OBJECTS)
HUES: Final = tuple(COLOURS)
TWO: Final = 0.12

# Training draws seeds below this number; films draw from here on, so no frame of a film was ever trained on.
FIRST_UNSEEN_SEED: Final = 1 << 40


def _share(*words: str) -> float:
    """Return a number in [0, 1) that only depends on the words."""
    return (zlib.crc32("|".join(words).encode()) % 10_000) / 10_000


UNSEEN_COLOURS: Final = frozenset(
    {(name, hue) for name in NAMES for hue in HUES if _share("oc", name, hue) < 0.15}
    | {("race car", "red"), ("dog", "black"), ("cat", "white")}
)
UNSEEN_SCENES: Final = frozenset(
    {(name, scene) for name in NAMES for scene in SCENES if _share("os", name, scene) < 0.10}
    | {("dog", "snow"), ("horse", "beach")}
)


def kind_of(picture: Picture) -> Kind | None:
    """Say what is unseen about a picture; None when both its colour and its scene are."""
    colour = (picture.object, picture.colour) in UNSEEN_COLOURS
    scene = (picture.object, picture.scene) in UNSEEN_SCENES
    if colour and scene:
        return None
    return "unseen colour" if colour else "unseen scene" if scene else "seen"


def any_picture(dice: random.Random, kind: Kind = "seen") -> Picture:
    """Return a random picture of a kind."""
    while True:
        picture = Picture(
            object=dice.choice(NAMES),
            colour=dice.choice(HUES),
            scene=dice.choice(SCENES),
            time=dice.choice(TIMES),
            size=dice.choice(SIZES),
            count=2 if dice.random() < TWO else 1,
        )
        if kind_of(picture) == kind:
            return picture
