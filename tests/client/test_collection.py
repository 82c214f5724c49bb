"""Collecting a library: what is needed stays and answers the same, the rest is gone; on both deployments."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import lancedb.table
import pytest

import watchdown
from client.deployments import DEPLOYMENTS, deployed, entered
from client.libraries import services
from watchdown.client import Library
from watchdown.client.results_collection import CollectionReport
from watchdown.models.kept import CARD
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown_schemas.errors import CursorExpired, LibraryBusy, StorageFull
from watchdown_schemas.types import Keyframe, Note

NOW = timedelta(0)
TITLES = ("aa0001", "bb0002")


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as place:
        yield place


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, *TITLES) as library:
        yield library


def note(at: int, text: str) -> Note:
    return Note(start_ns=at, end_ns=at + 1, note=f"n{at}", text=text, author="ada")


def write(library: Library, title: str, version: int, count: int = 30) -> int:
    """Write a run of notes, which takes the place of the one before."""
    rows = [note(at, f"Lantern {at} of version {version}") for at in range(count)]
    return library.write("Note", rows, title, algorithm="hand", version=f"{version}.0.0").run


def answers(library: Library) -> list[Any]:
    found = library.search("lantern", schema_type="Note", limit=100)
    return [
        sorted((hit.text, hit.title, round(hit.score, 4), hit.run) for hit in found.hits),
        library.count("Note"),
        library.facet("Note", "author"),
        sorted((one.start_ns, one.text) for one in library.records("Note")),  # type: ignore[attr-defined]
    ]


def removed(report: CollectionReport) -> dict[str, int]:
    return {one.kind: one.count for one in report.removed if one.count}


def listed(library: Library, *prefixes: str) -> list[str]:
    storage = services(library).storage
    return [stored.key for prefix in prefixes or [""] for stored in storage.list(prefix)]


def rows_of(library: Library, *runs: int) -> int:
    return services(library).store.sink.traces([], list(runs))


def test_superseded_runs_go_and_what_is_seen_stays(library: Library) -> None:
    first = [write(library, title, 1) for title in TITLES]
    second = [write(library, title, 2, count=40) for title in TITLES]
    before = answers(library)
    assert library.collection.run().nothing
    assert rows_of(library, *first) > 0
    dry = library.collection.run(grace=NOW, dry_run=True)
    assert (dry.runs, removed(dry)["rows"]) == (tuple(first), 60)
    assert services(library).ledger.oldest() == 0
    done = library.collection.run(grace=NOW)
    assert {kind: count for kind, count in removed(done).items() if kind != "old versions of tables"} == (
        removed(dry)
    )
    assert answers(library) == before
    assert library.collection.run(grace=NOW).runs == ()
    assert rows_of(library, *second) > 0
    assert {keys.run_of(key) for key in listed(library, keys.STAGED)} <= set(second)
    for run in map(services(library).ledger.get, first):
        assert run.state is State.SUPERSEDED
        assert run.collected_at
        assert run.removed_at


def test_a_page_goes_on_while_its_epoch_is_kept_and_is_refused_after(library: Library) -> None:
    for title in TITLES:
        write(library, title, 1)
    page = library.search("lantern", schema_type="Note", limit=7)
    write(library, TITLES[0], 2)
    library.collection.run()
    seen = [hit.text for hit in page.hits]
    while page.cursor:
        page = library.search("lantern", schema_type="Note", limit=7, after=page.cursor)
        seen += [hit.text for hit in page.hits]
    assert len(seen) == 60
    assert not any("version 2" in (text or "") for text in seen)
    old = library.search("lantern", schema_type="Note", limit=7)
    write(library, TITLES[0], 3)
    library.collection.run(grace=NOW)
    with pytest.raises(CursorExpired, match="kept no more"):
        library.search("lantern", schema_type="Note", limit=7, after=old.cursor)
    with pytest.raises(CursorExpired):
        library.records("Note", as_of=2)


@pytest.mark.feature(79)
def test_who_searches_while_superseded_runs_are_removed_is_answered_the_same(
    library: Library, place: Path
) -> None:
    for version in range(1, 6):
        for title in TITLES:
            write(library, title, version, count=100)
    before, done, seen = answers(library), threading.Event(), list[Any]()

    def read() -> None:
        with watchdown.open(place) as other:
            while not done.is_set() or not seen:
                seen.append(answers(other))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        report = library.collection.run(grace=NOW)
    finally:
        done.set()
        reader.join()
    assert removed(report)["rows"] == 800
    assert seen
    assert all(one == before for one in seen)


def test_failed_runs_and_files_of_nobody_go_after_the_grace(library: Library) -> None:
    parts = services(library)
    write(library, TITLES[0], 1)
    lost = parts.ledger.plan(
        title=TITLES[0], timeline=f"{TITLES[0]}.1", algorithm="x", version="1.0.0", memo_key="k", model=None
    ).number
    parts.ledger.step(lost, State.FAILED, error="it broke")
    left = [
        f"{keys.staged(lost)}attempt/Note.parquet",
        f"{keys.staged(99)}attempt/Note.parquet",
        keys.refused(lost, "Note"),
        keys.dead_letters(99, "Note"),
        f"{keys.derived('f' * 64, lost)}sprites-0000.jpg",
        f"{keys.derived('f' * 64, 99)}sprites-0000.jpg",
        keys.batch("old"),
        keys.bundle("asked-for"),
    ]
    kept = [keys.source("f" * 64, "film.mp4"), "reports/old/report.json", "staged/readme.txt"]
    for key in [*left, *kept]:
        parts.storage.put(key, b"12345")
    assert set(left) <= set(listed(library))
    assert library.collection.run().nothing
    dry = library.collection.run(grace=NOW, dry_run=True)
    assert sum(one.bytes for one in dry.removed) == 5 * len(left)
    assert removed(library.collection.run(grace=NOW)) == removed(dry)
    assert set(left).isdisjoint(listed(library))
    assert set(kept) <= set(listed(library))
    assert library.collection.run(grace=NOW).runs == ()
    assert parts.ledger.get(lost).error == "it broke"


def test_a_kept_model_goes_with_the_last_run_of_it(library: Library) -> None:
    parts = services(library)
    seen, planned = (
        parts.ledger.plan(
            title=title, timeline=f"{title}.1", algorithm="x", version="1.0.0", memo_key="k", model=model
        ).number
        for title, model in zip(TITLES, ("of-one", "of-another"), strict=True)
    )
    kept = {keys.model(model, name) for model in ("of-one", "of-another") for name in ("a.onnx", CARD)}
    gone = {keys.model("of-nobody", name) for name in ("a.onnx", CARD)}
    for key in kept | gone:
        parts.storage.put(key, b"12345")
    assert library.collection.run().nothing
    dry = library.collection.run(grace=NOW, dry_run=True)
    assert removed(library.collection.run(grace=NOW)) == removed(dry) == {"kept models": 2}
    assert set(listed(library, keys.MODELS)) == kept
    for number in (seen, planned):
        parts.ledger.step(number, State.CANCELLED)
    library.collection.run(grace=NOW)
    assert listed(library, keys.MODELS) == []


def test_what_is_open_or_held_loses_nothing(library: Library) -> None:
    parts, open_ones = services(library), []
    for number, state in enumerate((State.RUNNING, State.STAGED, State.QUARANTINED)):
        key = f"k{number}"
        run = parts.ledger.plan(
            title=TITLES[0],
            timeline=f"{TITLES[0]}.1",
            algorithm=key,
            version="1.0.0",
            memo_key=key,
            model=None,
        ).number
        for step in (State.RUNNING, State.STAGED, State.QUARANTINED)[: number + 1]:
            parts.ledger.step(run, step)
        assert parts.ledger.get(run).state is state
        parts.storage.put(f"{keys.derived('f' * 64, run)}sprites-0000.jpg", b"1")
        parts.storage.put(keys.refused(run, "Note"), b"1")
        open_ones.append(run)
    parts.ledger.assign("busy", open_ones[:1])
    for key in (keys.batch("busy"), f"{keys.staged(open_ones[0])}a/Note.parquet"):
        parts.storage.put(key, b"1")
    areas = (keys.BATCHES, keys.MEDIA, keys.QUARANTINE, keys.STAGED)
    before = listed(library, *areas)
    assert library.collection.run(grace=NOW).nothing
    assert listed(library, *areas) == before


def test_pictures_that_a_later_run_shows_still_stay(library: Library) -> None:
    storage = services(library).storage
    frames = [
        Keyframe(start_ns=0, end_ns=1, shot_start_ns=0, shot_end_ns=9, thumbnail=f"{'f' * 64}/{name}")
        for name in ("1/sprites-0000.jpg#xywh=0,0,8,8", "2/sprites-0000.jpg")
    ]
    for run in (1, 2, 3):
        storage.put(f"{keys.derived('f' * 64, run)}sprites-0000.jpg", b"1")
    numbers = [
        library.write("Keyframe", [frame], TITLES[0], algorithm="keyframes", version=f"{at}.0.0").run
        for at, frame in enumerate([frames[1], frames[0], frames[0]], start=1)
    ]
    assert numbers == [1, 2, 3]
    library.collection.run(grace=NOW)
    assert listed(library, keys.MEDIA) == [f"{keys.derived('f' * 64, run)}sprites-0000.jpg" for run in (1, 3)]


def test_of_two_collectors_one_waits_or_leaves(library: Library, place: Path) -> None:
    write(library, TITLES[0], 1)
    write(library, TITLES[0], 2)
    parts = services(library)
    with watchdown.open(place) as other:
        with parts.alone("collector", lambda: None):
            with pytest.raises(LibraryBusy, match="collected by another"):
                other.collection.run(wait=False)
            waiter = threading.Thread(target=lambda: other.collection.run(grace=NOW))
            waiter.start()
            assert parts.ledger.oldest() == 0
        waiter.join()
    assert parts.ledger.oldest() == 2
    assert library.collection.run(grace=NOW).runs == ()


def test_a_write_that_nobody_ended_is_given_up(library: Library) -> None:
    from sqlalchemy import update

    from watchdown.catalogue.tables import runs

    parts = services(library)
    run = parts.ledger.plan(
        title=TITLES[0], timeline=f"{TITLES[0]}.1", algorithm="x", version="1.0.0", memo_key="k", model=None
    ).number
    parts.ledger.step(run, State.RUNNING)
    assert parts.ledger.get(run).state is State.RUNNING
    library.collection.run(grace=NOW)
    with parts.database.writing() as connection:
        old = {"origin": "written", "updated_at": "2020-01-01T00:00:00.000+00:00"}
        connection.execute(update(runs).where(runs.c.number == run).values(old))
    parts.storage.put(f"{keys.staged(run)}parts/1/Note.parquet", b"1")
    assert library.collection.run(grace=NOW).nothing  # something was written a moment ago
    parts.storage.delete_all(keys.staged(run))
    assert removed(library.collection.run(dry_run=True)) == {"writes that nobody ended": 1}
    assert removed(library.collection.run()) == {"writes that nobody ended": 1}
    assert parts.ledger.get(run).state is State.CANCELLED


def test_a_report_of_a_collection_is_json(library: Library) -> None:
    write(library, TITLES[0], 1)
    write(library, TITLES[0], 2)
    told = json.loads(library.collection.run(grace=NOW, dry_run=True).model_dump_json())
    assert told["dry_run"]
    assert {one["kind"]: one["count"] for one in told["removed"]}["runs"] == 1


def test_runs_are_written_while_others_are_collected(library: Library, place: Path) -> None:
    errors: list[BaseException] = []

    def load() -> None:
        try:
            with watchdown.open(place) as other:
                for version in range(1, 6):
                    write(other, TITLES[0], version)
        except BaseException as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    loader = threading.Thread(target=load)
    loader.start()
    gone: set[int] = set()
    while loader.is_alive():
        gone |= set(library.collection.run(grace=NOW).runs)
    loader.join()
    gone |= set(library.collection.run(grace=NOW).runs)
    assert errors == []
    assert gone == {1, 2, 3, 4}
    assert {hit.text for hit in library.search("lantern", schema_type="Note", limit=99).hits} == {
        f"Lantern {at} of version 5" for at in range(30)
    }


def test_a_full_disk_ends_the_collection_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("lance error: No space left on device (os error 28)")

    with entered(tmp_path / "library", *TITLES) as library:
        for version in (1, 2):
            write(library, TITLES[0], version)
        before = answers(library)
        for step in ("delete", "optimize"):
            with monkeypatch.context() as patch:
                patch.setattr(lancedb.table.LanceTable, step, full)
                with pytest.raises(StorageFull, match="Free some space"):
                    library.collection.run(grace=NOW)
            assert answers(library) == before
        assert library.collection.run(grace=NOW).runs == ()
        assert answers(library) == before
        assert list(services(library).read_run("Note", 1)) == []
