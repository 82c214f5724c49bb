"""The page of states is drawn from the table that the code goes by."""

from states_page import PAGE, current, drawn, table
from watchdown.runs.states import TABLE, State


def test_the_page_of_states_is_current() -> None:
    page = PAGE.read_text("utf-8")
    assert page == current(page), "run: make reference"


def test_every_state_is_drawn_and_every_step_is_told() -> None:
    picture = "\n".join(drawn())
    assert all(state in picture for state in State)
    assert len(table()) == 2 + len(TABLE)
