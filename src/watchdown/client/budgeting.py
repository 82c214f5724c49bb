"""The load budget for people: seen with who loads now, and changed while loads go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from watchdown.client.results_budget import LoadBudget, Loader
from watchdown.client.services import Services
from watchdown.load.clock import RealClock
from watchdown.load.leases import KINDS, Leases
from watchdown_schemas.errors import QueryError

MOST: Final = 1e15  # beyond what any store takes
MOST_RESERVE: Final = 0.9  # the others must go on
CHOICES: Final = ("paused", "auto", "reserve")


def show(services: Services) -> LoadBudget:
    """Return the budget and who loads now."""
    found = Leases(services.database, RealClock()).budget()
    ruled, chosen = found.governor, found.choices
    governed = ruled.rate if chosen.auto else None
    lowered = None if governed is None else datetime.fromtimestamp(ruled.changed_at, UTC)
    return LoadBudget(
        documents_per_s=found.limits["documents"],
        bytes_per_s=found.limits["bytes"],
        paused=chosen.paused,
        auto=chosen.auto,
        reserve=chosen.reserve,
        governed_per_s=governed,
        why=ruled.why if governed is not None else "",
        lowered_at=lowered.isoformat("T", "seconds") if lowered else None,
        search_p95_ms=ruled.search_p95_ms if found.loaders else None,
        idle_p95_ms=ruled.idle_p95_ms,
        rejections=ruled.rejected,
        loaders=tuple(
            Loader(
                name=one["name"],
                since=one["since"],
                documents=one["documents"],
                bytes=one["bytes"],
                documents_per_s=one["documents_rate"],
                bytes_per_s=one["bytes_rate"],
                documents_share=one["documents_share"],
                bytes_share=one["bytes_share"],
                backfill=one["backfill"],
                urgent=one["urgent"],
            )
            for one in found.loaders
        ),
    )


def change(services: Services, wanted: Mapping[str, Any]) -> LoadBudget:
    """Change limits by kind, None to lift one, and choices by name; loaders go by them within two seconds.

    Raises QueryError for what is no rate, no share or nothing that can be changed.
    """
    limits = {name: value for name, value in wanted.items() if name in KINDS}
    choices = {name: value for name, value in wanted.items() if name in CHOICES}
    if strange := sorted(wanted.keys() - limits.keys() - choices.keys()):
        known = f"Name {', '.join(KINDS)}, {', '.join(CHOICES[:-1])} or {CHOICES[-1]}"
        raise QueryError(", ".join(strange), "is nothing that is limited", known)
    for limit in limits.values():
        if limit is not None and not (isfinite(limit) and 0 <= limit <= MOST):
            raise QueryError(f"{limit:g}", "is no rate", "Give a number from 0, which pauses all loads")
    reserve = choices.get("reserve", 0.0)
    if not 0 <= reserve <= MOST_RESERVE:
        raise QueryError(f"{reserve:g}", "is no share to keep", f"Give a number from 0 to {MOST_RESERVE}")
    leases = Leases(services.database, RealClock())
    if limits:
        leases.set_limits(limits)
    if choices:
        leases.choose(**choices)
    return show(services)
