from __future__ import annotations

from watchdown.runs.states import OPEN, STEPS, State

ENDED = {State.FAILED, State.CANCELLED, State.QUARANTINED}


def reachable(state: State) -> set[State]:
    """Return the states that a run may still come to."""
    found: set[State] = set()
    ahead = [state]
    while ahead:
        for step in STEPS[ahead.pop()] - found:
            found.add(step)
            ahead.append(step)
    return found


def test_the_table_says_what_follows_each_state() -> None:
    assert set(STEPS) == set(State)
    assert reachable(State.PLANNED) == set(State) - {State.PLANNED}


def test_nothing_follows_the_end() -> None:
    assert {state for state in State if not STEPS[state]} == ENDED


def test_open_states_are_those_before_publication() -> None:
    assert set(OPEN) == {s for s in State if State.ACTIVE in reachable(s)} - {State.ACTIVE, State.SUPERSEDED}


def test_a_run_is_seen_only_after_every_station() -> None:
    assert {state for state in State if State.ACTIVE in STEPS[state]} == {State.LOADED, State.SUPERSEDED}
    for state, before in [
        (State.LOADED, State.VALIDATED),
        (State.VALIDATED, State.STAGED),
        (State.STAGED, State.RUNNING),
    ]:
        assert {other for other in State if state in STEPS[other]} == {before}


def test_open_runs_may_be_given_up_and_seen_ones_never() -> None:
    for state in State:
        assert (STEPS[state] >= {State.FAILED, State.CANCELLED}) == (state in OPEN)
