"""The words for how a slot stands."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Standing(StrEnum):
    """How a slot stands, in one word or three."""

    READY = "ready"
    OLD = "old"
    WORKING = "working"
    FAILED = "failed"
    HELD = "held"
    DEAD_LETTERS = "dead letters"
    TAKEN_BACK = "taken back"
    BLOCKED = "blocked"
    MISSING = "missing"
    NOT_FOR_IT = "not for it"


WELL: Final = frozenset({Standing.READY, Standing.NOT_FOR_IT})  # nothing is to be done
