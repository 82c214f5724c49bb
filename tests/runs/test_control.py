"""What people say of a backfill reaches whoever works it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchdown.runs.backfills import Backfill, BackfillState
from watchdown.runs.control import LOOK_S, Control, Stopped
from watchdown_schemas.errors import BackfillCancelled

BACKFILL = Backfill(
    algorithm="shots",
    version="1.0.0",
    size=100,
    number=3,
    priority=0,
    state=BackfillState.RUNNING,
    handle=None,
    created_at="",
    updated_at="",
)


class Said:
    """The states that a database answers one after the other, and a time that goes on with each look."""

    def __init__(self, *states: BackfillState) -> None:
        self.states, self.at = list(states), 0.0

    def look(self) -> list[Backfill]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return [replace(BACKFILL, state=state)]

    def elapsed(self) -> float:
        self.at += LOOK_S
        return self.at


def test_rows_pass_and_are_counted() -> None:
    said = Said(BackfillState.RUNNING)
    control = Control(said.look, said.elapsed)
    control.gate(250)
    control.gate(50)
    assert (control.rows, control.paused) == (300, False)


def test_the_database_is_asked_once_a_second_at_most() -> None:
    said = Said(BackfillState.RUNNING, BackfillState.PAUSED)
    control = Control(said.look, lambda: 1.0)
    for _ in range(5):
        control.gate(1)
    assert (control.rows, said.states) == (5, [BackfillState.PAUSED])


def test_nothing_passes_a_cancelled_backfill() -> None:
    said = Said(BackfillState.PAUSED, BackfillState.CANCELLED)
    control = Control(said.look, said.elapsed)
    with pytest.raises(BackfillCancelled, match="backfill 3: was cancelled"):
        control.gate(250)
    assert control.rows == 0


def test_whoever_waits_can_be_stopped() -> None:
    said = Said(BackfillState.PAUSED)
    control = Control(said.look, said.elapsed)
    control.stop()
    with pytest.raises(Stopped):
        control.gate(250)


def test_what_is_in_no_backfill_waits_for_nobody() -> None:
    control = Control(lambda: ())
    control.gate(1)
    assert control.rows == 1


def test_it_waits_where_all_that_want_it_are_paused() -> None:
    one, other = replace(BACKFILL, state=BackfillState.PAUSED), BACKFILL
    assert not Control(lambda: [one, other]).paused
    assert Control(lambda: [one, one]).paused
