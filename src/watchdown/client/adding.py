"""Add files: each into the catalogue, then run what it lacks; one bad file never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import OperationalError

from watchdown.catalogue.add import enter
from watchdown.catalogue.assets import Subtitles
from watchdown.catalogue.database import database_error
from watchdown.client.results import Added, Outcome
from watchdown.client.services import Services
from watchdown.folder import storage_error
from watchdown.runs.execute import Progress
from watchdown.runs.states import State
from watchdown_schemas.errors import LibraryError, WatchdownError

Report = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What the person said about the files."""

    name: str | None = None
    subtitles: Sequence[Subtitles] = ()
    copy: bool = False


def add(services: Services, paths: Sequence[Path], wishes: Wishes, report: Report) -> list[Added]:
    """Add files one after the other; return what became of each.

    Raises LibraryError, which ends the whole call, when the library cannot be written; StorageFull is one.
    """
    try:
        with services.writing(lambda: report(Progress("", "waiting for another process", 0, 0))):
            return [_one(services, path, wishes, report) for path in paths]
    except OperationalError as error:
        raise database_error(services.folder.database, error) from error
    except OSError as error:
        raise storage_error(services.folder.root, error) from error


def _one(services: Services, path: Path, wishes: Wishes, report: Report) -> Added:
    try:
        return _add(services, path, wishes, report)
    except LibraryError:
        raise
    except WatchdownError as error:
        return Added(path=str(path), outcome="failed", errors=(str(error),))


def _add(services: Services, path: Path, wishes: Wishes, report: Report) -> Added:
    reading = Progress(path.name, "reading", 0, 0)
    report(reading)
    entered = enter(
        path,
        catalogue=services.catalogue,
        folder=services.folder,
        name=wishes.name,
        subtitles=wishes.subtitles,
        copy=wishes.copy,
        alive=lambda: report(reading),
    )
    runs = services.executor.bring_up_to_date(entered.title, report)
    failed = [run for run in runs if run.state in (State.FAILED, State.QUARANTINED)]
    errors = [str(fault) for fault in entered.faults]
    errors += [f"{path}: {run.algorithm} failed (run {run.number}): {run.error}" for run in failed]
    return Added(
        path=str(path),
        outcome=_outcome(known=entered.known, made=len(runs), failed=len(failed)),
        title=entered.title.id,
        title_name=entered.title.name,
        runs=tuple(run.number for run in runs),
        notes=(*entered.notes, *(f"{run.algorithm}: {warning}" for run in runs for warning in run.warnings)),
        errors=tuple(errors),
    )


def _outcome(*, known: bool, made: int, failed: int) -> Outcome:
    if made == failed > 0:
        return "failed"
    if not known:
        return "added"
    return "updated" if made else "unchanged"
