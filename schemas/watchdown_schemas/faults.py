"""Faults: what is wrong with one row of a batch, told so that a person can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from watchdown_schemas.errors import printable

SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """The rule that one field's value of one row breaks; `row` counts from zero."""

    row: int
    field: str
    value: str
    rule: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.field} {self.rule} ({self.value})"


def shown(value: Any) -> str:
    """Return a value as a fault tells it: on one line, and short."""
    if isinstance(value, str) and len(value) > 2 * SHOWN:  # never copy ten megabytes to show eighty letters
        return f"'{printable(value[:SHOWN])}'... of {len(value)} characters"
    text = printable(value if isinstance(value, str) else repr(value))
    text = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return f"'{text}'" if isinstance(value, str) else text
