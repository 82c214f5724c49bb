"""What a drawn frame shows, as facts: the truth that every frame, caption and film is made from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from watchdown_algos.drawn.objects import OBJECTS
from watchdown_algos.drawn.palette import COLOURS

SCENES: Final = ("field", "beach", "city", "snow", "desert", "forest", "room", "water", "sky")
TIMES: Final = ("day", "night", "sunset")
SIZES: Final = ("close", "medium", "wide")


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One object (or two copies of it) in a scene; `size` is the shot size, how near the camera stands."""

    object: str
    colour: str
    scene: str
    time: str
    size: str
    count: int = 1

    def __post_init__(self) -> None:
        """Refuse what the world does not hold."""
        known: tuple[tuple[object, Collection[object]], ...] = (
            (self.object, OBJECTS),
            (self.colour, COLOURS),
            (self.scene, SCENES),
            (self.time, TIMES),
            (self.size, SIZES),
            (self.count, (1, 2)),
        )
        for value, values in known:
            if value not in values:
                raise ValueError(f"{value!r} is not in the drawn world: {', '.join(map(str, values))}")
