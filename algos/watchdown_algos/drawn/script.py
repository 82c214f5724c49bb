"""The demo's six short films as written: what each shot shows and what is said in it, in each language."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from watchdown_algos.drawn.film import DrawnLine, Film, cut
from watchdown_algos.drawn.picture import Picture

# A silent shot lasts this long; a spoken one as long as its longest line takes to say.
SILENT: Final = (1.5, 2.5)
SPOKEN: Final = (2.0, 4.0)
SECONDS_PER_LETTER: Final = 0.055
# A line begins and ends this far inside its shot, on a millisecond, which is as fine as SRT tells time.
MARGIN_MS: Final = 200
MS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """One film of `scripts/`; `sound` says whether it hums."""

    name: str
    shots: tuple[Mapping[str, Any], ...]
    sound: bool = False

    def film(self) -> Film:
        """Shoot the script."""
        dice = random.Random(self.name)
        pictures = [Picture(**shot["picture"]) for shot in self.shots]
        seconds = [_seconds(_spoken(shot), dice) for shot in self.shots]
        shots = cut(pictures, seconds, seed=self.name)
        lines = tuple(
            DrawnLine(
                start_ns=(-(-on_screen.start_ns // MS) + MARGIN_MS) * MS,
                end_ns=(on_screen.end_ns // MS - MARGIN_MS) * MS,
                language=language,
                text=text,
            )
            for on_screen, shot in zip(shots, self.shots, strict=True)
            for language, text in _spoken(shot).items()
        )
        return Film(name=self.name, shots=shots, lines=lines)


def scripts() -> Iterator[Script]:
    """Yield the six scripts in a fixed order."""
    folder = files("watchdown_algos.drawn") / "scripts"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        script = tomllib.loads(file.read_text(encoding="utf-8"))
        yield Script(name=script["name"], shots=tuple(script["shots"]), sound=script.get("sound", False))


def _spoken(shot: Mapping[str, Any]) -> dict[str, str]:
    return {language: text for language, text in shot.items() if language != "picture"}


def _seconds(spoken: Mapping[str, str], dice: random.Random) -> float:
    if not spoken:
        return dice.uniform(*SILENT)
    shortest, longest = SPOKEN
    return min(longest, max(shortest, 1 + SECONDS_PER_LETTER * max(map(len, spoken.values()))))
