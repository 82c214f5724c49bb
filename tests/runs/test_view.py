from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from watchdown.view import View


@st.composite
def views(draw: st.DrawFn) -> View:
    last = draw(st.integers(0, 40))
    visible = draw(st.frozensets(st.integers(1, last))) if last else frozenset()
    return View(epoch=1, last_run=last, visible=visible)


@given(views(), st.lists(st.integers(1, 60)))
def test_hidden_is_every_run_that_is_not_visible(view: View, runs: list[int]) -> None:
    hides = view.hides(np.asarray(runs, dtype=np.int64))
    assert hides.tolist() == [run not in view.visible for run in runs]


@given(views(), st.integers(1, 10**12))
def test_a_run_later_than_the_view_is_hidden(view: View, more: int) -> None:
    assert view.hides(np.asarray([view.last_run + more])).tolist() == [True]


@given(views(), st.frozensets(st.text(max_size=3)))
def test_a_view_within_titles_hides_the_same_runs(view: View, titles: frozenset[str]) -> None:
    within = view.within(titles)
    assert within.titles == titles
    assert (within.hidden == view.hidden).all()
    assert within.within(None) == view
