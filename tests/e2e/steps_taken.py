"""What takes each step of a run's table of states: what comes before, the call that takes it, the call again.

Each works on a title of its own. `prepare` and `act` are called in different processes, so what the one
knows (a run's number, a batch's name) is handed to the other as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from client.libraries import services
from runs.algorithms import LOUD, known
from watchdown.client import Library, backfilling
from watchdown.runs import canary
from watchdown.runs.merging import Corrections
from watchdown.runs.states import State
from watchdown.validation.policy import Tolerance
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.contract import Algorithm, RecordAlgorithm
from watchdown_algos.wants import RecordBatch, Records
from watchdown_schemas.errors import StorageUnavailable
from watchdown_schemas.record import Record

Call = Callable[[Library, str, Any], object]
SAID: Final = tuple(range(20))


class Torn(RecordAlgorithm):
    """Raises at its first record."""

    wants = Records(schema="DialogueLine")

    def predict(self, batch: RecordBatch, /) -> list[Record]:
        del batch
        raise ZeroDivisionError("torn")


class TornKnown(Known):
    """The algorithm of labels, as it is on a bad day."""

    def algorithm_class(self) -> type[Algorithm[Any]]:
        return Torn


LINES: Final = known("Lines")  # whose runs are written here
MENDED: Final = AlgorithmCatalogue([LINES, LOUD])
BROKEN: Final = AlgorithmCatalogue([LINES, TornKnown(LOUD.manifest, LOUD.package, LOUD.folder)])


def nothing(_library: Library, _title: str, _known: Any) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How a step is taken: what is there `before`, the call, and what follows once it is made again."""

    before: Call
    act: Call
    afterwards: Call = nothing
    broken: bool = False  # the algorithm raises in the first call


def lines(library: Library, title: str, _known: Any) -> None:
    """Write the lines that the algorithm reads."""
    rows = [{"start_ns": at, "end_ns": at + 1, "line": at, "text": "Ahoy!", "language": "en"} for at in SAID]
    library.write("DialogueLine", rows, title, algorithm="lines")


def anew(library: Library, title: str, _known: Any) -> None:
    """Write other lines instead."""
    rows = [{"start_ns": at, "end_ns": at + 2, "line": at, "text": "Again.", "language": "en"} for at in SAID]
    library.write("DialogueLine", rows[1:], title, algorithm="lines")


def backfill(library: Library, title: str, _known: Any) -> str:
    """Let the algorithm read the lines of a title."""
    library.backfills.run("loud", [title], only=True)
    newest = services(library).ledger.runs(services(library).catalogue.title(title).id)[-1]
    return str(newest.batch)


def planned(library: Library, title: str, _known: Any) -> str:
    """Plan that as a batch which nobody works."""
    lines(library, title, None)
    [batch] = backfilling.plan(services(library), ["loud"], [title]).batches
    return batch.batch


def planned_of_before(library: Library, title: str, _known: Any) -> None:
    """Plan it, and write other lines then."""
    planned(library, title, None)
    anew(library, title, None)


def lost(library: Library, _title: str, batch: str) -> None:
    """Enter that the worker of a batch left nothing."""
    inside = services(library)
    with backfilling.at_batch(inside, batch):
        inside.batches.record(batch, {0: "its pod is gone"})


def twice(library: Library, title: str, _known: Any) -> str:
    """Backfill, and once more over other lines; return the batch of the latter."""
    lines(library, title, None)
    backfill(library, title, None)
    anew(library, title, None)
    return backfill(library, title, None)


def take_back(library: Library, _title: str, batch: str) -> None:
    """Show what was seen before a batch."""
    library.publication.rollback("loud", batch=batch)


def labels(first: int = 0) -> list[dict[str, Any]]:
    """Return rows that a program writes."""
    return [{"start_ns": first + at, "end_ns": first + at + 1, "label": "x", "confidence": 1} for at in SAID]


def appended(library: Library, title: str, _known: Any) -> str:
    """Start a run and append to it."""
    run = library.writes.start("finder", title)
    library.writes.append(run, "Label", labels())
    return str(run)


def appended_bad(library: Library, title: str, _known: Any) -> str:
    """Start a run and append a row that breaks a rule among others."""
    run = library.writes.start("finder", title)
    library.writes.append(run, "Label", [*labels(), {"start_ns": 7, "end_ns": 3, "label": "x"}])
    return str(run)


def appended_again(library: Library, title: str, _known: Any) -> str:
    """Show a run, and append to the next one of the slot."""
    library.writes.ingest(labels(), algorithm="finder", title=title, schema_type="Label")
    run = library.writes.start("finder", title)
    library.writes.append(run, "Label", labels(100))
    return str(run)


def hidden(library: Library, title: str, _known: Any) -> str:
    """Load a run that is not to be seen yet."""
    run = appended(library, title, None)
    library.writes.finish(int(run), publish=False)
    return run


def brought(*stages: str) -> Call:
    """Return what brings a run through some stages, as who died after them has left it."""

    def bring(library: Library, title: str, _known: Any) -> str:
        inside, number = services(library), int(appended(library, title, None))
        run = inside.open_runs.merge(
            number, Corrections(set(), lambda rows, _: rows), lambda key: key, lambda _: None
        )
        inside.stages.record([run])
        if "validate" in stages:
            inside.stages.validate([run], lambda _: Tolerance(0))
        return str(number)

    return bring


def finish(library: Library, _title: str, run: str) -> None:
    """Finish a run."""
    library.writes.finish(int(run))


def cancel(library: Library, _title: str, run: str) -> None:
    """Cancel a run."""
    library.writes.cancel(int(run))


def distrusted(library: Library, _title: str, run: str) -> None:
    """Finish a run whose model fails its canary."""
    setattr(canary, "objections", lambda _, runs: {one.number: "held" for one in runs})  # noqa: B010 - a fault
    library.writes.finish(int(run))


def written_while(stage: str) -> Call:
    """Return what writes a run while a stage cannot be had."""

    def write(library: Library, title: str, _known: Any) -> None:
        def fail(*_: object, **__: object) -> None:
            raise StorageUnavailable("the storage", "is gone", "Wait")

        setattr(services(library).stages, stage, fail)
        with suppress(StorageUnavailable):
            library.write("Label", labels(), title)

    return write


def written(library: Library, title: str, _known: Any) -> None:
    """Write a run."""
    for stage in ("validate", "load", "publish"):
        vars(services(library).stages).pop(stage, None)
    library.write("Label", labels(), title)


WORKED: Final = Taken(before=lines, act=backfill)
WRITTEN: Final = Taken(before=appended, act=finish)
TAKEN: Final[Mapping[tuple[State, State], Taken]] = {
    (State.PLANNED, State.RUNNING): WORKED,
    (State.PLANNED, State.FAILED): Taken(before=planned, act=lost, afterwards=backfill),
    (State.PLANNED, State.CANCELLED): Taken(before=planned_of_before, act=backfill),
    (State.RUNNING, State.RUNNING): WRITTEN,
    (State.RUNNING, State.STAGED): WORKED,
    (State.RUNNING, State.FAILED): Taken(before=lines, act=backfill, afterwards=backfill, broken=True),
    (State.RUNNING, State.CANCELLED): Taken(before=appended, act=cancel),
    (State.STAGED, State.VALIDATED): WORKED,
    (State.STAGED, State.QUARANTINED): Taken(before=appended_bad, act=finish),
    (State.STAGED, State.FAILED): Taken(before=nothing, act=written_while("validate"), afterwards=written),
    (State.STAGED, State.CANCELLED): Taken(before=brought(), act=cancel),
    (State.VALIDATED, State.LOADED): WORKED,
    (State.VALIDATED, State.QUARANTINED): Taken(before=brought("validate"), act=distrusted),
    (State.VALIDATED, State.FAILED): Taken(before=nothing, act=written_while("load"), afterwards=written),
    (State.VALIDATED, State.CANCELLED): Taken(before=brought("validate"), act=cancel),
    (State.LOADED, State.ACTIVE): WORKED,
    (State.LOADED, State.QUARANTINED): Taken(before=hidden, act=distrusted),
    (State.LOADED, State.FAILED): Taken(before=nothing, act=written_while("publish"), afterwards=written),
    (State.LOADED, State.CANCELLED): Taken(before=hidden, act=cancel),
    (State.ACTIVE, State.SUPERSEDED): Taken(before=appended_again, act=finish),
    (State.SUPERSEDED, State.ACTIVE): Taken(before=twice, act=take_back),
}
