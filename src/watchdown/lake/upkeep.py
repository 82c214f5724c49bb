"""Upkeep of a Lance table: small files merged, old versions dropped, deleted rows written out of all files.

LanceDB brings indices up to date, because it cannot read those that a newer Lance writes; it merges small
files with them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import lance

NEVER: Final = timedelta(days=36_500)  # LanceDB would go by a version's age, not by when it was replaced
AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Freed:
    """How many old versions went, and how many bytes of the disk they held."""

    versions: int = 0
    bytes: int = 0


def merge(table: Any) -> None:
    """Merge small files of a table that LanceDB has open, and bring its indices up to date."""
    table.optimize(cleanup_older_than=NEVER)


def fragments(path: Path) -> int:
    """Return of how many files a table's rows are read."""
    return len(lance.dataset(str(path)).get_fragments())


def replaced(known: Sequence[tuple[int, float]], before: float) -> list[int]:
    """Return the versions that a later one took the place of before a time, of (version, made at).

    Whoever began to read a version did so while it was the newest: its own age says nothing.
    """
    ordered = sorted(known)
    return [version for (version, _), (_, later) in pairwise(ordered) if later <= before]


def drop_versions(path: Path, retention: timedelta, *, unfinished: bool = False) -> Freed:
    """Drop versions that were replaced longer ago than `retention`, and return what that freed.

    With `unfinished`, files of writes that were broken off go as well: nobody else may write meanwhile.
    """
    dataset: Any = lance.dataset(str(path))
    versions, size = 0, 0
    known = [(one["version"], one["timestamp"].timestamp()) for one in dataset.versions()]
    old = replaced(known, time.time() - retention.total_seconds() if retention else math.inf)
    for some in _parts(old) or ([[]] if unfinished else []):
        told = dataset.cleanup_old_versions(
            versions=some or None,
            older_than=None if some else NEVER,
            error_if_tagged_old_versions=False,
            delete_unverified=unfinished,
        )
        versions, size = versions + told.old_versions, size + told.bytes_removed
    return Freed(versions, size)


def rewrite(path: Path) -> None:
    """Write anew the files that hold deleted rows, so that no file of the newest version has any of them."""
    lance.dataset(str(path)).optimize.compact_files(
        materialize_deletions=True, materialize_deletions_threshold=0.0
    )


def rows_in_any_version(path: Path, condition: str) -> int:
    """Return how many rows answer a condition, in SQL, in that version that has the most of them."""
    newest = lance.dataset(str(path))
    counts = (
        lance.dataset(str(path), version=one["version"]).count_rows(condition) for one in newest.versions()
    )
    return max(counts, default=0)


def _parts(versions: Sequence[int]) -> list[list[int]]:
    return [list(versions[at : at + AT_ONCE]) for at in range(0, len(versions), AT_ONCE)]
