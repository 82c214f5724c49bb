"""Subtitle files written by hand, and the dialogue that a title has."""

from pathlib import Path

import watchdown

SECOND = 1_000_000_000


def block(number: int, start: str, end: str, text: str) -> str:
    """Return one block of an SRT file."""
    return f"{number}\n{start} --> {end}\n{text}\n\n"


GOOD = block(1, "00:00:01,000", "00:00:02,000", "A lantern für alle")
AT_ONE = [(SECOND, 2 * SECOND, "A lantern für alle")]


def lines_of(library: Path, title: str) -> list[tuple[int, int, str]]:
    """Return start, end and text of the lines of a title, which all speak of a lantern."""
    with watchdown.open(library) as opened:
        hits = opened.search("lantern", dialogue=True, titles=[title])
    return sorted((hit.start_ns, hit.end_ns, hit.text or "") for hit in hits)
