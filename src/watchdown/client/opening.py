"""Open the parts of a library, for commands that work on it rather than ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdown.client.services import Services
from watchdown.settings import Settings


@contextmanager
def opened(place: Path) -> Iterator[Services]:
    """Give the parts of the library at a place, and close them at the end."""
    services = Services(Settings.read(place), create=False)
    try:
        yield services
    finally:
        services.close()
