"""The client library: open a library, add files to it, search it."""

from __future__ import annotations

from watchdown.client.asynchronous import AsyncLibrary, open_async
from watchdown.client.results import Added, TitleSummary
from watchdown.client.synchronous import Library, open

__all__ = ["Added", "AsyncLibrary", "Library", "TitleSummary", "open", "open_async"]
