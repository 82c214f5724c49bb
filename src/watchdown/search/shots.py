"""Which shot a moment lies in, and the picture that stands for it: interval joins with the active lists."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from watchdown.stores.protocol import Searcher, Snapshot
from watchdown.view import View

KEPT_TITLES: Final = 1_000
SHOT = ("id", "run", "title", "timeline", "asset", "start_ns", "end_ns")
KEYFRAME = ("shot_start_ns", "shot_end_ns", "thumbnail")


@dataclass(frozen=True, slots=True)
class _Ranges:
    """Ranges of one title that do not overlap, by their start."""

    starts: list[int]
    rows: list[Mapping[str, Any]]

    def at(self, ns: int, end: str) -> Mapping[str, Any] | None:
        place = bisect_right(self.starts, ns) - 1
        return self.rows[place] if place >= 0 and ns < self.rows[place][end] else None


class ShotLists:
    """The shots and keyframes of titles as one view sees them, read title by title and kept for a while."""

    def __init__(self, searcher: Searcher, view: View, snapshot: Snapshot) -> None:
        self._searcher = searcher
        self._view = view.within(None)
        self._snapshot = snapshot
        self._shots: dict[str, _Ranges] = {}
        self._keyframes: dict[str, _Ranges] = {}

    def serves(self, view: View, snapshot: Snapshot) -> bool:
        """Whether these lists are what another query of this view and snapshot would read."""
        same = all(self._snapshot.get(name) == snapshot.get(name) for name in ("Shot", "Keyframe"))
        return same and view.epoch == self._view.epoch and len(self._shots) < KEPT_TITLES

    def _ranges(self, schema: str, columns: tuple[str, ...], start: str, title: str) -> _Ranges:
        view = self._view.within(frozenset({title}))
        batches = self._searcher.scan(schema, view, columns=columns, snapshot=self._snapshot)
        rows = sorted((row for batch in batches for row in batch.to_pylist()), key=lambda row: row[start])
        return _Ranges([row[start] for row in rows], rows)

    def shot(self, title: str, ns: int) -> Mapping[str, Any] | None:
        """Return the shot on screen at a moment."""
        if title not in self._shots:
            self._shots[title] = self._ranges("Shot", SHOT, "start_ns", title)
        return self._shots[title].at(ns, "end_ns")

    def thumbnail(self, title: str, ns: int) -> str | None:
        """Return the key of the picture of the shot on screen at a moment."""
        if title not in self._keyframes:
            self._keyframes[title] = self._ranges("Keyframe", KEYFRAME, "shot_start_ns", title)
        keyframe = self._keyframes[title].at(ns, "shot_end_ns")
        return keyframe["thumbnail"] if keyframe else None
