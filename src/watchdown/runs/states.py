"""The states of a run: one table of the steps between them, who may take each, and why.

The database has the same table, and refuses every other step whatever program asks for it; `docs/states.md`
is drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a run stands."""

    PLANNED = "planned"
    RUNNING = "running"
    STAGED = "staged"
    VALIDATED = "validated"
    LOADED = "loaded"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"


class Actor(StrEnum):
    """Who takes steps: a part of the platform, a program that writes rows, or a person."""

    PLANNER = "planner"
    RECORDER = "recorder"
    VALIDATOR = "validator"
    LOADER = "loader"
    PUBLISHER = "publisher"
    COLLECTOR = "collector"
    PROGRAM = "program"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Step:
    """One way on from a state."""

    before: State
    after: State
    by: frozenset[Actor]
    why: str


def _step(before: State, after: State, why: str, *by: Actor) -> Step:
    return Step(before, after, frozenset(by), why)


_ENDS: Final = (Actor.PLANNER, Actor.PROGRAM, Actor.PERSON, Actor.COLLECTOR)
_OUTDATED: Final = "its inputs are no more, or it is wanted no more"

TABLE: Final = (
    _step(State.PLANNED, State.RUNNING, "work on it has begun", Actor.RECORDER, Actor.PROGRAM),
    _step(State.PLANNED, State.FAILED, "no worker finished it", Actor.RECORDER, Actor.PROGRAM),
    _step(State.PLANNED, State.CANCELLED, _OUTDATED, *_ENDS),
    _step(State.RUNNING, State.RUNNING, "its worker died; another begins", Actor.RECORDER, Actor.PROGRAM),
    _step(State.RUNNING, State.STAGED, "all its rows are in storage", Actor.RECORDER),
    _step(
        State.RUNNING, State.FAILED, "the algorithm raised, or none finished", Actor.RECORDER, Actor.PROGRAM
    ),
    _step(State.RUNNING, State.CANCELLED, _OUTDATED, *_ENDS),
    _step(State.STAGED, State.VALIDATED, "its rows keep the rules", Actor.VALIDATOR),
    _step(State.STAGED, State.QUARANTINED, "too many rows break them", Actor.VALIDATOR),
    _step(State.STAGED, State.FAILED, "its rows cannot be read", Actor.VALIDATOR, Actor.PROGRAM),
    _step(State.STAGED, State.CANCELLED, _OUTDATED, *_ENDS),
    _step(State.VALIDATED, State.LOADED, "the store has all its rows", Actor.LOADER),
    _step(State.VALIDATED, State.QUARANTINED, "it is held after all", Actor.VALIDATOR, Actor.PUBLISHER),
    _step(State.VALIDATED, State.FAILED, "the store refused its rows", Actor.LOADER, Actor.PROGRAM),
    _step(State.VALIDATED, State.CANCELLED, _OUTDATED, *_ENDS),
    _step(State.LOADED, State.ACTIVE, "readers see it from now on", Actor.PUBLISHER),
    _step(State.LOADED, State.QUARANTINED, "its vectors are not to be trusted", Actor.PUBLISHER),
    _step(State.LOADED, State.FAILED, "it cannot be published", Actor.PUBLISHER, Actor.PROGRAM),
    _step(State.LOADED, State.CANCELLED, _OUTDATED, *_ENDS),
    _step(
        State.ACTIVE,
        State.SUPERSEDED,
        "another takes its place, or it is taken back",
        Actor.PUBLISHER,
        Actor.PERSON,
        Actor.COLLECTOR,
    ),
    _step(State.SUPERSEDED, State.ACTIVE, "it is shown again", Actor.PUBLISHER, Actor.PERSON),
)

STEPS: Final[Mapping[State, frozenset[State]]] = {
    state: frozenset(step.after for step in TABLE if step.before is state) for state in State
}
BY: Final[Mapping[tuple[State, State], frozenset[Actor]]] = {
    (step.before, step.after): step.by for step in TABLE
}
FIRST: Final = State.PLANNED
PUBLISHED: Final = (State.ACTIVE, State.SUPERSEDED)
ENDED: Final = tuple(state for state in State if not STEPS[state])
OPEN: Final = tuple(state for state in State if state not in (*PUBLISHED, *ENDED))
