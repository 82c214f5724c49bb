"""Libraries with titles that have a timeline and nothing else: rows are written into them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import watchdown
from watchdown.catalogue.model import Timeline, Title
from watchdown.client import Library
from watchdown.client.services import Services
from watchdown_algos.catalogue import AlgorithmCatalogue

SECOND = 1_000_000_000
FILM = Fraction(24000, 1001)


def services(library: Library) -> Services:
    """Return the parts behind a library."""
    return library._inner._services


def make(root: Path, *titles: str, algorithms: AlgorithmCatalogue | None = None) -> Library:
    """Return a library with titles of 100 seconds at 23.976 frames per second; each has its name as id."""
    library = watchdown.open(root, create=True, algorithms=algorithms)
    for name in titles:
        title = Title(id=name, name=name, added_at="")
        timeline = Timeline(id=f"{name}.1", title=name, duration_ns=100 * SECOND, rate=FILM)
        services(library).catalogue.add(title, timeline, [])
    return library
