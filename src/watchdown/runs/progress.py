"""How far work on a title has come, as its caller is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one pass over a title is: `done_ns` of `total_ns` of it decoded."""

    title: str
    stage: str
    done_ns: int
    total_ns: int


Report = Callable[[Progress], None]
