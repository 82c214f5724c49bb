"""The policy for bad rows: none at all, or up to a share."""

from __future__ import annotations

from dataclasses import dataclass

from watchdown_schemas.errors import RunError


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The share of a run's rows that may be bad; 0 is strict. A run of nothing but bad rows never passes."""

    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise RunError(
                "tolerance", f"is {self.share}, no share of the rows", "Give a number from 0 to 1."
            )

    def objection(self, good: int, refused: int) -> str | None:
        """Return why a run with so many good and refused rows may not go on; None if it may."""
        if not refused:
            return None
        if not good:
            return "every row was refused"
        found = refused / (good + refused)
        if found <= self.share:
            return None
        allowed = "none may be" if not self.share else f"at most {self.share:.3g} of them may be"
        return f"{refused} of {good + refused} rows were refused, {allowed}"
