"""Captions of pictures with the exact set of facts that each one claims."""

from __future__ import annotations

import random
from dataclasses import dataclass

from watchdown_algos.drawn.picture import Picture
from watchdown_algos.drawn.words import (
    GROUPS,
    HOURS,
    HUES,
    NAMES,
    OPENINGS,
    PEOPLE,
    PLACES,
    VIEWS,
    groups_of,
    plural,
)


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and what it claims: pairs of a picture's field (or `group`) and its value."""

    text: str
    claims: frozenset[tuple[str, str | int]]

    def holds_for(self, picture: Picture) -> bool:
        """Say whether everything that the caption claims is so in a picture."""
        return all(
            picture.object in GROUPS[str(value)] if field == "group" else getattr(picture, field) == value
            for field, value in self.claims
        )


def claims_of(picture: Picture, stated: set[str], group: str | None) -> frozenset[tuple[str, str | int]]:
    """Return the claims of a caption that states these fields; a group word states no object."""
    claims = {(field, getattr(picture, field)) for field in stated}
    if group:
        claims = claims - {("object", picture.object)} | {("group", group)}
    return frozenset(claims)


def caption(picture: Picture, dice: random.Random) -> Caption:
    """Describe a picture in a plain sentence that names each of its facts or leaves it out."""
    stated = _stated(dice)
    group = None
    parts = []
    if "size" in stated:
        parts.append(dice.choice(VIEWS[picture.size]))
    else:
        parts.append(dice.choice(OPENINGS) if dice.random() < 0.6 else "")
    if "object" in stated:
        groups = groups_of(picture.object)
        noun = dice.choice(NAMES[picture.object] + groups)
        group = noun if noun in groups else None
        if picture.count > 1:
            stated.add("count")
        parts.append(_noun_phrase(picture, noun, dice, coloured="colour" in stated))
    if "scene" in stated:
        parts.append(dice.choice(PLACES[picture.scene]))
    if "time" in stated:
        parts.append(dice.choice(HOURS[picture.time]))
    text = " ".join(part for part in parts if part)
    if "colour" in stated and picture.colour in HUES:
        text = text.replace(picture.colour, dice.choice(HUES[picture.colour]))
    return Caption(text, claims_of(picture, stated, group))


def _stated(dice: random.Random) -> set[str]:
    """Choose which facts to name; now and then only where and when it is."""
    stated = {"object"}
    for field, share in (("colour", 0.8), ("scene", 0.55), ("time", 0.4), ("size", 0.35)):
        if dice.random() < share:
            stated.add(field)
    if dice.random() < 0.08:
        stated = stated - {"object", "colour", "size"} | {"scene"}
    return stated


def _noun_phrase(picture: Picture, noun: str, dice: random.Random, *, coloured: bool) -> str:
    article = "a"
    if picture.count > 1:
        noun, article = plural(noun), "two"
    if coloured and picture.object in PEOPLE:
        return f"{article} {noun} {dice.choice(['in', 'wearing', 'dressed in'])} {picture.colour}"
    colour = f"{picture.colour} " if coloured else ""
    with_article = dice.random() < 0.8 or picture.count > 1
    return f"{article} {colour}{noun}" if with_article else f"{colour}{noun}"
