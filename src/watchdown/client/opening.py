"""Open the parts of a library, for commands that work on it rather than ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdown.client.checking import check
from watchdown.client.services import Services
from watchdown.settings import Settings


@contextmanager
def opened(place: Path, *, ask: bool = False) -> Iterator[Services]:
    """Give the parts of the library at a place, and close them at the end.

    With `ask`, its servers are asked first, all at once and for a few seconds: what is missing is named
    before anything waits for it.
    """
    settings = Settings.read(place)
    for asked in check(settings) if ask else ():
        if asked.error is not None:
            raise asked.error
    services = Services(settings, create=False)
    try:
        yield services
    finally:
        services.close()
