"""What the catalogue holds: titles, timelines and assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from watchdown_schemas import time as exact

AssetKind = Literal["video", "audio", "text", "image"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Title:
    """What people know by name, with a unique id."""

    id: str
    name: str
    added_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """One cut of a title on which times are counted; zero is the primary video's first presented frame."""

    id: str
    title: str
    duration_ns: int
    rate: Fraction
    start_frame: int = 0
    drop_frame: bool | None = None

    def timecode(self, ns: int) -> str:
        """Return the SMPTE time code at `ns`, counted from the source's own start."""
        return exact.timecode(ns, self.rate, start_frame=self.start_frame, drop_frame=self.drop_frame)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file of a title, or one text track inside its video file (`facts["stream"]`)."""

    id: str
    title: str
    timeline: str
    kind: AssetKind
    path: str
    fingerprint: str
    copied: bool = False
    language: str | None = None
    offset_ns: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
