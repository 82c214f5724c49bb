"""Which records of two runs are the same one: by key, else by what they are and when."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import numpy as np

from watchdown.runs.comparing import NO_TIME, Facts, Ints

SAME: Final = 0.5  # intersection over union from which two ranges are the same thing
Pairs: TypeAlias = tuple[Ints, Ints]


def paired(before: Facts, after: Facts) -> Pairs:
    """Return the places, before and after, of records that are the same one; each is in one pair at most.

    First those of one key. Of the rest, those that say the same and share most of their time, then those that
    are of the same kind and do; at last those that say the same and are as many before as after.
    """
    _, one, other = np.intersect1d(before.key, after.key, return_indices=True)
    found = [(one.astype(np.int64), other.astype(np.int64))]
    rest = [_without(before.count, one), _without(after.count, other)]
    for what, alike in (("content", _overlapping), ("kind", _overlapping), ("content", _as_many)):
        more = alike(before, after, rest[0], rest[1], what)
        found.append(more)
        rest = [left[~np.isin(left, taken)] for left, taken in zip(rest, more, strict=True)]
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])


def _overlapping(before: Facts, after: Facts, one: Ints, other: Ints, what: str) -> Pairs:
    """Pair records that share `what` and most of their time, the nearest first."""
    there = _groups(after, other, what)
    taken: set[int] = set()
    pairs: list[tuple[int, int]] = []
    for value, places in _groups(before, one, what).items():
        candidates = there.get(value, [])
        starts = [int(after.start[place]) for place in candidates]
        for place in places:
            start, end = int(before.start[place]), int(before.end[place])
            if NO_TIME in (start, end):
                continue
            # What begins earlier than its own length before shares less than half of its time.
            near = candidates[
                bisect_left(starts, start - (end - start)) : bisect_left(starts, max(end, start + 1))
            ]
            shares = [(_shared(start, end, after, at), -at) for at in near if at not in taken]
            share, at = max(shares, default=(0.0, 0))
            if share >= SAME:
                taken.add(-at)
                pairs.append((place, -at))
    return _as_arrays(pairs)


def _as_many(before: Facts, after: Facts, one: Ints, other: Ints, what: str) -> Pairs:
    """Pair records that share `what` in the order of their time, where there are as many of them."""
    there = _groups(after, other, what)
    pairs: list[tuple[int, int]] = []
    for value, places in _groups(before, one, what).items():
        if len(places) == len(there.get(value, [])):
            pairs += zip(places, there[value], strict=True)
    return _as_arrays(pairs)


def _groups(facts: Facts, places: Ints, what: str) -> dict[int, list[int]]:
    """Return places by a value that they share, each group in the order of time."""
    values: Ints = getattr(facts, what)
    found: dict[int, list[int]] = defaultdict(list)
    for place in places[np.lexsort((facts.end[places], facts.start[places]))]:
        found[int(values[place])].append(int(place))
    return found


def _shared(start: int, end: int, facts: Facts, at: int) -> float:
    """Return the intersection of two ranges over their union; moments are the same where they are equal."""
    first, last = int(facts.start[at]), int(facts.end[at])
    if (first, last) == (start, end):
        return 1.0
    return max(0, min(end, last) - max(start, first)) / max(1, max(end, last) - min(start, first))


def _without(count: int, taken: Ints) -> Ints:
    left = np.ones(count, np.bool_)
    left[taken] = False
    return np.flatnonzero(left)


def _as_arrays(pairs: Sequence[tuple[int, int]]) -> Pairs:
    both: Iterable[Sequence[int]] = zip(*pairs, strict=True) if pairs else ([], [])
    one, other = (np.asarray(side, np.int64) for side in both)
    return one, other
