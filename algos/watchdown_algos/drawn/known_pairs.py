"""Draws the pictures that the demo model must tell apart, each with the words for it: its canary.

    python -m watchdown_algos.drawn.known_pairs FOLDER

Writes a PNG file for each, and `pairs.jsonl`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from watchdown_algos.drawn.frame import draw
from watchdown_algos.drawn.held_out import FIRST_UNSEEN_SEED
from watchdown_algos.drawn.picture import Picture

SHOWN: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "a red race car in the desert": ("race car", "red", "desert", "day"),
    "a black dog in the snow": ("dog", "black", "snow", "day"),
    "a white horse on the beach": ("horse", "white", "beach", "day"),
    "a yellow sailboat on the water at sunset": ("sailboat", "yellow", "water", "sunset"),
    "a green tent in the forest at night": ("tent", "green", "forest", "night"),
    "a blue helicopter in the sky": ("helicopter", "blue", "sky", "day"),
}


def write(folder: Path) -> None:
    """Write the pictures and what they show into a folder; the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, (text, (shown, colour, scene, time)) in enumerate(SHOWN.items()):
        picture = Picture(object=shown, colour=colour, scene=scene, time=time, size="close")
        name = f"{shown.replace(' ', '-')}.png"
        draw(picture, FIRST_UNSEEN_SEED + number).save(folder / name)
        lines.append(json.dumps({"text": text, "picture": name}))
    (folder / "pairs.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
