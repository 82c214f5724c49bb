"""Publications: what was shown when, taken back in one command, and shown again in another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchdown.client.choosing import chosen
from watchdown.client.results_publication import PublicationSummary, RolledBack, SlotChange, SlotLeft
from watchdown.client.services import Services
from watchdown.runs.rollback import Scope
from watchdown_schemas.errors import NotFound, QueryError

if TYPE_CHECKING:
    from watchdown.runs.rollback import Rollback

_RUNS = "See all with: watchdown runs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is to be taken back of an algorithm: of some titles, of a batch, of a backfill, or all of it."""

    algorithm: str
    titles: Sequence[str] = ()
    batch: str | None = None
    backfill: int | None = None
    undo: bool = False
    dry_run: bool = False


def rollback(services: Services, wish: Wish) -> RolledBack:
    """Show what readers saw before, all at one moment; what was told of it is told a store again, too.

    Raises NotFound for a title, batch or backfill that is not there, RunError where what was seen before is
    removed: nothing is changed then.
    """
    scope = _scope(services, wish)
    found = services.ledger.rollback(scope, undo=wish.undo, dry_run=wish.dry_run)
    if services.telling and not wish.dry_run:
        services.telling.everything()
    return _told(services, wish, found)


def history(services: Services, title: str | None, limit: int) -> list[PublicationSummary]:
    """Return the newest publications, newest first; of a title, those that changed it."""
    if limit < 1:
        raise QueryError(f"limit {limit}", "shows no publication", "Ask for one or more")
    of = services.catalogue.title(title).id if title is not None else None
    return [
        PublicationSummary(
            epoch=one.epoch,
            at=one.at,
            kind=one.kind.value,
            titles=one.titles,
            shown=dict(one.shown),
            hidden=dict(one.hidden),
            batches=one.batches,
            backfills=one.backfills,
            shown_runs=one.shown_runs,
            hidden_runs=one.hidden_runs,
        )
        for one in services.ledger.history(title=of, limit=limit)
    ]


def _scope(services: Services, wish: Wish) -> Scope:
    named = [bool(wish.titles), wish.batch is not None, wish.backfill is not None]
    if sum(named) > 1:
        raise QueryError(wish.algorithm, "is limited in several ways", "Name titles, a batch or a backfill")
    if not services.ledger.knows(wish.algorithm):
        raise NotFound(wish.algorithm, "has no run here", _RUNS)
    if wish.titles:
        titles = frozenset(title.id for title in chosen(services, wish.titles))
        return Scope(algorithm=wish.algorithm, titles=titles)
    if wish.batch is not None:
        if not services.ledger.runs(batch=wish.batch):
            raise NotFound(wish.batch, "is no batch of this library", "See: watchdown history")
        return Scope(algorithm=wish.algorithm, batches=frozenset({wish.batch}))
    if wish.backfill is not None:
        services.backfills.get(wish.backfill)  # raises where there is none
        return Scope(algorithm=wish.algorithm, batches=frozenset(services.backfills.batches(wish.backfill)))
    return Scope(algorithm=wish.algorithm)


def _told(services: Services, wish: Wish, found: Rollback) -> RolledBack:
    names = {title.id: title.name for title in services.catalogue.titles()}
    numbers = {run for change in found.changes for run in change[1:] if run is not None}
    versions = services.ledger.versions(numbers)
    return RolledBack(
        algorithm=wish.algorithm,
        epoch=found.epoch,
        changes=tuple(
            SlotChange(
                title=change.title,
                title_name=names[change.title],
                hidden=change.hidden,
                hidden_version=versions.get(change.hidden) if change.hidden is not None else None,
                shown=change.shown,
                shown_version=versions.get(change.shown) if change.shown is not None else None,
            )
            for change in found.changes
        ),
        left=tuple(
            SlotLeft(title=one.title, title_name=names[one.title], run=one.run, why=one.why)
            for one in found.left
        ),
        notes=tuple(_notes(services, wish)) if found.changes else (),
    )


def _notes(services: Services, wish: Wish) -> Iterator[str]:
    """Yield what somebody who takes back should know beside it."""
    if wish.backfill is not None and not wish.undo and services.backfills.get(wish.backfill).goes_on:
        number = wish.backfill
        yield f"backfill {number} goes on, and publishes more until: watchdown backfills cancel {number}"
    if wish.algorithm in services.algorithms:
        for reader in sorted(services.batching.dependants([wish.algorithm])):
            yield f"{reader} reads what {wish.algorithm} makes, and is left as it is; see: watchdown status"
