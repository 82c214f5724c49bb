"""What the ledger knows of many slots at once: the runs that say how they stand, and who works on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, or_, select

from watchdown.catalogue.corrections import as_correction
from watchdown.catalogue.database import Database
from watchdown.catalogue.model import Asset, Correction
from watchdown.catalogue.tables import assets, backfill_batches, backfills, batches, corrections, runs
from watchdown.catalogue.titles import as_asset
from watchdown.load.clock import Clock, RealClock
from watchdown.runs.states import OPEN, State

_COLUMNS: Final = (
    runs.c.number,
    runs.c.title,
    runs.c.algorithm,
    runs.c.version,
    runs.c.memo_key,
    runs.c.state,
    runs.c.content,
    runs.c.model,
    runs.c.warnings,
    runs.c.error,
    runs.c.batch,
    runs.c.origin,
    runs.c.rolled_back_at,
    runs.c.updated_at,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotRun:
    """A run of a slot as far as it says how the slot stands."""

    number: int
    title: str
    algorithm: str
    version: str
    memo_key: str
    state: State
    content: str | None
    model: str | None
    warnings: Sequence[str]
    error: str | None
    batch: str | None
    origin: str
    rolled_back_at: str | None
    updated_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """Who works on a batch: whether its lease goes on, and the newest backfill that wants it, if one does."""

    leased: bool
    backfill: int | None = None
    backfill_state: str | None = None
    via: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TitleFacts:
    """What tells how a title's slots stand: its runs by number, its files, and corrections that hold."""

    runs: Sequence[SlotRun]
    assets: Sequence[Asset]
    corrections: Sequence[Correction]


class Slots:
    """Reads many titles with three statements, whatever the number of their runs."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or RealClock()

    def of(self, titles: Sequence[str]) -> dict[str, TitleFacts]:
        """Return facts by title: of a slot the newest run not cancelled, the active, those taken back."""
        newest = func.row_number().over(
            partition_by=[runs.c.title, runs.c.algorithm], order_by=runs.c.number.desc()
        )
        ranked = (
            select(*_COLUMNS, newest.label("place"))
            .where(runs.c.title.in_(titles), runs.c.state != State.CANCELLED)
            .subquery()
        )
        telling = select(*(ranked.c[column.name] for column in _COLUMNS)).where(
            or_(ranked.c.place == 1, ranked.c.state == State.ACTIVE, ranked.c.rolled_back_at.is_not(None))
        )
        with self._database.reading() as connection:
            found = _by_title(map(_run, connection.execute(telling.order_by(ranked.c.number)).mappings()))
            files = _by_title(
                map(as_asset, connection.execute(select(assets).where(assets.c.title.in_(titles))))
            )
            said = _by_title(_corrections(connection, titles))
        return {
            title: TitleFacts(
                runs=found.get(title, ()),
                assets=sorted(files.get(title, ()), key=lambda asset: asset.id),
                corrections=said.get(title, ()),
            )
            for title in titles
        }

    def work(self) -> Mapping[str, Work]:
        """Return who works on each batch that has open runs, by its name."""
        opened = select(runs.c.batch).where(runs.c.state.in_(OPEN), runs.c.batch.is_not(None)).distinct()
        wanting = (
            select(backfill_batches.c.batch, backfills.c.number, backfills.c.state, backfills.c.via)
            .join(backfills, backfills.c.number == backfill_batches.c.backfill)
            .where(backfill_batches.c.batch.in_(opened))
            .order_by(backfills.c.number)
        )
        leased = select(batches.c.name, batches.c.lease_until).where(batches.c.name.in_(opened))
        with self._database.reading() as connection:
            now = self._clock.now(connection)
            found = {
                name: Work(leased=until is not None and until > now)
                for name, until in connection.execute(leased)
            }
            for batch, number, state, via in connection.execute(wanting):
                found[batch] = Work(
                    leased=batch in found and found[batch].leased,
                    backfill=number,
                    backfill_state=state,
                    via=via,
                )
        return found


def _run(row: Mapping[Any, Any]) -> SlotRun:
    return SlotRun(**{**row, "state": State(row["state"])})


def _corrections(connection: Connection, titles: Sequence[str]) -> Iterable[Correction]:
    held = corrections.c.title.in_(titles) & corrections.c.withdrawn_at.is_(None)
    rows = connection.execute(select(corrections).where(held).order_by(corrections.c.id))
    return map(as_correction, rows.mappings())


def _by_title(found: Iterable[Any]) -> dict[str, list[Any]]:
    sorted_out: dict[str, list[Any]] = defaultdict(list)
    for one in found:
        sorted_out[one.title].append(one)
    return sorted_out
