"""What a loader says of itself when it asks for a share of the load budget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """For whom one loads.

    All loaders of one `backfill` share what is its part; `rate` is what they want at most, in documents/s.
    Somebody waits for what is `urgent`: a share is kept for it. Only `rate` has an effect yet.
    """

    backfill: int | None = None
    rate: float | None = None
    urgent: bool = False


NOBODY = Claim()
