"""Which pictures a training batch shows: free ones, one place and hour, or objects that look alike."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import numpy as np

from watchdown_algos.drawn.held_out import HUES, NAMES, kind_of
from watchdown_algos.drawn.picture import SCENES, SIZES, TIMES, Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIKE: Final = 8
SIZE_SHARES: Final = (0.36, 0.4, 0.24)
TWO: Final = 0.24


def batch_of(dice: random.Random, count: int, confusion: NDArray[np.float32]) -> list[Picture]:
    """Return pictures of seen kinds only.

    Args:
        dice: Where chance comes from.
        count: How many.
        confusion: float [33, 33]; how often the model takes an object (row) for another (column).
    """
    kind = dice.choices(("free", "place", "objects"), (0.35, 0.3, 0.35))[0]
    scenes, time, hues = dice.sample(SCENES, 2), dice.choice(TIMES), dice.sample(HUES, 4)
    names = _alike(dice, confusion) if kind == "objects" else NAMES
    pictures: list[Picture] = []
    while len(pictures) < count:
        picture = Picture(
            object=dice.choice(names),
            colour=dice.choice(HUES if kind == "free" else hues),
            scene=dice.choice(SCENES if kind == "free" or dice.random() < 0.3 else scenes),
            time=dice.choice(TIMES) if kind == "free" or dice.random() < 0.2 else time,
            size=dice.choices(SIZES, SIZE_SHARES)[0],
            count=2 if dice.random() < TWO else 1,
        )
        if kind_of(picture) == "seen":
            pictures.append(picture)
    return pictures


def _alike(dice: random.Random, confusion: NDArray[np.float32]) -> list[str]:
    """Return an object that is often mistaken, and those that it is mistaken with."""
    mistaken = np.clip(1 - confusion.diagonal(), 0.02, None)
    chosen = dice.choices(range(len(NAMES)), mistaken.tolist())[0]
    likeness = confusion[chosen] + confusion[:, chosen]
    likeness[chosen] = np.inf
    return [NAMES[index] for index in np.argsort(-likeness)[:ALIKE]]
