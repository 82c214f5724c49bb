"""The client library: open a library, add files to it, search it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdown.client.asynchronous import AsyncLibrary, open_async
    from watchdown.client.results import Added, TitleSummary
    from watchdown.client.synchronous import Library, open

__all__ = ["Added", "AsyncLibrary", "Library", "TitleSummary", "open", "open_async"]

_HOMES = {
    "Added": "results",
    "AsyncLibrary": "asynchronous",
    "Library": "synchronous",
    "TitleSummary": "results",
    "open": "synchronous",
    "open_async": "asynchronous",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: a worker's part of a library is small."""
    if name not in _HOMES:
        raise AttributeError(f"module 'watchdown.client' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"watchdown.client.{_HOMES[name]}"), name)
