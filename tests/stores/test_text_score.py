from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from watchdown.search.process import text_leaf
from watchdown.stores.text_score import text_score, text_scores, typos_allowed
from watchdown_schemas.text import analyse

words = st.sampled_from(["a", "to", "the", "cat", "home", "curtain", "running", "children", "猫", "天"])
queries = st.lists(words, min_size=1, max_size=6).map(tuple)


def score(query: str, line: str, language: str = "en") -> float:
    leaf, found = text_leaf(query, [language]), analyse(line, language)
    return text_score(leaf.words, leaf.stems, found.words, found.stems)


def plain(query: tuple[str, ...], line: tuple[str, ...]) -> float:
    """Score words that are their own stems."""
    return text_score(query, [(word,) for word in query], line, line)


@given(queries, queries)
def test_a_score_lies_between_nothing_and_all(query: tuple[str, ...], line: tuple[str, ...]) -> None:
    assert 0 <= plain(query, line) <= 1


typed = st.sampled_from(["running", "runing", "ran", "curtian", "curtain", "the", "hte", "猫が好き", "home"])


@given(st.lists(typed, max_size=6).map(" ".join), st.lists(st.lists(typed, max_size=6).map(" ".join)))
def test_many_lines_score_as_each_alone(query: str, texts: list[str]) -> None:
    leaf = text_leaf(query, ["en", "ja"])
    lines = [(found.words, found.stems) for found in (analyse(text, "en") for text in texts)]
    alone = [text_score(leaf.words, leaf.stems, *line) for line in lines]
    assert text_scores(leaf.words, leaf.stems, lines) == alone


@given(queries)
def test_a_line_scores_all_against_itself(line: tuple[str, ...]) -> None:
    assert plain(line, line) == 1


@given(queries, queries)
def test_only_the_very_line_scores_all(query: tuple[str, ...], line: tuple[str, ...]) -> None:
    assert (plain(query, line) == 1) == (query == line)


@given(queries, queries, st.integers(0, 6), st.sampled_from(["xylophone", "q", "zz"]))
def test_a_word_that_is_not_in_the_line_never_helps(
    query: tuple[str, ...], line: tuple[str, ...], at: int, stranger: str
) -> None:
    with_it = (*query[:at], stranger, *query[at:])
    assert plain(with_it, line) <= plain(query, line)


@given(queries)
def test_nothing_is_no_answer(line: tuple[str, ...]) -> None:
    assert plain((), line) == plain(line, ()) == 0


@given(st.permutations(["where", "is", "my", "shower", "curtain"]))
def test_order_counts(order: list[str]) -> None:
    line = ("where", "is", "my", "shower", "curtain")
    assume(tuple(order) != line)
    assert 0.75 < plain(tuple(order), line) < plain(line, line)


@pytest.mark.parametrize(
    ("better", "worse", "line"),
    [
        ("shower curtain", "curtain shower", "Pull the shower curtain aside"),
        ("shower curtain", "pull aside", "Pull the shower curtain aside"),
        ("curtain", "curtains", "Pull the shower curtain aside"),
        ("curtains", "curtian", "Pull the shower curtain aside"),
        ("curtian", "cutrian", "Pull the shower curtain aside"),
        ("pull the shower", "pull shower", "Pull the shower curtain aside"),
        ("pull the shower curtain", "pull the shower xylophone", "Pull the shower curtain aside"),
        ("shower curtain", "the xylophone curtain", "Pull the shower curtain aside"),
    ],
)
def test_what_is_nearer_to_the_line_scores_more(better: str, worse: str, line: str) -> None:
    assert score(better, line) > score(worse, line)


@pytest.mark.parametrize(
    ("query", "line", "language"),
    [
        ("run", "They were running", "en"),
        ("corriendo", "Correr es vivir", "es"),
        ("Haus", "In den Häusern", "de"),
        ("天气", "今天天气很好", "zh"),
        ("L'homme", "un homme qui rit", "fr"),
        ("haus", "HAUS", "de"),
        ("nino", "el niño", "es"),
    ],
)
def test_another_form_of_a_word_answers_in_its_language(query: str, line: str, language: str) -> None:
    assert score(query, line, language) > 0.6


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("cat", "car"),
        ("xylophone", "Pull the shower curtain aside"),
        ("the xylophone quartet", "Pull the shower curtain aside"),
        ("天", "今日は"),
        ("猫", "犬"),
    ],
)
def test_too_little_in_common_is_no_answer(query: str, line: str) -> None:
    assert score(query, line) == 0


@pytest.mark.parametrize(
    ("word", "typos"), [("a", 0), ("cat", 0), ("home", 1), ("curtain", 1), ("children", 2)]
)
def test_long_words_are_forgiven_more(word: str, typos: int) -> None:
    assert typos_allowed(word) == typos
