"""What searches would answer if other runs were seen: the same queries on the view of now and on another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from watchdown.catalogue.directory import Known
from watchdown.search.hit import Hit
from watchdown.view import View

_Place: TypeAlias = tuple[str, str, int]


class Seen(Protocol):
    """The part of a directory that searches ask."""

    def view(self, epoch: int | None = None) -> View:
        """Return what readers see now, or saw at an earlier epoch."""
        ...

    def models(self, view: View) -> Mapping[str, set[str]]:
        """Return the fingerprints of the models behind the visible runs, by algorithm."""
        ...

    def languages(self) -> Collection[str]:
        """Return the languages of all subtitle tracks."""
        ...

    def known(self, titles: Collection[str]) -> Mapping[str, Known]:
        """Return titles by id with their timelines."""
        ...


class Shadow:
    """A directory in which a view is seen that is nobody's."""

    def __init__(self, inner: Seen, view: View, models: Mapping[str, set[str]]) -> None:
        """Take all but the view, and the models behind it, from `inner`."""
        self._view = view
        self._models = models
        self.languages = inner.languages
        self.known = inner.known

    def view(self, epoch: int | None = None) -> View:
        """Return the view."""
        del epoch
        return self._view

    def models(self, view: View) -> Mapping[str, set[str]]:
        """Return the fingerprints of the models behind its runs, by algorithm."""
        del view
        return self._models


@dataclass(frozen=True, slots=True)
class Shift:
    """How the first hits of a query change; `gone` and `came` are those that only one answer has."""

    overlap: float
    rank_correlation: float | None
    score_shift: float | None
    gone: tuple[Hit, ...]
    came: tuple[Hit, ...]


def shift(before: Sequence[Hit], after: Sequence[Hit]) -> Shift:
    """Compare two answers to a query; the overlap is the share of the longer one, 1 where both are empty."""
    old, new = {_place(hit): hit for hit in before}, {_place(hit): hit for hit in after}
    both = old.keys() & new.keys()
    longer = max(len(old), len(new))
    return Shift(
        overlap=len(both) / longer if longer else 1.0,
        rank_correlation=_spearman([one for one in old if one in both], [one for one in new if one in both]),
        score_shift=_mean_score(after) - _mean_score(before) if before and after else None,
        gone=tuple(hit for place, hit in old.items() if place not in both),
        came=tuple(hit for place, hit in new.items() if place not in both),
    )


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are there; None where none is."""
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None


def _place(hit: Hit) -> _Place:
    """Return what a hit is of: the id of a frame changes from one run to the next, its place does not."""
    return hit.title, hit.timeline, hit.start_ns


def _spearman(before: Sequence[_Place], after: Sequence[_Place]) -> float | None:
    """Return the rank correlation of two orders of the same places; None of fewer than two."""
    count = len(before)
    if count <= 1:
        return None
    ranks = {place: rank for rank, place in enumerate(after)}
    apart = sum((rank - ranks[place]) ** 2 for rank, place in enumerate(before))
    return 1 - 6 * apart / (count * (count * count - 1))


def _mean_score(hits: Sequence[Hit]) -> float:
    return float(np.mean([hit.score for hit in hits]))
