"""Captions in free word order, with bare nouns, verbs and words that mean nothing, as people type queries."""

from __future__ import annotations

import random

from watchdown_algos.drawn.captions import Caption, claims_of
from watchdown_algos.drawn.loose_words import (
    DOING,
    FILLERS,
    LETTERS,
    LOOSE_HOURS,
    LOOSE_OPENINGS,
    LOOSE_PLACES,
    LOOSE_VIEWS,
    MORE_NAMES,
    loose_hues,
)
from watchdown_algos.drawn.picture import Picture
from watchdown_algos.drawn.words import NAMES, PEOPLE, groups_of, plural

TWO = "two "


def loose_caption(picture: Picture, dice: random.Random) -> Caption:
    """Describe a picture the way a hurried person would."""
    stated = {"object"}
    for field, share in (("colour", 0.8), ("scene", 0.5), ("time", 0.3), ("size", 0.25)):
        if dice.random() < share:
            stated.add(field)
    noun, group = _name(picture, dice)
    if picture.count > 1:
        noun = _for_two(noun, dice)
        if noun.startswith(TWO):
            stated.add("count")
    phrase = _coloured(picture, noun, dice) if "colour" in stated else noun
    phrase = _padded(picture, phrase, dice, with_article=not noun.startswith(TWO))
    if "size" in stated:
        phrase = f"{dice.choice(LOOSE_VIEWS[picture.size])} {phrase}"
    elif dice.random() < 0.3:
        phrase = f"{dice.choice(LOOSE_OPENINGS)} {phrase}"
    parts = [phrase]
    if "scene" in stated:
        place = dice.choice(LOOSE_PLACES[picture.scene])
        place = picture.scene if dice.random() < 0.15 else place
        parts.insert(dice.choice([0, 1, 1]), place)
    if "time" in stated:
        parts.insert(dice.choice([0, len(parts), len(parts)]), dice.choice(LOOSE_HOURS[picture.time]))
    text = (", " if dice.random() < 0.3 else " ").join(parts)
    return Caption(text, claims_of(picture, stated, group))


def _name(picture: Picture, dice: random.Random) -> tuple[str, str | None]:
    """Return a word for the object, and the group when it is a group word."""
    names = NAMES[picture.object]
    noun = dice.choice(names + MORE_NAMES.get(picture.object, []) if dice.random() < 0.5 else names)
    groups = groups_of(picture.object)
    if groups and dice.random() < 0.15:
        noun = dice.choice(groups)
        return noun, noun
    return noun, None


def _for_two(noun: str, dice: random.Random) -> str:
    if dice.random() < 0.75:
        return TWO + plural(noun)
    return plural(noun) if dice.random() < 0.5 else noun


def _coloured(picture: Picture, noun: str, dice: random.Random) -> str:
    colour = dice.choice(loose_hues(picture.colour)) if dice.random() < 0.3 else picture.colour
    form = dice.random()
    if noun.startswith(TWO):
        return f"two {colour} {noun.removeprefix(TWO)}" if form < 0.7 else f"{noun}, {colour}"
    if form < 0.6:
        return f"{colour} {noun}"
    if form < 0.8:
        return f"{noun}, {colour}" if dice.random() < 0.6 else f"{noun} {colour}"
    if picture.object in PEOPLE:
        return f"{noun} {dice.choice(['in', 'wearing', 'with'])} {colour}"
    return f"{noun} that is {colour}"


def _padded(picture: Picture, phrase: str, dice: random.Random, *, with_article: bool) -> str:
    """Add an article, a verb and a filler or a made-up word, each now and then."""
    if dice.random() < 0.4 and with_article:
        phrase = f"{dice.choice(['a', 'a', 'the', 'one'])} {phrase}"
    if dice.random() < 0.15:
        phrase = f"{phrase} {dice.choice(DOING.get(picture.object, ['there']))}"
    if dice.random() < 0.15:
        words = phrase.split(" ")
        place = dice.randrange(len(words))
        known = dice.random() < 0.7
        made_up = "" if known else "".join(dice.choice(LETTERS) for _ in range(dice.randint(3, 5)))
        words.insert(place, made_up or dice.choice(FILLERS))
        phrase = " ".join(words)
    return phrase
