"""The load budget in the database: its limits, and leases on shares of it, each of which ends by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from watchdown.catalogue.database import Database, now
from watchdown.catalogue.tables import load_limits, loaders
from watchdown.load.clock import Clock
from watchdown.load.sharing import shares

LEASE_S: Final = 2.5
RENEW_S: Final = 1.0
SHORT_S: Final = 0.2  # sooner, while others still hold a part of the share
KINDS: Final[tuple[str, str]] = ("documents", "bytes")
WRITER: Final = "budget"
Limits = Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a loader says when it renews its lease, by kind; a want is None for all that it can get."""

    id: str
    name: str
    since: str
    taken: Mapping[str, int]
    rates: Mapping[str, float]
    wanted: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The share of a loader by kind, None without limit; more of it may be had in `again_s` seconds."""

    shares: Limits
    again_s: float


class Leases:
    """Limits and leases; every method is one transaction, and by one clock."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def renew(self, report: Report) -> Lease:
        """Return the loader's share from now on, and for LEASE_S seconds.

        No more is leased than the limit: whoever joins gets what the others have given back by then.
        """
        with self._database.writing(WRITER) as connection:
            at = self._clock.now(connection)
            connection.execute(
                delete(loaders).where((loaders.c.lease_until <= at) | (loaders.c.id == report.id))
            )
            others = list(connection.execute(select(loaders)).mappings())
            limits = _limits(connection)
            granted = {kind: _grant(kind, limits[kind], report, others) for kind in KINDS}
            found = {kind: share for kind, (share, _) in granted.items()}
            values: dict[str, Any] = {"id": report.id, "name": report.name, "since": report.since}
            for kind in KINDS:
                values |= {
                    kind: report.taken[kind],
                    f"{kind}_rate": report.rates[kind],
                    f"{kind}_wanted": report.wanted[kind],
                    f"{kind}_share": found[kind],
                }
            connection.execute(insert(loaders).values(values | {"lease_until": at + LEASE_S}))
        short = any(short for _, short in granted.values())
        ends = [one["lease_until"] - at for one in others]  # of a loader that has died, sooner than a renewal
        return Lease(shares=found, again_s=min([SHORT_S if short else RENEW_S, *ends]))

    def release(self, loader: str) -> None:
        """Give a lease back."""
        with self._database.writing(WRITER) as connection:
            connection.execute(delete(loaders).where(loaders.c.id == loader))

    def limits(self) -> Limits:
        """Return what all loaders together may take in a second, None without limit."""
        with self._database.reading() as connection:
            return _limits(connection)

    def set_limits(self, limits: Limits) -> None:
        """Change some limits, None to lift one; every loader goes by them when it renews its lease next."""
        with self._database.writing(WRITER) as connection:
            connection.execute(delete(load_limits).where(load_limits.c.what.in_(limits)))
            rows = [
                {"what": kind, "per_second": limit, "changed_at": now()}
                for kind, limit in limits.items()
                if limit is not None
            ]
            if rows:
                connection.execute(insert(load_limits), rows)

    def loading(self) -> list[dict[str, Any]]:
        """Return who loads now, as the table `loaders` has it."""
        with self._database.reading() as connection:
            alive = loaders.c.lease_until > self._clock.now(connection)
            statement = select(loaders).where(alive).order_by(loaders.c.since, loaders.c.id)
            return [dict(row) for row in connection.execute(statement).mappings()]


def _limits(connection: Connection) -> dict[str, float | None]:
    rows = connection.execute(select(load_limits.c.what, load_limits.c.per_second))
    found = {row.what: row.per_second for row in rows}
    return {kind: found.get(kind) for kind in KINDS}


def _grant(
    kind: str, limit: float | None, report: Report, others: Sequence[Mapping[Any, Any]]
) -> tuple[float | None, bool]:
    """Return the share of one kind, and whether it is less than it should be."""
    if limit is None:
        return None, False
    wanted = {report.id: report.wanted[kind], **{one["id"]: one[f"{kind}_wanted"] for one in others}}
    due = shares(limit, wanted)
    held = sum(due[one["id"]] if (share := one[f"{kind}_share"]) is None else share for one in others)
    share = max(0.0, min(due[report.id], limit - held))
    return share, share < 0.99 * due[report.id]
