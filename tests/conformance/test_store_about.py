"""What texts are about, in every store alike: rare words count more than common ones, in any scope."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.stores import LANGUAGES, Store, lines, memory, view
from conformance.test_store_text import SAID
from watchdown.search.process import text_leaf
from watchdown.stores.protocol import TextLeaf
from watchdown.stores.relevance import FLOOR
from watchdown.view import View
from watchdown.where import field

HARBOUR = (
    "A red car drives along the quay while the sun goes down",
    "The red of the evening, red roofs, red sails and a red car",
    "A man drives a car, another car follows the car",
    "The sun goes down behind the harbour",
    "The harbour by day: cars, cars and more cars",
    "A woman reads the letter by the window and the sun is on the wall",
)


def about(words: str) -> TextLeaf:
    return replace(text_leaf(words, LANGUAGES), about=True)


def found(store: Store, words: str, seen: View, **how: Any) -> list[tuple[str, float]]:
    return [(row["text"], row["score"]) for row in store.search(about(words), seen, **how).rows]


@pytest.mark.parametrize(
    "words",
    [
        "red car",
        "the harbour",
        "sun on the wall",
        "harbor carr",
        "nowhere",
        "haus",
        "公園で猫",
        "天气",
        "child runs",
    ],
)
def test_every_store_scores_as_the_reference(store: Store, tmp_path: Path, words: str) -> None:
    reference = memory(tmp_path / "reference")
    for one in (store, reference):
        one.write(1, lines(*HARBOUR, *SAID))
    assert found(store, words, view([1])) == found(reference, words, view([1]))


def test_a_rare_word_counts_more_than_a_common_one(store: Store) -> None:
    store.write(1, lines(*HARBOUR))
    (first, most), *others = found(store, "the letter", view([1]))
    assert first == HARBOUR[5]
    assert all(score < most / 2 for _, score in others)


def test_a_word_that_no_text_has_may_be_misspelt(store: Store) -> None:
    store.write(1, lines(*HARBOUR))
    assert found(store, "leter", view([1]))[0][0] == HARBOUR[5]
    assert found(store, "xylophone", view([1])) == []


def test_what_hardly_has_anything_of_the_words_is_no_answer(store: Store) -> None:
    store.write(1, lines(*HARBOUR))
    scores = [score for _, score in found(store, "the letter by the window", view([1]))]
    assert FLOOR <= min(scores) < max(scores) <= 1


def test_neither_hidden_runs_nor_filters_nor_titles_change_a_score(store: Store) -> None:
    store.write(1, lines(*HARBOUR[:3]), title="one")
    store.write(2, lines(*HARBOUR[3:]), title="two")
    seen = view([1, 2])
    scores = dict(found(store, "red car sun", seen))
    store.write(3, lines(*(HARBOUR[0],) * 5), title="three")
    assert dict(found(store, "red car sun", seen)) == scores
    inside = dict(found(store, "red car sun", seen.within(frozenset({"two"}))))
    chosen = dict(found(store, "red car sun", seen, where=field("line") == 0))
    assert inside == {text: scores[text] for text in HARBOUR[3:] if text in scores}
    assert chosen == {text: scores[text] for text in (HARBOUR[0], HARBOUR[3])}
