"""Short drawn titles: which shots follow one another, when, and what is said; the exact truth of a film."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from watchdown_algos.drawn.held_out import FIRST_UNSEEN_SEED, Kind, any_picture
from watchdown_algos.drawn.picture import Picture
from watchdown_schemas.time import frame_at, frame_start

RATE: Final = Fraction(24)
KINDS: Final[tuple[Kind, ...]] = ("seen", "unseen colour")


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnShot:
    """One shot, on screen in `[start_ns, end_ns)`."""

    picture: Picture
    seed: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnLine:
    """One spoken line in `[start_ns, end_ns)`; `language` is a BCP-47 code."""

    start_ns: int
    end_ns: int
    language: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Film:
    """A drawn title; its shots follow one another without gaps, each a whole number of frames long."""

    name: str
    shots: tuple[DrawnShot, ...]
    lines: tuple[DrawnLine, ...] = ()
    rate: Fraction = RATE

    @property
    def duration_ns(self) -> int:
        """Where the last shot ends."""
        return self.shots[-1].end_ns

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the lines, in order of appearance."""
        return tuple(dict.fromkeys(line.language for line in self.lines))


def film_of(
    seed: int,
    *,
    name: str = "",
    shots: int = 12,
    seconds: tuple[float, float] = (1.5, 4.0),
    sizes: Sequence[str] = ("close", "medium"),
    rate: Fraction = RATE,
) -> Film:
    """Return a random film; half its shots show an object in a colour that training never showed."""
    dice = random.Random(seed)
    pictures = list(_sequence(dice, shots, sizes))
    lengths = [dice.uniform(*seconds) for _ in pictures]
    return Film(name=name or f"Film {seed}", shots=cut(pictures, lengths, seed=seed, rate=rate), rate=rate)


def cut(
    pictures: Iterable[Picture], seconds: Iterable[float], *, seed: int | str, rate: Fraction = RATE
) -> tuple[DrawnShot, ...]:
    """Lay pictures end to end, each about so many seconds long, cut on frames."""
    dice = random.Random(f"shots of {seed}")
    shots, frame = [], 0
    for picture, length in zip(pictures, seconds, strict=True):
        end = frame + max(1, frame_at(round(length * 1e9), rate))
        shots.append(
            DrawnShot(
                picture=picture,
                seed=FIRST_UNSEEN_SEED + dice.getrandbits(40),
                start_ns=frame_start(frame, rate),
                end_ns=frame_start(end, rate),
            )
        )
        frame = end
    return tuple(shots)


def _sequence(dice: random.Random, count: int, sizes: Sequence[str]) -> Iterator[Picture]:
    """Draw pictures so that neighbours differ in scene and hour: a cut must be seen to be found."""
    last: Picture | None = None
    while count:
        picture = replace(any_picture(dice, dice.choice(KINDS)), size=dice.choice(sizes))
        if last is None or (picture.scene != last.scene and picture.time != last.time):
            yield picture
            last, count = picture, count - 1
