"""What others do to runs while a stage is at work on them: planners cancel, leases are lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from runs.algorithms import catalogue
from runs.clocks import JumpingClock
from runs.libraries import SPOKEN, Library
from watchdown.catalogue.model import Title
from watchdown.executors.in_process import InProcess
from watchdown.executors.protocol import Wanted
from watchdown.runs.batch import Batch, read_batch
from watchdown.runs.batching import Planned
from watchdown.runs.leases import LEASE_S, BatchLeases, Lease
from watchdown.runs.ledger import Ledger
from watchdown.runs.stages import Stages, as_manifests_say
from watchdown.runs.staging import Manifest
from watchdown.runs.states import State
from watchdown.stores.protocol import Outcome, Sink
from watchdown_schemas.record import Record

TITLES = [Title(id=f"t{number}", name=f"Film {number}", added_at="") for number in range(3)]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "library", catalogue("Lines"))
    for number, title in enumerate(TITLES):
        made.speak(SPOKEN + f"\n3\n00:00:02,000 --> 00:00:03,000\n{number}\n", f"{number}.srt", title)
    yield made
    made.lake.close()
    made.database.close()


class Interrupted:
    """A sink beside which something happens whenever it writes."""

    of_record: bool = True

    def __init__(self, inner: Sink, act: Callable[[], None]) -> None:
        self._inner, self._act = inner, act

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        self._act()
        return self._inner.write(runs, schema, batches, model=model)

    def delete(self, runs: Sequence[int]) -> None:
        self._inner.delete(runs)


class Late(Ledger):
    """A ledger in which a run is cancelled just before the first publication."""

    cancelled: int | None = None

    def publish(self, numbers: Sequence[int]) -> int:
        if self.cancelled is None:
            self.cancelled = numbers[0]
            self.step(numbers[0], State.CANCELLED)
        return super().publish(numbers)


def planned(library: Library) -> Planned:
    return library.batching().plan(TITLES, ["lines"], size=3)


def worked(library: Library) -> str:
    """Plan a batch and work it to where it can be loaded; return its name."""
    [one] = planned(library).batches
    batch = read_batch(library.storage, one.batch)
    for index in range(len(batch.items)):
        library.worker()(batch, index)
    library.batches().record(batch.id)
    library.batches().validate(batch.id)
    return batch.id


def test_a_run_that_is_cancelled_while_it_is_loaded_stays_so(library: Library) -> None:
    batch = worked(library)
    library.sink = Interrupted(library.sink, lambda: library.ledger.step(1, State.CANCELLED))
    library.batches().load(batch)
    runs = library.batches().publish(batch)
    assert [run.state for run in runs] == ["cancelled", "active", "active"]
    assert library.ledger.view().visible == {2, 3}


def test_a_run_that_is_cancelled_as_it_is_published_keeps_no_other_back(library: Library) -> None:
    batch = worked(library)
    library.batches().load(batch)
    ledger = Late(library.database)
    stages = Stages(storage=library.storage, ledger=ledger, sink=library.sink, types=library.types)
    stages.publish(library.batches().runs(batch))
    assert [run.state for run in ledger.runs()] == ["cancelled", "active", "active"]
    assert ledger.view().epoch == 1


def test_runs_that_are_cancelled_leave_nothing_staged(library: Library) -> None:
    batch = worked(library)
    stages = Stages(storage=library.storage, ledger=library.ledger, sink=library.sink, types=library.types)
    stages.cancel(library.batches().runs(batch))
    stages.load(library.batches().runs(batch), as_manifests_say(library.algorithms))
    assert {run.state for run in library.ledger.runs()} == {State.CANCELLED}
    assert not list(library.storage.list("staged/"))


def test_a_batch_that_was_taken_over_is_left_to_the_other_and_ended_once(library: Library) -> None:
    clock = JumpingClock()
    leases = BatchLeases(library.database, clock)
    thieves: list[Lease | None] = []

    def work(batch: Batch, index: int, progress: Callable[[int], None]) -> list[Manifest]:
        if not thieves:
            clock.at += LEASE_S + 1
            thieves.append(leases.take(batch.id, "another"))
        return library.worker()(batch, index, progress)

    executor = InProcess(
        batches=library.batches(),
        leases=leases,
        read=lambda name: read_batch(library.storage, name),
        work=work,
    )
    found = planned(library)
    name = executor.run(Wanted(algorithm="lines", titles=(), planned=found, size=3, concurrency=1))
    notes: list[str] = []
    for step in executor.watch(name):
        if step.note and "taken over by another process" in step.note:
            notes.append(step.note)
            assert {run.state for run in library.ledger.runs()} == {State.PLANNED}
            [thief] = thieves
            assert thief
            leases.release(thief)
    assert len(notes) == 1
    assert [run.state for run in library.ledger.runs()] == ["active"] * 3
    assert leases.token(found.batches[0].batch) == 3
