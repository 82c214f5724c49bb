"""The load budget for people: seen with who loads now, and changed while loads go on."""

from __future__ import annotations

from math import isfinite
from typing import Final

from watchdown.client.results import LoadBudget, Loader
from watchdown.client.services import Services
from watchdown.load.clock import RealClock
from watchdown.load.leases import Leases, Limits
from watchdown_schemas.errors import QueryError

MOST: Final = 1e15  # beyond what any store takes


def show(services: Services) -> LoadBudget:
    """Return the budget and who loads now."""
    leases = Leases(services.database, RealClock())
    limits = leases.limits()
    return LoadBudget(
        documents_per_s=limits["documents"],
        bytes_per_s=limits["bytes"],
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
            )
            for one in leases.loading()
        ),
    )


def change(services: Services, limits: Limits) -> LoadBudget:
    """Change limits by kind, None to lift one; all loaders go by them within two seconds."""
    for limit in limits.values():
        if limit is not None and not (isfinite(limit) and 0 <= limit <= MOST):
            raise QueryError(f"{limit:g}", "is no rate", "Give a number from 0, which pauses all loads")
    Leases(services.database, RealClock()).set_limits(limits)
    return show(services)
