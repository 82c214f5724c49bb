"""The states of a run and the steps between them."""

from __future__ import annotations

from collections.abc import Mapping
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


_FAULTS: Final = frozenset({State.FAILED, State.CANCELLED})

# A run that is running may be started again: its worker died.
STEPS: Final[Mapping[State, frozenset[State]]] = {
    State.PLANNED: frozenset({State.RUNNING}) | _FAULTS,
    State.RUNNING: frozenset({State.RUNNING, State.STAGED}) | _FAULTS,
    State.STAGED: frozenset({State.VALIDATED, State.QUARANTINED}) | _FAULTS,
    State.VALIDATED: frozenset({State.LOADED, State.QUARANTINED}) | _FAULTS,
    State.LOADED: frozenset({State.ACTIVE}) | _FAULTS,
    State.ACTIVE: frozenset({State.SUPERSEDED}),
    State.SUPERSEDED: frozenset({State.ACTIVE}),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
    State.QUARANTINED: frozenset(),
}

PUBLISHED: Final = (State.ACTIVE, State.SUPERSEDED)
OPEN: Final = (State.PLANNED, State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED)
