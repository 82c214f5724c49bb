"""The text queries by which the demo model is judged, each with the facts that a right answer shows."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from watchdown_algos.drawn.held_out import HUES, NAMES, UNSEEN_COLOURS, UNSEEN_SCENES
from watchdown_algos.drawn.picture import SCENES, TIMES, Picture
from watchdown_algos.drawn.words import GROUPS, HOURS, PEOPLE, PLACES, VIEWS, plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pairs: TypeAlias = Sequence[tuple[str, str]]
UNSEEN: Final = sorted(UNSEEN_COLOURS)


@dataclass(frozen=True, slots=True)
class Query:
    """A text and what a right answer shows: the value, or one of the values, of each field."""

    text: str
    wanted: Mapping[str, object]

    def right(self, pictures: Sequence[Picture]) -> NDArray[np.bool_]:
        """Say of each picture whether it is a right answer."""
        return np.array(
            [all(_fits(getattr(p, field), value) for field, value in self.wanted.items()) for p in pictures]
        )


def _fits(value: object, wanted: object) -> bool:
    return value in wanted if isinstance(wanted, list) else value == wanted


def named(name: str, colour: str) -> str:
    """Return "a red car", or what one says of people."""
    if name in PEOPLE:
        return f"a person wearing {colour}" if name == "person" else f"a {name} in {colour}"
    return f"a {colour} {name}"


def coloured(pairs: Iterable[tuple[str, str]], form: str = "") -> list[Query]:
    """Ask for (object, colour) pairs; `form` may say how, with {name} and {colour}."""
    return [
        Query(
            form.format(name=name, colour=colour) if form else named(name, colour),
            {"object": name, "colour": colour},
        )
        for name, colour in pairs
    ]


def objects() -> list[Query]:
    """Ask for each object."""
    return [Query(f"a {name}", {"object": name}) for name in NAMES]


def pairs_of_objects(names: Iterable[str] = NAMES) -> list[Query]:
    """Ask for two of each object."""
    return [Query(f"two {plural(name)}", {"object": name, "count": 2}) for name in names]


def questions(pictures: Sequence[Picture]) -> dict[str, list[Query]]:
    """Return all queries for the single frames, by the name of their row."""
    dice = random.Random(5)
    seen = dice.sample(
        [(name, hue) for name in NAMES for hue in HUES if (name, hue) not in UNSEEN_COLOURS], 120
    )
    some = dice.sample(pictures[2000:4000], 300)
    scenes = sorted(UNSEEN_SCENES)
    twos = sorted({(p.object, p.colour) for p in pictures if p.count > 1})
    return {
        '"a <colour> <object>", pair never seen': coloured(UNSEEN),
        '"a <colour> <object>", seen pair': coloured(seen),
        '"a <object> <scene>", pair never seen': [
            Query(f"a {name} {PLACES[scene][0]}", {"object": name, "scene": scene}) for name, scene in scenes
        ],
        "colour + object + scene, unseen pair": [
            Query(f"{named(p.object, p.colour)} {PLACES[p.scene][0]}", _facts(p, "object", "colour", "scene"))
            for p in some
        ],
        "+ time + shot size": [
            Query(
                f"{VIEWS[p.size][0]} {named(p.object, p.colour)} {PLACES[p.scene][0]} {HOURS[p.time][0]}",
                _facts(p, "object", "colour", "scene", "time", "size"),
            )
            for p in some
        ],
        "scene + time": [
            Query(f"a shot {PLACES[scene][0]} {HOURS[time][0]}", {"scene": scene, "time": time})
            for scene in SCENES
            for time in TIMES
        ],
        'group word + scene ("an animal in the snow")': [
            Query(f"a {group} {PLACES[scene][0]}", {"object": members, "scene": scene})
            for group, members in GROUPS.items()
            for scene in SCENES
        ],
        '"<colour> <object>", unseen pair': coloured(UNSEEN, "{colour} {name}"),
        '"<object>, <colour>", unseen pair': coloured(UNSEEN, "{name}, {colour}"),
        '"<scene>, a frame of a <object>", unseen pair': [
            Query(f"{PLACES[scene][0]}, a frame of a {name}", {"object": name, "scene": scene})
            for name, scene in scenes
        ],
        'unknown word: "a gorgeous <colour> <object>", unseen pair': coloured(
            UNSEEN, "a gorgeous {colour} {name}"
        ),
        '"two <objects>"': pairs_of_objects(),
        '"two <colour> <objects>"': [
            Query(
                f"two {plural(name)} in {hue}" if name in PEOPLE else f"two {hue} {plural(name)}",
                {"object": name, "colour": hue, "count": 2},
            )
            for name, hue in twos
        ],
    }


def _facts(picture: Picture, *fields: str) -> dict[str, object]:
    return {field: getattr(picture, field) for field in fields}
