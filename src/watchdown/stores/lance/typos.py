"""Typos: the spellings to ask Lance for, so that it finds every word that the score forgives.

Lance's own fuzzy match counts two letters that changed places as two typos, and sees only rows that are
in its index: so swapped spellings are asked for as words of their own, and rows outside are compared here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from watchdown.stores.text_score import typos_allowed

KEEP_FRAGMENTS: Final = 1_000


def spellings(words: Iterable[str]) -> Mapping[int, set[str]]:
    """Return what to look for, by the number of letters that Lance may still find changed."""
    found: dict[int, set[str]] = defaultdict(set)
    for word in words:
        spelt = {word}
        found[0] |= spelt
        for changes in range(typos_allowed(word), -1, -1):
            found[changes] |= spelt
            spelt = {swapped for one in spelt for swapped in _swaps(one)}
    return found


def _swaps(word: str) -> set[str]:
    """Return the word with each two neighbouring letters in the other order."""
    return {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}


class TailWords:
    """The words of rows that a text index does not cover yet, kept by fragment, which never changes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], frozenset[str]] = {}

    def near(self, words: Sequence[str], name: str, dataset: Any, column: str) -> set[str]:
        """Return the words of the tail that a query word may have been meant for."""
        tail = sorted(self._words(name, dataset, column))
        near: set[str] = set()
        for typos in (1, 2):
            meant = [word for word in words if typos_allowed(word) == typos]
            if meant and tail:
                distances = cdist(meant, tail, scorer=OSA.distance, score_cutoff=typos, dtype=np.uint8)
                near |= {tail[at] for at in np.flatnonzero((distances <= typos).any(axis=0))}
        return near

    def _words(self, name: str, dataset: Any, column: str) -> frozenset[str]:
        covered = {
            fragment
            for index in dataset.describe_indices()
            if index.field_names == [column]
            for segment in index.segments
            for fragment in segment.fragment_ids
        }
        if len(self._kept) > KEEP_FRAGMENTS:
            self._kept = {}
        return frozenset().union(
            *(
                self._read(name, fragment, column)
                for fragment in dataset.get_fragments()
                if fragment.fragment_id not in covered
            )
        )

    def _read(self, name: str, fragment: Any, column: str) -> frozenset[str]:
        key = (name, fragment.fragment_id)
        if (kept := self._kept.get(key)) is None:
            texts = fragment.scanner(columns=[column]).to_table()[column].combine_chunks()
            kept = frozenset(pc.unique(pc.utf8_split_whitespace(texts).flatten()).to_pylist())
            self._kept[key] = kept
        return kept
