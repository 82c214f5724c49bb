"""The command line: `watchdown`, thin over the client library."""

from __future__ import annotations

from watchdown.cli.main import main

__all__ = ["main"]
