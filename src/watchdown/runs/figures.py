"""Figures of the whole library for machines that watch it: a few grouped statements, whatever its size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Double, case, cast, func, select, true

from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import (
    backfills,
    batches,
    counters,
    load_limits,
    loaders,
    publications,
    runs,
    titles,
)
from watchdown.load.clock import Clock, RealClock
from watchdown.metrics.exposition import Figure
from watchdown.runs.states import State

# The station that a run waits for, or is at, by its state.
WAITS_FOR: Final[Mapping[State, str]] = {
    State.PLANNED: "work",
    State.RUNNING: "work",  # pods never see the ledger: until it is recorded, it is at work
    State.STAGED: "validate",
    State.VALIDATED: "load",
    State.LOADED: "publish",
    State.SUPERSEDED: "collect",
}
_PAST: Final[Mapping[State, tuple[str, ...]]] = {
    State.PLANNED: ("plan",),
    State.RUNNING: ("plan",),
    State.STAGED: ("plan", "work", "record"),
    State.VALIDATED: ("plan", "work", "record", "validate"),
    State.LOADED: ("plan", "work", "record", "validate", "load"),
    State.ACTIVE: ("plan", "work", "record", "validate", "load", "publish"),
    State.SUPERSEDED: ("plan", "work", "record", "validate", "load", "publish"),
    State.FAILED: ("plan",),
    State.CANCELLED: ("plan",),
    State.QUARANTINED: ("plan", "work", "record"),
}


def figures(database: Database, clock: Clock | None = None) -> list[Figure]:
    """Return the figures of a library, all of one moment, but for the version that answers."""
    with database.reading() as connection:
        now = (clock or RealClock()).now(connection)
        return [
            Figure(
                "watchdown_titles", connection.execute(select(func.count()).select_from(titles)).scalar_one()
            ),
            *_runs(connection, now),
            *_slots(connection),
            *_sums(connection, "watchdown_rows", "schema_type", runs.c.counts, runs.c.state == State.ACTIVE),
            *_sums(connection, "watchdown_cost", "what", runs.c.cost, runs.c.cost.is_not(None)),
            *_epochs(connection, now),
            *_work(connection, now),
            *_budget(connection, now),
        ]


def _runs(connection: Connection, now: float) -> Iterator[Figure]:
    columns = (
        runs.c.algorithm,
        runs.c.state,
        runs.c.content.is_not(None).label("worked"),
        runs.c.collected_at.is_not(None).label("collected"),
        case(
            (runs.c.state == State.QUARANTINED, "held"),
            (runs.c.state != State.FAILED, ""),
            (runs.c.error.startswith("no worker finished it", autoescape=True), "lost"),
            (runs.c.error.contains(" raised ", autoescape=True), "raised"),
            else_="failed",
        ).label("kind"),
    )
    statement = select(*columns, func.count().label("runs"), func.min(runs.c.updated_at).label("oldest"))
    counts: dict[tuple[str, str], int] = defaultdict(int)
    waiting: dict[tuple[str, str], tuple[int, str]] = {}
    done: dict[tuple[str, str], int] = defaultdict(int)
    failed: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in connection.execute(statement.group_by(*columns)):
        state = State(row.state)
        counts[row.algorithm, state] += row.runs
        past = _PAST[state] + (("work", "record") if state is State.FAILED and row.worked else ())
        for station in (*past, *(["collect"] if row.collected else [])):
            done[station, row.algorithm] += row.runs
        if row.kind:
            station = "validate" if row.kind == "held" else "load" if row.worked else "work"
            failed[station, row.algorithm, row.kind] += row.runs
        station = WAITS_FOR.get(state, "")
        if station and not row.collected:
            before = waiting.get((station, row.algorithm), (0, row.oldest))
            waiting[station, row.algorithm] = (before[0] + row.runs, min(before[1], row.oldest))
    yield from (
        Figure("watchdown_runs", count, {"algorithm": algorithm, "state": state})
        for (algorithm, state), count in counts.items()
    )
    for (station, algorithm), (count, oldest) in waiting.items():
        labels = {"station": station, "algorithm": algorithm}
        yield Figure("watchdown_station_waiting", count, labels)
        yield Figure("watchdown_station_lag_seconds", _age(oldest, now), labels)
    for (station, algorithm), count in done.items():
        yield Figure("watchdown_station_done", count, {"station": station, "algorithm": algorithm})
    for (station, algorithm, kind), count in failed.items():
        labels = {"station": station, "algorithm": algorithm, "kind": kind}
        yield Figure("watchdown_failures", count, labels)


def _slots(connection: Connection) -> Iterator[Figure]:
    place = func.row_number().over(
        partition_by=[runs.c.title, runs.c.algorithm], order_by=runs.c.number.desc()
    )
    ranked = (
        select(runs.c.algorithm, runs.c.state, place.label("place"))
        .where(runs.c.state != State.CANCELLED)
        .subquery()
    )
    statement = (
        select(ranked.c.algorithm, ranked.c.state, func.count())
        .where(ranked.c.place == 1)
        .group_by(ranked.c.algorithm, ranked.c.state)
    )
    for algorithm, state, count in connection.execute(statement):
        yield Figure("watchdown_slots", count, {"algorithm": algorithm, "state": state})


def _sums(connection: Connection, name: str, label: str, column: Any, condition: Any) -> Iterator[Figure]:
    """Yield sums by algorithm and by key of a column of JSON objects with numbers."""
    each = func.json_each if connection.dialect.name == "sqlite" else func.json_each_text
    parts = each(column).table_valued("key", "value")
    statement = (
        select(runs.c.algorithm, parts.c.key, func.sum(cast(parts.c.value, Double)))
        .select_from(runs)
        .join(parts, true())
        .where(condition)
        .group_by(runs.c.algorithm, parts.c.key)
    )
    for algorithm, key, total in connection.execute(statement):
        yield Figure(name, float(total or 0), {"algorithm": algorithm, label: key})


def _epochs(connection: Connection, now: float) -> Iterator[Figure]:
    known = dict(map(tuple, connection.execute(select(counters.c.name, counters.c.value))))
    yield Figure("watchdown_epoch", known["epoch"])
    yield Figure("watchdown_oldest_epoch", known["oldest"])
    newest = select(publications.c.at).order_by(publications.c.epoch.desc()).limit(1)
    if at := connection.execute(newest).scalar():
        yield Figure("watchdown_publication_age_seconds", _age(at, now))


def _work(connection: Connection, now: float) -> Iterator[Figure]:
    statement = select(backfills.c.state, func.count()).group_by(backfills.c.state)
    for state, count in connection.execute(statement):
        yield Figure("watchdown_backfills", count, {"state": state})
    leased = select(func.count()).select_from(batches).where(batches.c.lease_until > now)
    yield Figure("watchdown_batches_leased", connection.execute(leased).scalar_one())


def _budget(connection: Connection, now: float) -> Iterator[Figure]:
    limits = dict(map(tuple, connection.execute(select(load_limits.c.what, load_limits.c.per_second))))
    for what, limit in limits.items():
        yield Figure("watchdown_load_limit_per_second", limit, {"unit": what})
    row = connection.execute(
        select(
            func.count().label("loaders"),
            func.coalesce(func.sum(loaders.c.documents_rate), 0.0).label("documents_used"),
            func.coalesce(func.sum(loaders.c.bytes_rate), 0.0).label("bytes_used"),
            func.coalesce(func.sum(loaders.c.documents_share), 0.0).label("documents_granted"),
            func.coalesce(func.sum(loaders.c.bytes_share), 0.0).label("bytes_granted"),
        ).where(loaders.c.lease_until > now)
    ).one()
    yield Figure("watchdown_loaders", row.loaders)
    for unit in ("documents", "bytes"):
        if unit in limits:
            granted = getattr(row, f"{unit}_granted")
            yield Figure("watchdown_load_granted_per_second", granted, {"unit": unit})
        yield Figure("watchdown_load_used_per_second", getattr(row, f"{unit}_used"), {"unit": unit})


def _age(at: str, now: float) -> float:
    """Return the seconds since a time as the ledger writes it; clocks that differ make none negative."""
    then = datetime.fromisoformat(at)
    return round(max(0.0, now - (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()), 3)
