"""Open runs: started by a program, written by many processes at once, then finished or cancelled.

What is written lies in storage alone; the ledger is read, and changed in the short steps between.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from watchdown.catalogue.model import Title
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.memo import Types, in_versions
from watchdown.runs.merging import Corrections, merge
from watchdown.runs.parts import Opened, Part, Parts, Progress, Rows, new_name
from watchdown.runs.staging import finished
from watchdown.runs.states import OPEN, PUBLISHED, State
from watchdown.runs.wanted import WRITTEN
from watchdown.runs.writing import played
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.validation.policy import Tolerance
from watchdown_schemas.errors import NotFound, RunError, StorageNotFound
from watchdown_schemas.record import Record

ANEW: Final = "Start another with: watchdown write start"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """What a run is written into, and by which model's word; the version is that of what writes it."""

    title: Title
    algorithm: str
    version: str
    model: str | None = None


class OpenRuns:
    """Runs that programs write; every call may be repeated after whatever ended it."""

    def __init__(self, *, storage: Storage, catalogue: Catalogue, ledger: Ledger, types: Types) -> None:
        self._storage = storage
        self._catalogue = catalogue
        self._ledger = ledger
        self._types = types

    def start(self, slot: Slot, *, expected: Iterable[str], tolerance: Tolerance) -> Run:
        """Return a new run that takes rows; `expected` types count as written even where no row comes."""
        timeline, key = self._catalogue.timeline(slot.title.id), uuid.uuid4().hex
        run = self._ledger.begin(
            title=slot.title.id,
            timeline=timeline.id,
            algorithm=slot.algorithm,
            version=slot.version,
            memo_key=key,
            model=slot.model,
        )
        opened = Opened(
            title=slot.title.id,
            timeline=timeline.id,
            duration_ns=timeline.duration_ns,
            asset=played(self._catalogue, slot.title.id),
            algorithm=slot.algorithm,
            version=slot.version,
            model=slot.model,
            types=tuple(expected),
            tolerance=tolerance.share,
            key=key,
        )
        Parts(self._storage, run.number).open(opened)
        self._ledger.step(run.number, State.RUNNING)
        return self._ledger.get(run.number)

    def append(
        self, number: int, schema: type[Record], rows: Rows, *, part: str | None, progress: Progress
    ) -> tuple[Part, bool]:
        """Stage rows as a part of a run; return it, and whether it is these rows that were staged.

        A part of that name that is there already counts as it is. Raises RunError where the run takes no
        rows any more: nothing of these is left then.
        """
        name, parts = part or new_name(), Parts(self._storage, number)
        opened = self.opened(self.taking(number))
        if parts.is_closing:
            raise _too_late(self._ledger.get(number))
        entered, ours = parts.find(name), False
        if entered is None:
            entered, ours = parts.write(name, schema, opened, rows, progress)
        if not self._counts(number, name):
            if ours:
                parts.withdraw(name)
            raise _too_late(self._ledger.get(number))
        if entered.schema_type != schema.__name__:
            cause = f"has a part {name} already, which holds {entered.schema_type} rows"
            raise RunError(f"run {number}", cause, "Name this part otherwise")
        return entered, ours

    def _counts(self, number: int, name: str) -> bool:
        """Whether a part that has just been entered is one of those that the run has for good."""
        parts = Parts(self._storage, number)
        try:
            state = self._ledger.get(number).state
        except NotFound:
            return False
        if state is State.RUNNING and not parts.is_closing:
            return True
        if state is not State.RUNNING and not self._storage.exists(keys.closed(number)):
            return False
        return name in parts.close()

    def merge(
        self, number: int, corrections: Corrections, memo_key: Callable[[str], str], progress: Progress
    ) -> Run:
        """Take no more parts, and make what there is one attempt at the run, unless that is done.

        `memo_key` gives the run's key, made of the types that it has, as it is with the corrections.
        """
        run, parts = self.written(number), Parts(self._storage, number)
        if run.state is not State.RUNNING or finished(self._storage, number):
            return run
        try:
            opened = self.opened(run)
            found = parts.all(parts.close())
            types = {*opened.types, *(part.schema_type for part in found)}
            key = memo_key(in_versions(opened.key, types, self._types))
            self._ledger.step(number, State.RUNNING, memo_key=key)
            merge(
                number,
                opened,
                found,
                storage=self._storage,
                types=self._types,
                corrections=corrections,
                progress=progress,
            )
        except (RunError, StorageNotFound):
            # Who cancels removes the parts, and so does another who has finished meanwhile.
            run = self._ledger.get(number)
            if run.state is State.RUNNING and not finished(self._storage, number):
                raise
        else:
            parts.clear()
        run = self._ledger.get(number)
        if run.state not in (*OPEN, *PUBLISHED):
            self._storage.delete_all(keys.staged(number))
        return run

    def tolerance(self, run: Run) -> Tolerance:
        """Return how many rows of a run may be bad; none where nobody knows any more."""
        try:
            return Tolerance(Parts(self._storage, run.number).opened().tolerance)
        except StorageNotFound:
            return Tolerance(0)

    def cancel(self, number: int) -> bool:
        """End a run that is open, and remove what was staged; return whether more may be left of it.

        A run that is cancelled stays so. Raises RunError for one that has ended otherwise.
        """
        run = self.written(number)
        if run.state in PUBLISHED:
            remedy = f"Go back to the run before with: watchdown rollback {run.algorithm} --in {run.title}"
            raise RunError(f"run {number}", "has been published, and is no more to be cancelled", remedy)
        if run.state in OPEN:
            self._ledger.step(number, State.CANCELLED)
        elif run.state is not State.CANCELLED:
            raise RunError(f"run {number}", f"has ended: it is {told(run.state)}", ANEW)
        more = run.state not in (State.PLANNED, State.RUNNING) or Parts(self._storage, number).is_closing
        self._storage.delete_all(keys.staged(number))
        return more

    def open(self) -> list[Run]:
        """Return the runs that programs have started and not ended."""
        return [run for run in self._ledger.runs(states=OPEN) if run.origin == WRITTEN]

    def parts(self, number: int) -> list[Part]:
        """Return the parts of a run that is open; none where it ends at this moment."""
        parts = Parts(self._storage, number)
        try:
            return parts.all(parts.names())
        except StorageNotFound:
            return []

    def idle_since(self, run: Run) -> str:
        """Return when somebody last did something to a run that is open, in UTC."""
        return idle_since(run, self.parts(run.number))

    def written(self, number: int) -> Run:
        """Return a run that a program writes; RunError for one that an algorithm computes."""
        run = self._ledger.get(number)
        if run.origin != WRITTEN:
            cause = f"is worked by the algorithm {run.algorithm}, and takes no rows of others"
            raise RunError(f"run {number}", cause, ANEW)
        return run

    def taking(self, number: int) -> Run:
        """Return a run that takes rows; RunError where it does not."""
        run = self.written(number)
        if run.state is State.PLANNED:
            raise RunError(f"run {number}", "was never started whole", f"{ANEW}, and cancel this one")
        if run.state is not State.RUNNING:
            raise _too_late(run)
        return run

    def opened(self, run: Run) -> Opened:
        """Return what was said of a run at its start; RunError where it has ended meanwhile."""
        try:
            return Parts(self._storage, run.number).opened()
        except StorageNotFound:
            raise _too_late(self._ledger.get(run.number)) from None


def idle_since(run: Run, parts: Iterable[Part]) -> str:
    """Return when somebody last did something to a run of these parts, in UTC."""
    return max([run.updated_at, *(part.entered_at for part in parts)])


def _too_late(run: Run) -> RunError:
    state = "being finished" if run.state is State.RUNNING else told(run.state)
    return RunError(f"run {run.number}", f"takes no more rows: it is {state}", ANEW)


def told(state: State) -> str:
    """Say where a run stands, in people's words."""
    words = {State.QUARANTINED: "held in quarantine", State.LOADED: "finished, and hidden"}
    return words.get(state, str(state))
