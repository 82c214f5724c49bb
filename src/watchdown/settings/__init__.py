"""The settings of a library: which drivers it stands on, and what they must know."""

from __future__ import annotations

from watchdown.settings.address import Address
from watchdown.settings.model import OpenSearchSettings, S3Settings, Settings, TritonSettings

__all__ = ["Address", "OpenSearchSettings", "S3Settings", "Settings", "TritonSettings"]
