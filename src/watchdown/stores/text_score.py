"""How well a line answers half-remembered words: a score in [0, 1] that depends on nothing but the two.

It is the same in every store, at every epoch and on every page: stores only find candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract, extractOne

EXACT: Final = 1.0
STEM: Final = 0.9
ONE_TYPO: Final = 0.75
TWO_TYPOS: Final = 0.6
ONE_TYPO_FROM: Final = 4  # letters that a word must have to be forgiven one typo
TWO_TYPOS_FROM: Final = 8
COVERAGE_FLOOR: Final = 0.5  # of the query's words, by weight, that a line must have
BEYOND_HOPE: Final = 1 - COVERAGE_FLOOR + 1e-9  # of the query missing: no need to look at the rest
NEAR: Final = 3
Line = tuple[Sequence[str], Sequence[str]]

_COVERAGE, _ORDER, _LENGTH = 0.75, 0.2, 0.05


def typos_allowed(word: str) -> int:
    """Return how many typos a word of this length is forgiven."""
    return (len(word) >= ONE_TYPO_FROM) + (len(word) >= TWO_TYPOS_FROM)


def _weight(word: str) -> float:
    """Short words of alphabets say little: the, of, y, la."""
    return {1: 0.3, 2: 0.4, 3: 0.7}.get(len(word), 1.0) if word.isascii() else 1.0


@lru_cache(maxsize=64)
def _weights(words: Sequence[str]) -> tuple[tuple[float, ...], float]:
    """Return the weight of each word of a query, and of all."""
    weights = tuple(map(_weight, words))
    return weights, sum(weights)


def _word_at(word: str, tokens: Sequence[str], after: int) -> int | None:
    """Return where a word stands in the tokens, preferably after a position."""
    if word not in tokens:
        return None
    first = tokens.index(word)
    if first <= after and word in tokens[after + 1 :]:
        return tokens.index(word, after + 1)
    return first


def _phrase_at(phrase: Sequence[str], tokens: Sequence[str], after: int) -> int | None:
    """Return where the phrase stands in the tokens, preferably after a position."""
    if len(phrase) == 1:
        return _word_at(phrase[0], tokens, after)
    if not phrase or phrase[0] not in tokens:
        return None
    size = len(phrase)
    places = [i for i in range(len(tokens) - size + 1) if list(tokens[i : i + size]) == list(phrase)]
    return next((i for i in places if i > after), places[0] if places else None)


def fuzzy_at(word: str, tokens: Sequence[str]) -> tuple[float, int] | None:
    """Return the grade and the place of the token that a misspelt word is nearest to, or None."""
    allowed = typos_allowed(word)
    nearest = allowed and extractOne(word, tokens, scorer=OSA.distance, score_cutoff=allowed)
    if not nearest:
        return None
    _, distance, place = nearest
    return (ONE_TYPO if distance <= 1 else TWO_TYPOS), place


def _match(
    word: str, stems: Sequence[str], line_words: Sequence[str], line_stems: Sequence[str], after: int
) -> tuple[float, int] | None:
    """Return the grade of a query word in a line and its place, or None."""
    place = _word_at(word, line_words, after)
    if place is not None:
        return EXACT, place
    for stem in stems:
        place = _phrase_at(stem.split(), line_stems, after)
        if place is not None:
            return STEM, place
    return fuzzy_at(word, line_words)


def text_scores(words: Sequence[str], stems: Sequence[Sequence[str]], lines: Sequence[Line]) -> list[float]:
    """Return the `text_score` of each line, its words and its stems.

    Most candidates have too little of the query; they are told by looking up their words, each known once.
    """
    weights, whole = _weights(tuple(words))
    if not whole:
        return [0.0] * len(lines)
    known = _known(words, set[str]().union(*(line for line, _ in lines)))
    roots = _known_stems(stems)
    to_know, first_stems = set(known), set(roots)
    enough: dict[int, bool] = {}
    scores = []
    for line_words, line_stems in lines:
        here = 0
        for word in to_know.intersection(line_words):
            here |= known[word]
        for stem in first_stems.intersection(line_stems):
            here |= roots[stem]
        if here not in enough:
            there = sum(weight for place, weight in enumerate(weights) if here >> place & 1)
            enough[here] = whole - there <= BEYOND_HOPE * whole
        scores.append(text_score(words, stems, line_words, line_stems) if enough[here] else 0.0)
    return scores


def _known(words: Sequence[str], vocabulary: set[str]) -> dict[str, int]:
    """Return the words of lines that a word of the query may stand for, a bit for each of its places."""
    found: dict[str, int] = {}
    listed = [*vocabulary]
    for place, word in enumerate(words):
        if allowed := typos_allowed(word):
            near = [
                one
                for one, _, _ in extract(word, listed, scorer=OSA.distance, score_cutoff=allowed, limit=None)
            ]
        else:
            near = [word]
        for one in near:
            found[one] = found.get(one, 0) | 1 << place
    return found


def _known_stems(stems: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return the first token of every stem of the query, a bit for each place of its word."""
    found: dict[str, int] = {}
    for place, alternatives in enumerate(stems):
        for stem in alternatives:
            for first in stem.split()[:1]:
                found[first] = found.get(first, 0) | 1 << place
    return found


def text_score(
    words: Sequence[str], stems: Sequence[Sequence[str]], line_words: Sequence[str], line_stems: Sequence[str]
) -> float:
    """Return the score of a line, 0 when too little of the query is in it; 1 is the very line.

    `words` and `stems` are those of a TextLeaf; `line_words` and `line_stems` those of the line's analysis.
    """
    if not words or not line_words:
        return 0.0
    found: list[tuple[float, int] | None] = []
    weights, whole = _weights(tuple(words))
    after, missing = -1, 0.0
    for word, alternatives, weight in zip(words, stems, weights, strict=True):
        match = _match(word, alternatives, line_words, line_stems, after)
        if match is None:
            missing += weight
            if missing > BEYOND_HOPE * whole:
                return 0.0
        else:
            after = match[1]
        found.append(match)
    coverage = sum(weight * match[0] for weight, match in zip(weights, found, strict=True) if match) / whole
    if coverage < COVERAGE_FLOOR:
        return 0.0
    length = min(len(words), len(line_words)) / max(len(words), len(line_words))
    return _COVERAGE * coverage + _ORDER * _order(found) + _LENGTH * length


def _order(found: Sequence[tuple[float, int] | None]) -> float:
    """Return how much of the query stands in the line in its order, neighbours side by side."""
    if len(found) == 1:
        return 1.0
    kept = 0.0
    for first, second in pairwise(found):
        if first and second:
            gap = second[1] - first[1]
            kept += 1.0 if gap == 1 else 0.6 if 0 < gap <= NEAR else 0.2
    return kept / (len(found) - 1)
