"""How much a text is about some words: BM25 over our tokens, as a share of the most that it could be.

What is counted over all texts is counted over the rows in view, whatever filter or titles a query names: so a
score is the same in every store, on every page, and within any scope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from watchdown.stores.protocol import TextLeaf
from watchdown.stores.text_score import Line, fuzzy_at, text_scores

K1: Final = 1.2  # how soon a word that is there again says little more
B: Final = 0.75  # how much the length of a text counts
USUAL_LENGTH: Final = 100  # tokens; a fixed one, so that no average must be known
FLOOR: Final = 0.1  # of the most: what has less has only words that are common, or one of many


@dataclass(frozen=True, slots=True)
class Commonness:
    """How many rows are in view, and for each word of a leaf, how many of them have one of its stems."""

    rows: int
    having: tuple[int, ...]

    def unknown(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the words that no text has."""
        return tuple(word for word, rows in zip(words, self.having, strict=True) if not rows)


def scores_of(leaf: TextLeaf, common: Commonness | None, lines: Sequence[Line]) -> list[float]:
    """Return the score of each text as its leaf asks for it; `common` is there where it is `about`."""
    return text_scores(leaf.words, leaf.stems, lines) if common is None else relevances(leaf, common, lines)


def relevances(leaf: TextLeaf, common: Commonness, lines: Sequence[Line]) -> list[float]:
    """Return the score of each text, its words and its stems, in [0, 1]; 0 where it is less than FLOOR.

    A word that no text has may be misspelt, and counts where a text has one that it may stand for.
    """
    weights = [log(1 + (common.rows - rows + 0.5) / (rows + 0.5)) for rows in common.having]
    most = sum(weights) * (K1 + 1)
    known = [[tuple(stem.split()) for stem in alternatives] for alternatives in leaf.stems]
    asked = {token for alternatives in known for stem in alternatives for token in stem}
    words = list(zip(weights, common.having, leaf.words, known, strict=True))
    scores = []
    for line_words, line_stems in lines:
        there = Counter([stem for stem in line_stems if stem in asked])
        length = K1 * (1 - B + B * len(line_stems) / USUAL_LENGTH)
        found = 0.0
        for weight, rows, word, alternatives in words:
            if rows:
                often: float = max([_times(stem, line_stems, there) for stem in alternatives])
            else:
                meant = fuzzy_at(word, line_words)
                often = meant[0] if meant else 0
            if often:
                found += weight * often * (K1 + 1) / (often + length)
        share = found / most if most else 0.0
        scores.append(share if share >= FLOOR else 0.0)
    return scores


def has_stem(alternatives: Sequence[str], stems: Sequence[str]) -> bool:
    """Whether a text with these stems has one of a word's."""
    there = Counter(stems)
    return any(_times(tuple(stem.split()), stems, there) for stem in alternatives)


def _times(stem: tuple[str, ...], stems: Sequence[str], there: Counter[str]) -> int:
    """Return how often a stem, of one token or of several in a row, is among those of a text."""
    if len(stem) == 1:
        return there[stem[0]]
    if not stem or not all(there[token] for token in stem):
        return 0
    return sum(tuple(stems[at : at + len(stem)]) == stem for at in range(len(stems) - len(stem) + 1))
