"""The load budget in the database: its limits, and leases on shares of it, each of which ends by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from watchdown.catalogue.database import Database, now
from watchdown.catalogue.tables import backfills, load_limits, loaders
from watchdown.load.claim import NOBODY, Claim
from watchdown.load.clock import Clock
from watchdown.load.governing import Choices, choices, choose, governor, keep_governor
from watchdown.load.governor import Governed, Seen, govern
from watchdown.load.sharing import Want, shares

LEASE_S: Final = 2.5
RENEW_S: Final = 1.0
SHORT_S: Final = 0.2  # sooner, while others still hold a part of the share
KINDS: Final[tuple[str, str]] = ("documents", "bytes")
WRITER: Final = "budget"
PAUSED: Final = "paused"  # the state of a backfill whose loaders get nothing
Limits = Mapping[str, float | None]
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a loader says when it renews its lease, by kind; a want is None for all that it can get.

    `seen` is how the store bore it since the last time, None where the store does not say.
    """

    id: str
    name: str
    since: str
    taken: Mapping[str, int]
    rates: Mapping[str, float]
    wanted: Mapping[str, float | None]
    claim: Claim = NOBODY
    seen: Seen | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The share of a loader by kind, None without limit; more of it may be had in `again_s` seconds.

    `looks` says that this is the loader who looks at the store for all, `at_rest` that it should do so
    before it begins, because what a search takes at rest is not known.
    """

    shares: Limits
    again_s: float
    looks: bool = False
    at_rest: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Budgeted:
    """All there is to know of the budget now: limits by kind, choices, the governor, and who loads."""

    limits: Limits
    choices: Choices
    governor: Governed
    loaders: Sequence[Row]
    at: float


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
            others: list[Row] = [dict(row) for row in connection.execute(select(loaders)).mappings()]
            everyone = [_row(report), *others]
            chosen, limits = choices(connection), _limits(connection)
            ruled = _governed(connection, at, report, limits, everyone)
            limits = _allowed(limits, chosen, ruled)
            wants = _wants(connection, everyone)
            granted = {kind: _grant(kind, limits[kind], wants[kind], everyone, chosen) for kind in KINDS}
            found = {kind: share for kind, (share, _) in granted.items()}
            leased = {f"{kind}_share": found[kind] for kind in KINDS} | {"lease_until": at + LEASE_S}
            connection.execute(insert(loaders).values({**everyone[0], **leased}))
        short = any(short for _, short in granted.values())
        ends = [one["lease_until"] - at for one in others]  # of a loader that has died, sooner than a renewal
        first = min(everyone, key=lambda one: (one["since"], one["id"]))
        return Lease(
            shares=found,
            again_s=min([SHORT_S if short else RENEW_S, *ends]),
            looks=chosen.auto and first["id"] == report.id,
            at_rest=chosen.auto and not others and not ruled.knows_idle(at),
        )

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

    def choose(self, **changed: Any) -> Choices:
        """Change what people choose, by the names of `Choices`; loaders go by it as by limits."""
        with self._database.writing(WRITER) as connection:
            chosen = replace(choices(connection), **changed)
            choose(connection, chosen)
            if not chosen.auto:
                learnt = governor(connection)
                keep_governor(connection, Governed(idle=learnt.idle, idle_at=learnt.idle_at))
        return chosen

    def budget(self) -> Budgeted:
        """Return the budget as it is now, and who loads, as the table `loaders` has it."""
        with self._database.reading() as connection:
            at = self._clock.now(connection)
            statement = select(loaders).where(loaders.c.lease_until > at)
            statement = statement.order_by(loaders.c.since, loaders.c.id)
            return Budgeted(
                limits=_limits(connection),
                choices=choices(connection),
                governor=governor(connection),
                loaders=[dict(row) for row in connection.execute(statement).mappings()],
                at=at,
            )

    def loading(self) -> list[dict[str, Any]]:
        """Return who loads now, as the table `loaders` has it."""
        return [dict(one) for one in self.budget().loaders]


def _limits(connection: Connection) -> dict[str, float | None]:
    rows = connection.execute(select(load_limits.c.what, load_limits.c.per_second))
    found = {row.what: row.per_second for row in rows}
    return {kind: found.get(kind) for kind in KINDS}


def _row(report: Report) -> dict[str, Any]:
    """Return what a loader says as a row of the table; it holds no share yet."""
    row: dict[str, Any] = {"id": report.id, "name": report.name, "since": report.since}
    for kind in KINDS:
        row |= {
            kind: report.taken[kind],
            f"{kind}_rate": report.rates[kind],
            f"{kind}_wanted": report.wanted[kind],
            f"{kind}_share": 0.0,
        }
    claim = report.claim
    return row | {"backfill": claim.backfill, "rate": claim.rate, "urgent": claim.urgent}


def _governed(
    connection: Connection, at: float, report: Report, limits: Limits, everyone: Sequence[Row]
) -> Governed:
    """Tell the governor what a loader has seen; return its state."""
    ruled = governor(connection)
    if report.seen is not None:
        used = sum(one["documents_rate"] for one in everyone)
        ruled = govern(ruled, at, replace(report.seen, limit=limits["documents"], used=used))
        keep_governor(connection, ruled)
    return ruled


def _allowed(limits: Limits, chosen: Choices, ruled: Governed) -> dict[str, float | None]:
    """Return what all loaders may take in a second now."""
    if chosen.paused:
        return dict.fromkeys(KINDS, 0.0)
    found = dict(limits)
    if chosen.auto and ruled.rate is not None:
        limit = limits["documents"]
        found["documents"] = ruled.rate if limit is None else min(limit, ruled.rate)
    return found


def _wants(connection: Connection, everyone: Sequence[Row]) -> dict[str, dict[str, Want]]:
    """Return by kind what each loader wants; a backfill that pauses may have nothing."""
    numbers = {one["backfill"] for one in everyone} - {None}
    asked = select(backfills.c.number, backfills.c.state, backfills.c.rate)
    known = {row.number: row for row in connection.execute(asked.where(backfills.c.number.in_(numbers)))}
    wants: dict[str, dict[str, Want]] = {kind: {} for kind in KINDS}
    for one in everyone:
        backfill = known.get(one["backfill"])
        rate = one["rate"] if backfill is None or backfill.rate is None else backfill.rate
        pauses = backfill is not None and backfill.state == PAUSED
        for kind in KINDS:
            most = 0.0 if pauses else rate if kind == "documents" else None
            wants[kind][one["id"]] = Want(one[f"{kind}_wanted"], one["backfill"], most, one["urgent"])
    return wants


def _grant(
    kind: str, limit: float | None, wants: Mapping[str, Want], everyone: Sequence[Row], chosen: Choices
) -> tuple[float | None, bool]:
    """Return the share of the first loader, and whether it is less than it should be."""
    due = shares(limit, wants, chosen.reserve)
    me, *others = everyone
    mine, want = due[me["id"]], wants[me["id"]]
    if mine is None:
        return None, False

    def held(some: Sequence[Row]) -> float:
        told = ((due[one["id"]], one[f"{kind}_share"]) for one in some)
        return sum((before if share is None else share) or 0.0 for before, share in told)

    share = mine
    if limit is not None:
        share = min(share, limit - held(others))
    if want.most is not None and want.backfill is not None:
        share = min(share, want.most - held([one for one in others if one["backfill"] == want.backfill]))
    return max(0.0, share), max(0.0, share) < 0.99 * mine
