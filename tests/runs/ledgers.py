"""A ledger with titles, and runs brought to any state by the steps that lead there."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.tables import timelines, titles
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.states import State
from watchdown.settings import Address

TITLES = ("a", "b", "c")
WAYS: dict[State, tuple[State, ...]] = {
    State.PLANNED: (),
    State.RUNNING: (State.RUNNING,),
    State.STAGED: (State.RUNNING, State.STAGED),
    State.VALIDATED: (State.RUNNING, State.STAGED, State.VALIDATED),
    State.LOADED: (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED),
    State.FAILED: (State.RUNNING, State.FAILED),
    State.CANCELLED: (State.CANCELLED,),
    State.QUARANTINED: (State.RUNNING, State.STAGED, State.QUARANTINED),
}


def new_database(place: Address | Path) -> Database:
    """Open a fresh database, and enter a few titles."""
    database = open_database(place)
    with database.writing() as connection:
        for title in TITLES:
            connection.execute(insert(titles).values(id=title, name=title, added_at=""))
            connection.execute(
                insert(timelines).values(
                    id=f"{title}.1",
                    title=title,
                    duration_ns=1,
                    rate_numerator=25,
                    rate_denominator=1,
                    start_frame=0,
                )
            )
    return database


def planned(ledger: Ledger, key: str = "k1", title: str = "a", algorithm: str = "shots") -> Run:
    """Plan a run of a slot."""
    return ledger.plan(
        title=title, timeline=f"{title}.1", algorithm=algorithm, version="1.0.0", memo_key=key, model=None
    )


def brought(ledger: Ledger, state: State, key: str = "k1", title: str = "a", algorithm: str = "shots") -> int:
    """Plan a run and bring it to a state; return its number."""
    number = planned(ledger, key, title, algorithm).number
    for step in WAYS.get(state, WAYS[State.LOADED]):
        ledger.step(number, step)
    if state in (State.ACTIVE, State.SUPERSEDED):
        ledger.publish([number])
    if state is State.SUPERSEDED:
        brought(ledger, State.ACTIVE, f"after {key}", title, algorithm)
    return number
