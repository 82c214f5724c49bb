"""Runs that are wanted, and which of a slot's runs is such a one already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from watchdown.runs.memo import MENDED
from watchdown.runs.states import OPEN, State

WRITTEN: Final = "written"  # the origin of a run whose rows come from a program, part by part


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRun:
    """A run as its planner wants it: what is computed for a title, by the key of all that it depends on."""

    title: str
    timeline: str
    algorithm: str
    version: str
    memo_key: str
    model: str | None


class Past(NamedTuple):
    """A run of a slot as far as planning must know it; there are very many of them."""

    number: int
    title: str
    algorithm: str
    state: State
    memo_key: str
    content: str | None
    batch: str | None
    rolled_back_at: str | None


# In these states a run counts; one that was superseded can be shown again until its rows are removed.
COUNTING: Final = (*OPEN, State.ACTIVE, State.QUARANTINED)
_OPEN: Final = frozenset(OPEN)
_COUNTING: Final = frozenset(COUNTING)


def is_of(memo_key: str, wanted: str) -> bool:
    """Whether a run of that key is as good as one of the wanted key: rows mended by hand count as well."""
    return memo_key == wanted or memo_key.startswith(wanted + MENDED)


def settled(runs: Iterable[Past], memo_key: str) -> Past | None:
    """Return which of a slot's runs makes a new one needless: the newest that counts, else one seen before.

    The latter is shown again, unless somebody took it back.
    """
    found: Past | None = None
    for run in runs:
        if is_of(run.memo_key, memo_key) and (found is None or _rank(run) > _rank(found)):
            found = run
    return found


def _rank(run: Past) -> tuple[bool, int]:
    return run.state in _COUNTING, run.number


def outdated(runs: Iterable[Past], memo_key: str) -> list[int]:
    """Return which of a slot's runs are open for another key: their inputs are no more."""
    return [run.number for run in runs if run.state in _OPEN and not is_of(run.memo_key, memo_key)]
