"""Add files: each into the catalogue, then run what it lacks; one bad file never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watchdown.catalogue.add import enter
from watchdown.catalogue.assets import Subtitles
from watchdown.client.results import Added, Outcome
from watchdown.client.services import Services
from watchdown.folder import storage_error
from watchdown.media.place import Place
from watchdown.media.shelf import is_address
from watchdown.runs.ledger import Run
from watchdown.runs.progress import Progress
from watchdown.runs.states import OPEN, State
from watchdown_schemas.errors import LibraryError, WatchdownError, printable

Report = Callable[[Progress], None]
TAKEN_IN: Final = "was taken into the library: its other machines cannot read a file of this one"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What the person said about the files."""

    name: str | None = None
    subtitles: Sequence[tuple[str, str | None]] = ()  # path or address, and language
    copy: bool = False
    quality: bool = False
    only: Sequence[str] | None = None  # algorithms; all of them without it


def add(services: Services, paths: Sequence[str], wishes: Wishes, report: Report) -> list[Added]:
    """Add files one after the other; return what became of each.

    Raises LibraryError, which ends the whole call, when the library cannot be written; StorageFull is one.
    """
    for name in wishes.only or ():
        services.algorithms[name]  # raises, naming those that are known
    try:
        with services.writing(lambda: report(Progress("", "waiting for another process", 0, 0))):
            return [_one(services, path, wishes, report) for path in paths]
    except OSError as error:
        raise storage_error(Path(services.place), error) from error


def _one(services: Services, path: str, wishes: Wishes, report: Report) -> Added:
    try:
        return _add(services, services.shelf.given(path), wishes, report)
    except (LibraryError, OSError):
        raise
    except WatchdownError as error:
        fault = error
    except Exception as error:  # noqa: BLE001 - what no one foresaw in one file must not stop the others
        cause = f"fails in an unforeseen way ({type(error).__name__}: {error})"
        fault = WatchdownError(path, cause, "Please report it, with the file.")
    return Added(path=path if is_address(path) else str(Path(path)), outcome="failed", errors=(str(fault),))


def _add(services: Services, place: Place, wishes: Wishes, report: Report) -> Added:
    reading = Progress(place.name, "reading", 0, 0)
    report(reading)
    entered = enter(
        place,
        catalogue=services.catalogue,
        shelf=services.shelf,
        name=wishes.name,
        subtitles=[Subtitles(services.shelf.given(path), language) for path, language in wishes.subtitles],
        copy=lambda place: wishes.copy or services.must_take_in(place),
        alive=lambda: report(reading),
    )
    runs = services.executor.bring_up_to_date(
        entered.title, report, services.judging() if wishes.quality else None, wishes.only
    )
    every = services.ledger.runs(entered.title.id)
    newest = {run.algorithm: run for run in every if run.algorithm in services.algorithms}
    failed = [run for run in newest.values() if run.state in (State.FAILED, State.QUARANTINED)]
    errors = [*map(str, entered.faults), *(_fault(place, run) for run in failed)]
    good = [run for run in runs if run not in failed]
    notes = [f"{run.algorithm}: {warning}" for run in good for warning in run.warnings]
    if services.must_take_in(place) and not entered.known:
        notes.insert(0, TAKEN_IN)
    busy = [run for run in newest.values() if run.state in OPEN and run.batch]
    notes += [f"{run.algorithm}: is at work in a backfill (batch {run.batch})" for run in busy]
    models = [services.algorithms[run.algorithm].manifest.model for run in good]
    return Added(
        path=str(place),
        outcome=_outcome(known=entered.known, made=runs, failed=failed),
        title=entered.title.id,
        title_name=entered.title.name,
        runs=tuple(run.number for run in runs),
        notes=(*entered.notes, *notes),
        models=tuple(f"{model.name} {model.note}" for model in models if model and model.note),
        errors=tuple(errors),
    )


def _fault(place: Place, run: Run) -> str:
    told = "; ".join([run.error or "no reason is known", *run.warnings])
    if run.state is State.QUARANTINED:
        told += ". Mend what it was made from, and add the file again."
    return f"{printable(str(place))}: {run.algorithm} failed (run {run.number}): {printable(told)}"


def _outcome(*, known: bool, made: Sequence[Run], failed: Sequence[Run]) -> Outcome:
    if made and all(run in failed for run in made):
        return "failed"
    if not known:
        return "added"
    return "updated" if made else "unchanged"
