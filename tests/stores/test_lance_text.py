from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.stores import LANGUAGES, Store, lance, lance_kept_up, lines, memory, view
from watchdown.search.process import text_leaf
from watchdown.stores.lance.typos import spellings

VOCABULARY = """
the a to be or not you curtain shower children running run home house red race car yellow boat monkey
umbrella detective cake station platform weather tomorrow yesterday nothing everything
"""
WORDS = VOCABULARY.split()
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SEEN = view([1, 3])


def corpus() -> list[str]:
    """Draw three hundred lines of a few words each."""
    dice = random.Random(5)
    return [" ".join(dice.choices(WORDS, k=dice.randint(2, 9))) for _ in range(300)]


@pytest.fixture(scope="module")
def reference() -> Store:
    return filled(memory(Path()))


@pytest.fixture(scope="module", params=[lance, lance_kept_up], ids=lambda make: make.__name__)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return filled(request.param(tmp_path_factory.mktemp("lake")))


def filled(store: Store) -> Store:
    """Write the corpus in three runs, the second to be hidden."""
    for run in range(3):
        store.write(run + 1, lines(*corpus()[run * 100 : run * 100 + 100]), title=f"t{run}")
    return store


@st.composite
def misspelt(draw: st.DrawFn) -> str:
    """A word of the vocabulary with up to three slips of the finger."""
    word = draw(st.sampled_from(WORDS))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 1, 2, 3]))):
        at = draw(st.integers(0, len(word)))
        letter = draw(st.sampled_from(LETTERS))
        word = draw(
            st.sampled_from(
                [
                    word[:at] + letter + word[at:],
                    word[:at] + word[at + 1 :],
                    word[:at] + letter + word[at + 1 :],
                    word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
                ]
            )
        )
    return word


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(misspelt(), min_size=1, max_size=5))
def test_lines_and_scores_are_those_of_the_reference(
    store: Store, reference: Store, asked: list[str]
) -> None:
    leaf = text_leaf(" ".join(asked), LANGUAGES)
    found, expected = (one.search(leaf, SEEN, 40) for one in (store, reference))
    assert [(row["id"], row["score"]) for row in found.rows] == [
        (row["id"], row["score"]) for row in expected.rows
    ]
    assert found.exhausted == expected.exhausted


@pytest.mark.feature(38)
def test_a_line_with_a_word_dropped_or_two_words_swapped_is_still_the_first_hit(store: Store) -> None:
    known = corpus()[:100]
    for line in known:
        said = line.split()
        if len(set(said)) < 6:
            continue
        middle = len(said) // 2
        dropped = [*said[:middle], *said[middle + 1 :]]
        swapped = [*said[: middle - 1], said[middle], said[middle - 1], *said[middle + 1 :]]
        for half_remembered in (dropped, swapped):
            assert store.said(" ".join(half_remembered), SEEN)[0] == line


def test_spellings_are_all_words_within_the_typos_that_a_word_is_forgiven() -> None:
    assert spellings(["cat"]) == {0: {"cat"}}
    assert spellings(["home"]) == {1: {"home"}, 0: {"home", "ohme", "hmoe", "hoem"}}
    asked = spellings(["children"])
    assert asked[2] == {"children"}
    assert "chlidren" in asked[1]
    assert {"children", "hclidren"} <= asked[0]
