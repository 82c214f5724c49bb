"""Parts of a run: each is in the run for good, or its writer learns that it came too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from conformance.storages import made, storage_code
from runs.ledgers import new_database
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.ledger import Ledger
from watchdown.runs.merging import Corrections
from watchdown.runs.open_runs import OpenRuns, Slot
from watchdown.runs.parts import Parts, Rows
from watchdown.runs.staging import read_manifest
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.validation.policy import Tolerance
from watchdown_schemas.errors import RecordInvalid, RunError
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import STANDARD_TYPES, Label

NONE = Corrections((), lambda rows, _schema: rows)


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return made(storage_code(request.param, tmp_path, lambda: request.getfixturevalue("s3_server")))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    database = new_database(tmp_path / "library.db")
    yield Ledger(database)
    database.close()


@pytest.fixture
def runs(storage: Storage, ledger: Ledger) -> OpenRuns:
    return OpenRuns(
        storage=storage, catalogue=Catalogue(ledger._database), ledger=ledger, types=STANDARD_TYPES
    )


def started(runs: OpenRuns) -> int:
    [title] = [one for one in runs._catalogue.titles() if one.id == "a"]
    slot = Slot(title=title, algorithm="finder", version="1.0.0")
    return runs.start(slot, expected=(), tolerance=Tolerance(0)).number


def rows(*names: str) -> Rows:
    given = [{"start_ns": 0, "end_ns": 1, "label": name, "confidence": 1.0} for name in names]
    return Rows(None, lambda stamp, length: [from_rows(Label, given, stamp, length)])


def append(runs: OpenRuns, run: int, name: str) -> bool:
    return runs.append(run, Label, rows(name), part=name, progress=lambda _rows: None)[1]


def merge(runs: OpenRuns, run: int) -> State:
    return runs.merge(run, NONE, lambda key: key, lambda _rows: None).state


def in_parts(storage: Storage, run: int) -> list[str]:
    found = [*storage.list(keys.entered(run)), *storage.list(keys.part_files(run))]
    return sorted(one.key.removeprefix(keys.staged(run)) for one in found)


Meanwhile = Callable[[OpenRuns, int], object]


def around_entering(
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    *,
    before: Callable[[], object],
    after: Callable[[], object],
) -> None:
    """Do something right before, or right after, the next part is entered."""
    put_new, left = storage.put_new, [1]

    def entering(key: str, data: bytes) -> bool:
        if "/entered/" not in key or not left:
            return put_new(key, data)
        left.clear()
        before()
        done = put_new(key, data)
        after()
        return done

    monkeypatch.setattr(storage, "put_new", entering)


def nothing() -> None:
    """Do nothing."""


def close(runs: OpenRuns, run: int) -> None:
    Parts(runs._storage, run).close()


def say_so(runs: OpenRuns, run: int) -> None:
    """Begin to close, as a process does that is killed before it has listed the parts."""
    runs._storage.put_new(keys.closing(run), b"{}")


def cancel(runs: OpenRuns, run: int) -> None:
    runs.cancel(run)


@pytest.mark.parametrize("meanwhile", [close, cancel, merge])
def test_a_part_that_comes_after_the_end_is_refused_and_nothing_of_it_is_left(
    runs: OpenRuns, storage: Storage, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile
) -> None:
    run = started(runs)
    append(runs, run, "early")
    around_entering(storage, monkeypatch, before=lambda: meanwhile(runs, run), after=nothing)
    with pytest.raises(RunError, match="takes no more rows"):
        append(runs, run, "late")
    assert not [key for key in in_parts(storage, run) if "late" in key]


@pytest.mark.parametrize("meanwhile", [close, say_so, merge])
def test_a_part_that_was_entered_before_the_end_is_in_the_run(
    runs: OpenRuns, storage: Storage, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile
) -> None:
    run = started(runs)
    around_entering(storage, monkeypatch, before=nothing, after=lambda: meanwhile(runs, run))
    assert append(runs, run, "just in time")
    merge(runs, run)
    assert read_manifest(storage, run).counts == {"Label": 1}


def test_a_part_that_was_entered_when_its_run_was_cancelled_is_not_said_to_be_in_it(
    runs: OpenRuns, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(runs)
    around_entering(storage, monkeypatch, before=nothing, after=lambda: cancel(runs, run))
    with pytest.raises(RunError, match="it is cancelled"):
        append(runs, run, "cancelled")
    assert list(storage.list(keys.staged(run))) == []


def test_whoever_appends_while_others_close_knows_whether_it_counts(runs: OpenRuns, storage: Storage) -> None:
    run, begin = started(runs), Barrier(6)
    entered: list[str] = []

    def write(writer: int) -> None:
        begin.wait()
        for number in range(1000):
            name = f"{writer}-{number}"
            try:
                append(runs, run, name)
            except RunError:
                return
            entered.append(name)

    def end() -> None:
        begin.wait()
        while len(entered) < 12:
            pass
        close(runs, run)

    threads = [
        *(Thread(target=write, args=(writer,)) for writer in range(4)),
        *(Thread(target=end) for _ in "12"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parts = Parts(storage, run)
    assert sorted(entered) == sorted(parts.close()) == sorted(parts.names())
    merge(runs, run)
    assert read_manifest(storage, run).counts == {"Label": len(entered)}


def test_of_two_who_append_one_part_at_once_one_counts(
    runs: OpenRuns, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(runs)
    around_entering(storage, monkeypatch, before=lambda: append(runs, run, "same"), after=nothing)
    assert not append(runs, run, "same")
    files = {key.rpartition("/")[0] for key in in_parts(storage, run) if key.startswith("parts/")}
    assert len(files) == 1


def test_of_two_who_merge_at_once_one_counts(
    runs: OpenRuns, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(runs)
    for name in ("one", "two"):
        append(runs, run, name)
    opening, first = storage.open, [1]

    def overtaken(key: str) -> object:
        if first and "/parts/" in key:
            first.clear()
            merge(runs, run)
        return opening(key)

    monkeypatch.setattr(storage, "open", overtaken)
    assert merge(runs, run) is State.RUNNING
    manifest = read_manifest(storage, run)
    assert manifest.counts == {"Label": 2}
    attempts = {one.key.split("/")[2] for one in storage.list(keys.staged(run)) if one.key.count("/") == 3}
    assert attempts - {"entered"} == {manifest.attempt}


def test_a_run_that_is_cancelled_while_it_is_merged_leaves_nothing(
    runs: OpenRuns, storage: Storage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(runs)
    append(runs, run, "one")
    opening = storage.open

    def cancelled(key: str) -> object:
        if "/parts/" in key and ledger.get(run).state is State.RUNNING:
            runs.cancel(run)
        return opening(key)

    monkeypatch.setattr(storage, "open", cancelled)
    assert merge(runs, run) is State.CANCELLED
    assert list(storage.list(keys.staged(run))) == []


def test_what_reading_its_rows_raises_leaves_nothing_of_a_part(runs: OpenRuns, storage: Storage) -> None:
    def broken(stamp: object, length: int | None) -> Iterator[object]:
        yield from rows("first").read(stamp, length)  # type: ignore[arg-type]
        raise RecordInvalid("line 7", "is no JSON", "Mend it")

    run = started(runs)
    with pytest.raises(RecordInvalid, match="line 7"):
        runs.append(run, Label, Rows(None, broken), part="p", progress=lambda _rows: None)  # type: ignore[arg-type]
    assert in_parts(storage, run) == []
    assert append(runs, run, "p")


def test_a_run_that_was_planned_only_takes_no_rows(runs: OpenRuns, ledger: Ledger) -> None:
    begun = ledger.begin(
        title="a", timeline="a.1", algorithm="finder", version="1.0.0", memo_key="k", model=None
    )
    with pytest.raises(RunError, match="was never started whole"):
        append(runs, begun.number, "x")
    runs.cancel(begun.number)
    assert ledger.get(begun.number).state is State.CANCELLED


def test_a_run_that_an_algorithm_works_takes_no_rows(runs: OpenRuns, ledger: Ledger) -> None:
    worked = ledger.plan(
        title="a", timeline="a.1", algorithm="shots", version="1.0.0", memo_key="k", model=None
    )
    ledger.step(worked.number, State.RUNNING)
    for act in (lambda: append(runs, worked.number, "x"), lambda: runs.cancel(worked.number)):
        with pytest.raises(RunError, match="is worked by the algorithm shots"):
            act()
