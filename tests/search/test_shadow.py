"""How much two answers to a query differ."""

from __future__ import annotations

import pytest

from watchdown.search.hit import Hit
from watchdown.search.shadow import mean, shift


def hits(*places: int, score: float = 0.5, run: int = 1) -> list[Hit]:
    """Return hits at these places of a title."""
    return [
        Hit(
            id=f"{run}/{place}",
            title="t",
            title_name="T",
            timeline="t.1",
            asset="a",
            type="Embedding",
            start_ns=place,
            end_ns=place + 1,
            timecode="",
            score=score,
            source="visual",
            text=None,
            run=run,
            thumbnail=None,
        )
        for place in places
    ]


def test_the_same_places_in_the_same_order_do_not_differ() -> None:
    found = shift(hits(1, 2, 3), hits(1, 2, 3, score=0.75, run=2))
    assert (found.overlap, found.rank_correlation, found.score_shift) == (1, 1, 0.25)
    assert (found.gone, found.came) == ((), ())


def test_an_order_turned_round_is_correlated_the_other_way() -> None:
    assert shift(hits(1, 2, 3), hits(3, 2, 1)).rank_correlation == -1
    assert shift(hits(1, 2, 3, 4), hits(1, 2, 4, 3)).rank_correlation == pytest.approx(0.8)


def test_what_only_one_answer_has_is_told() -> None:
    found = shift(hits(1, 2), hits(2, 3, 4, run=2))
    assert found.overlap == pytest.approx(1 / 3)
    assert found.rank_correlation is None
    assert [hit.start_ns for hit in found.gone] == [1]
    assert [hit.start_ns for hit in found.came] == [3, 4]


def test_answers_without_hits_are_compared_too() -> None:
    assert shift([], []).overlap == 1
    assert (shift(hits(1), []).overlap, shift([], hits(1)).score_shift) == (0, None)


def test_a_mean_leaves_out_what_is_not_there() -> None:
    assert mean([0.5, None, 1.0]) == 0.75
    assert mean([None]) is None
