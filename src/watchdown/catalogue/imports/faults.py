"""What is wrong with a file to import: each fault with its place, and the error that carries them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.faults import shown

TOLD: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportFault:
    """The rule that one value of a file breaks.

    `row` counts as a spreadsheet does, the heading being row 1; in JSON it is the title's place in the list,
    in JSON Lines the line. It is None where the file as a whole is at fault, `column` where the whole row is.
    """

    rule: str
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        places = [
            f"row {self.row}" if self.row is not None else None,
            f"column {self.column}" if self.column is not None else None,
        ]
        place = ", ".join(one for one in places if one)
        told = self.rule if self.value is None else f"{self.value} {self.rule}"
        return f"{place}: {told}" if place else told


def fault(rule: str, *, row: int | None = None, column: str | None = None, value: Any = None) -> ImportFault:
    """Return a fault that tells its value on one line, and short."""
    told = None if value is None or value == "" else shown(value)
    return ImportFault(rule=rule, row=row, column=column, value=told)


class ImportInvalid(RecordInvalid):
    """A file to import has faults, all of them in `faults`; nothing of it was taken."""

    def __init__(self, file: str, faults: Sequence[ImportFault]) -> None:
        self.faults: Final = tuple(sorted(faults, key=lambda one: (one.row or 0, one.column or "")))
        more = len(self.faults) - TOLD
        told = [*map(str, self.faults[:TOLD]), *([f"and {more:,} more"] if more > 0 else [])]
        super().__init__(file, "; ".join(told), "Mend the file and import it again: nothing of it was taken")
