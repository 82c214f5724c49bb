"""Batches: planned once, worked by anyone, and brought through their stages whatever was in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runs.algorithms import LOUD, catalogue, known
from runs.libraries import SPOKEN, Library
from watchdown.catalogue.model import Title
from watchdown.runs.batch import Batch, read_batch
from watchdown.runs.batches import UNFINISHED, counted
from watchdown.runs.batching import Planned
from watchdown.runs.reporting import report_on
from watchdown.runs.staging import read_manifest, staged_files
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_schemas.errors import AlgorithmNotFound, NotFound, RunError

TITLES = [Title(id=f"t{number}", name=f"Film {number}", added_at="") for number in range(5)]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "library", catalogue("Lines"))
    for title in TITLES:
        made.speak(f"{SPOKEN}\n\n3\n00:00:03,000 --> 00:00:04,000\n{title.id}\n", f"{title.id}.srt", title)
    yield made
    made.database.close()


def plan(library: Library, *names: str, size: int = 2) -> Planned:
    return library.batching().plan(library.catalogue.titles(), names or ("lines",), size=size)


def work(library: Library, batch: str, *leaving_out: int) -> None:
    found = read_batch(library.storage, batch)
    for index in set(range(len(found.items))) - set(leaving_out):
        library.worker()(found, index)


def finish(library: Library, batch: str) -> dict[str, int]:
    batches = library.batches()
    batches.record(batch)
    batches.validate(batch)
    batches.load(batch)
    return counted(batches.publish(batch))


def test_what_titles_lack_is_planned_in_batches_of_a_size(library: Library) -> None:
    found = plan(library)
    assert [(one.titles, one.algorithms, one.image) for one in found.batches] == [
        (2, ("lines",), "worker"),
        (2, ("lines",), "worker"),
        (1, ("lines",), "worker"),
    ]
    batch = read_batch(library.storage, found.batches[0].batch)
    assert [item.name for item in batch.items] == ["Film 0", "Film 1"]
    assert {run.batch for run in library.ledger.runs()} == {one.batch for one in found.batches}


def test_to_plan_twice_is_one_plan(library: Library) -> None:
    first, again = plan(library), plan(library)
    assert again == first
    assert again.plan == first.plan
    assert len(library.ledger.runs()) == len(TITLES)


def test_a_title_that_comes_later_joins_no_batch_that_is_planned(library: Library) -> None:
    first = plan(library)
    library.speak(
        "1\n00:00:00,000 --> 00:00:01,000\nlate\n", "late.srt", Title(id="t9", name="Late", added_at="")
    )
    again = plan(library)
    assert set(first.batches) < set(again.batches)
    assert again.plan != first.plan


def test_a_batch_goes_from_work_to_readers(library: Library) -> None:
    found = plan(library, size=5)
    [batch] = found.batches
    work(library, batch.batch)
    assert library.ledger.view().visible == frozenset()
    assert finish(library, batch.batch) == {"active": 5}
    assert library.ledger.view().epoch == 1  # all at one moment
    assert len(library.rows()["DialogueLine"]) == 15
    assert plan(library) == Planned(batches=(), up_to_date=5, waiting=())


def test_two_libraries_have_no_batch_in_common(library: Library, tmp_path: Path) -> None:
    other = Library(tmp_path / "other", catalogue("Lines"))
    other.speak(SPOKEN, "t0.srt", TITLES[0])
    [batch] = plan(other).batches
    assert [item.tasks[0].run for item in read_batch(other.storage, batch.batch).items] == [1]
    library.batching().plan(TITLES[:1], ["lines"])
    assert [run.number for run in library.ledger.runs(batch=batch.batch)] == []
    other.database.close()


def test_every_stage_may_be_repeated(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    batches = library.batches()
    work(library, batch.batch)
    work(library, batch.batch)
    for _ in range(2):
        batches.record(batch.batch)
    for _ in range(2):
        batches.validate(batch.batch)
    for _ in range(2):
        batches.load(batch.batch)
    rows = library.lake.version("DialogueLine")
    for _ in range(2):
        batches.publish(batch.batch)
    assert finish(library, batch.batch) == {"active": 5}
    assert library.lake.version("DialogueLine") == rows
    assert library.ledger.view().epoch == 1


def test_a_title_that_nobody_finished_fails_alone_and_says_why(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    work(library, batch.batch, 1, 3)
    runs = library.batches().record(batch.batch, {1: "out of memory"})
    assert {run.title: run.error for run in runs if run.state is State.FAILED} == {
        "t1": "out of memory",
        "t3": UNFINISHED,
    }
    assert finish(library, batch.batch) == {"active": 3, "failed": 2}


def test_what_failed_is_planned_anew_and_only_that(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    work(library, batch.batch, 1)
    finish(library, batch.batch)
    [again] = plan(library, size=5).batches
    assert [item.title for item in read_batch(library.storage, again.batch).items] == ["t1"]
    work(library, again.batch)
    assert finish(library, again.batch) == {"active": 1}


def test_a_manifest_counts_though_its_worker_was_given_up(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    work(library, batch.batch)
    library.batches().record(batch.batch, {2: "its node is gone"})
    assert finish(library, batch.batch) == {"active": 5}


def test_a_worker_that_comes_too_late_changes_nothing(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    work(library, batch.batch, 2)
    assert finish(library, batch.batch) == {"active": 4, "failed": 1}
    work(library, batch.batch)
    assert finish(library, batch.batch) == {"active": 4, "failed": 1}
    assert not [stored.key for stored in library.storage.list(keys.STAGED)]


def test_half_an_attempt_is_never_read(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    found = read_batch(library.storage, batch.batch)
    attempt = keys.attempt(found.items[0].tasks[0].run, "killed")
    library.storage.put(f"{attempt}DialogueLine.parquet", b"PAR1 half")
    work(library, batch.batch)
    assert finish(library, batch.batch) == {"active": 5}
    assert len(library.rows()["DialogueLine"]) == 15


def test_an_open_batch_is_left_alone_by_whoever_tidies(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    work(library, batch.batch, 0)
    library.run(TITLES[4])  # tidies, and takes up the open run of its title
    assert read_batch(library.storage, batch.batch).runs
    work(library, batch.batch)
    assert finish(library, batch.batch) == {"active": 5}


def test_what_reads_records_waits_for_them(library: Library) -> None:
    found = plan(library, "lines", "loud", size=5)
    assert [one.algorithms for one in found.batches] == [("lines",)]
    assert {one.why for one in found.waiting} == {"lines is at work on its DialogueLine records"}
    assert {one.why for one in plan(library, "loud").waiting} == {
        "lines is at work on its DialogueLine records"
    }
    batch = found.batches[0].batch
    work(library, batch)
    finish(library, batch)
    after = plan(library, "loud", size=5)
    assert [one.titles for one in after.batches] == [5]
    assert library.batching().dependants(["lines"]) == {"loud"}


def test_why_a_title_cannot_be_run_is_told(library: Library) -> None:
    found = plan(library, "loud")
    assert found.batches == ()
    assert {one.why for one in found.waiting} == {"it has no DialogueLine records yet; run lines first"}


def test_tasks_that_share_no_image_share_no_batch(library: Library) -> None:
    lines, both = known("Lines"), known("Both", produces=["DialogueLine", "Label"])
    other = Known(both.manifest.model_copy(update={"image": "worker-gpu"}), both.package, both.folder)
    library.algorithms = AlgorithmCatalogue([lines, other])
    found = plan(library, "lines", "both", size=5)
    assert sorted((one.image, one.algorithms, one.titles) for one in found.batches) == [
        ("worker", ("lines",), 5),
        ("worker-gpu", ("both",), 5),
    ]


def test_tasks_that_share_an_image_share_a_batch(library: Library) -> None:
    library.algorithms = AlgorithmCatalogue(
        [known("Lines"), known("Both", produces=["DialogueLine", "Label"])]
    )
    [batch] = plan(library, "lines", "both", size=5).batches
    assert set(batch.algorithms) == {"lines", "both"}
    work(library, batch.batch)
    assert finish(library, batch.batch) == {"active": 10}


def test_a_bad_algorithm_fails_its_titles_and_no_others(library: Library) -> None:
    library.algorithms = AlgorithmCatalogue([known("Lines"), known("Torn")])
    [batch] = plan(library, "lines", "torn", size=5).batches
    work(library, batch.batch)
    assert finish(library, batch.batch) == {"active": 5, "failed": 5}


def test_a_title_whose_rows_are_held_back_is_not_called_up_to_date(library: Library) -> None:
    library.algorithms = catalogue("Late")
    [batch] = plan(library, "late", size=5).batches
    work(library, batch.batch)
    assert finish(library, batch.batch) == {"quarantined": 5}
    found = plan(library, "late")
    assert (found.batches, found.up_to_date) == ((), 0)
    held = [(one.title, one.why) for one in found.waiting]
    assert held[0] == ("Film 0", "its rows are held in quarantine (run 1); see: watchdown quarantine list")
    assert len(held) == len(TITLES)


def test_the_report_names_each_title_that_failed_and_how_to_try_again(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    work(library, batch.batch, 1)
    library.batches().record(batch.batch, {1: "out of memory"})
    finish(library, batch.batch)
    names = {title.id: title.name for title in TITLES}
    runs = library.batches().runs(batch.batch)
    found = report_on([batch.batch], runs, names, tolerance=0.0, library="my films")
    [failed] = found.failed
    assert (failed.title_name, failed.error) == ("Film 1", "out of memory")
    assert failed.command == "watchdown backfill lines --titles t1 --library 'my films'"
    assert (found.runs, found.published, found.passed) == (5, 4, False)
    assert report_on([batch.batch], runs, names, tolerance=0.2, library="").passed
    assert not report_on([batch.batch], runs, names, tolerance=0.19, library="").passed
    with pytest.raises(RunError, match="is 2, no share of the titles"):
        report_on([], [], {}, tolerance=2, library="")


def test_a_share_is_counted_exactly(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    [run, *_] = library.batches().runs(batch.batch)
    active = replace(run, state=State.ACTIVE)
    runs = [run] * 29 + [active] * 71
    assert report_on([], runs, {}, tolerance=0.29, library="").passed
    assert not report_on([], [run, *runs[:-1]], {}, tolerance=0.29, library="").passed


def test_an_algorithm_that_ends_the_program_has_failed(library: Library) -> None:
    library.algorithms = AlgorithmCatalogue([known("Leaving")])
    [batch] = plan(library, "leaving", size=5).batches
    work(library, batch.batch)
    assert finish(library, batch.batch) == {"failed": 5}
    assert {str(run.error)[:24] for run in library.ledger.runs()} == {"leaving raised SystemExi"}


def test_rows_that_are_gone_fail_their_run_and_no_other(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    work(library, batch.batch)
    [first, *_] = library.batches().runs(batch.batch)
    library.storage.delete(staged_files(read_manifest(library.storage, first.number)).values())
    assert finish(library, batch.batch) == {"failed": 1, "active": 4}
    assert "is gone, which its attempt had written" in str(library.ledger.get(first.number).error)


def test_a_title_can_be_taken_out_of_a_batch_that_holds_others(library: Library) -> None:
    [all_of_them] = plan(library, size=5).batches
    chosen = [TITLES[2]]
    [alone] = library.batching().plan(chosen, ["lines"], apart=True).batches
    assert [item.title for item in read_batch(library.storage, alone.batch).items] == ["t2"]
    assert library.batching().plan(chosen, ["lines"], apart=True).batches == (alone,)
    work(library, alone.batch)
    assert finish(library, alone.batch) == {"active": 1}
    assert {run.title for run in library.batches().runs(all_of_them.batch)} == {"t0", "t1", "t3", "t4"}
    work(library, all_of_them.batch)  # a worker that has the old file does the title once more, for nothing
    assert finish(library, all_of_them.batch) == {"active": 4}


def test_what_was_planned_for_other_inputs_counts_by_what_took_its_place(library: Library) -> None:
    [old] = plan(library, size=5).batches
    library.speak(SPOKEN, "t0.srt", TITLES[0])
    planned = plan(library, size=5)
    assert {one.batch for one in planned.batches} > {old.batch}
    for one in planned.batches:
        work(library, one.batch)
        finish(library, one.batch)
    runs = [run for one in planned.batches for run in library.batches().runs(one.batch)]
    assert sorted(run.state for run in runs) == [*["active"] * 5, "cancelled"]
    found = report_on([], runs, {}, tolerance=0, library="x")
    assert (found.runs, found.published, found.passed) == (5, 5, True)


def test_titles_that_could_not_be_planned_count_as_failed(library: Library) -> None:
    found = plan(library, "loud")
    assert (found.batches, found.blocked) == ((), 5)
    assert not report_on([], [], {}, tolerance=0.9, library="x", blocked=found.blocked).passed
    assert report_on([], [], {}, tolerance=1, library="x", blocked=found.blocked).passed


def test_a_title_that_has_nothing_for_an_algorithm_is_no_failure(library: Library) -> None:
    library.algorithms = AlgorithmCatalogue([known("Lines", consumes=["audio"]), LOUD])
    found = plan(library, "lines", "loud")
    assert {(one.algorithm, one.why, one.blocked) for one in found.waiting} == {
        ("lines", "the title has no audio", False),
        ("loud", "the title has no DialogueLine", False),
    }
    assert found.blocked == 0


def test_recording_what_has_ended_needs_no_file(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    work(library, batch.batch)
    finish(library, batch.batch)
    library.storage.delete([keys.batch(batch.batch)])
    assert counted(library.batches().record(batch.batch)) == {"active": 5}


def test_a_report_on_nothing_passes() -> None:
    assert report_on([], [], {}, tolerance=0, library="").passed


def test_runs_that_are_not_at_their_end_are_no_success(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    found = report_on([batch.batch], library.batches().runs(batch.batch), {}, tolerance=0, library="x")
    assert {one.error for one in found.failed} == {"it is still planned"}


def test_a_batch_or_an_index_that_is_not_there_is_named(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    with pytest.raises(NotFound, match="nothing: is no batch of this library"):
        library.batches().record("nothing")
    with pytest.raises(NotFound, match=r"has no index 5\. Its indexes are 0 to 4"):
        library.worker()(read_batch(library.storage, batch.batch), 5)
    with pytest.raises(NotFound, match="has no index 7"):
        library.batches().record(batch.batch, {7: "?"})


def test_a_worker_of_another_version_refuses(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    found = read_batch(library.storage, batch.batch)
    newer = Known(
        library.algorithms["lines"].manifest.model_copy(update={"version": "2.0.0"}), "runs", Path()
    )
    library.algorithms = AlgorithmCatalogue([newer, LOUD])
    with pytest.raises(AlgorithmNotFound, match=r"wants lines 1\.0\.0, and 2\.0\.0 is here"):
        library.worker()(found, 0)


def test_a_batch_file_is_never_changed(library: Library) -> None:
    [batch] = plan(library, size=5).batches
    before = library.storage.read(keys.batch(batch.batch))
    Batch(id=batch.batch, items=()).write(library.storage)
    assert library.storage.read(keys.batch(batch.batch)) == before


def test_a_planner_that_was_killed_before_its_note_makes_the_same_batch(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(type(library.ledger), "assign", die)
        with pytest.raises(Killed):
            plan(library, size=5)
    [written] = library.storage.list(keys.BATCHES)
    [batch] = plan(library, size=5).batches
    assert written.key == keys.batch(batch.batch)
    work(library, batch.batch)
    assert finish(library, batch.batch) == {"active": 5}
