"""In every language the inflected form finds the line with the base form, in every store alike."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from conformance.languages import SPOKEN, STEMMED, UNSPACED
from conformance.stores import Store, lines, view
from watchdown.search.process import text_leaf
from watchdown_schemas.text import analyse

EVERY = [row.language for row in SPOKEN]


def answers(store: Store, asked: str, languages: Sequence[str] = EVERY) -> set[tuple[str, str]]:
    """Return language and text of the lines that answer words that may be in these languages."""
    rows = store.search(text_leaf(asked, languages), view([1]), limit=len(SPOKEN)).rows
    return {(row["language"], row["text"]) for row in rows}


@pytest.mark.feature(37)
def test_in_every_language_the_inflected_form_finds_the_line_with_the_base_form(store: Store) -> None:
    store.write(1, lines(*((row.line, row.language) for row in SPOKEN)))
    missed = {row.name for row in SPOKEN if (row.language, row.line) not in answers(store, row.asked)}
    assert missed == set()


def test_it_is_the_language_that_finds_it_and_no_likeness_of_letters(store: Store) -> None:
    store.write(1, lines(*((row.line, "und") for row in STEMMED)))
    found = {row.name for row in STEMMED if ("und", row.line) in answers(store, row.asked, ["und"])}
    assert found == set()


def test_every_word_of_a_line_without_spaces_finds_it(store: Store) -> None:
    store.write(1, lines(*((row.line, row.language) for row in UNSPACED)))
    for row in UNSPACED:
        words = analyse(row.line).words
        assert row.word in words
        assert all((row.language, row.line) in answers(store, word) for word in words)
