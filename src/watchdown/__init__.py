"""Watchdown: run media algorithms once over a catalogue, and search their results together, in time.

import watchdown

with watchdown.open("my-library") as library:
for hit in library.search("red race car"):
print(hit.title_name, hit.timecode, hit.score)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdown.client import AsyncLibrary, Library, open, open_async
    from watchdown.search.hit import Hit, Page
    from watchdown_schemas.errors import WatchdownError

__all__ = ["AsyncLibrary", "Hit", "Library", "Page", "WatchdownError", "__version__", "open", "open_async"]
__version__ = "0.1.0"

_HOMES = {
    "AsyncLibrary": "watchdown.client",
    "Hit": "watchdown.search.hit",
    "Library": "watchdown.client",
    "Page": "watchdown.search.hit",
    "WatchdownError": "watchdown_schemas.errors",
    "open": "watchdown.client",
    "open_async": "watchdown.client",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package costs little."""
    if name not in _HOMES:
        raise AttributeError(f"module 'watchdown' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
