"""Runs that programs write, on a folder and on servers: seen whole or not at all, whoever writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import watchdown
from client.deployments import DEPLOYMENTS, deployed, entered
from client.libraries import SECOND, services
from client.written import left, written
from watchdown.client import Library
from watchdown.storage import keys
from watchdown_schemas.errors import NotFound, RunError
from watchdown_schemas.types import Label, Shot


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as given:
        yield given


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, "heat", "rain") as made:
        yield made


def labels(count: int, name: str = "day", first: int = 0) -> list[dict[str, Any]]:
    return [
        {"start_ns": at, "end_ns": at + 1, "label": name, "confidence": 0.5}
        for at in range(first, first + count)
    ]


def shots(count: int) -> list[Shot]:
    return [Shot(start_ns=at, end_ns=at + 1, number=at) for at in range(count)]


def seen(library: Library, schema: str = "Label") -> list[str]:
    """Return what a reader of his own sees of the records."""
    return sorted(f"{one.label} {one.start_ns}" for one in library.records(schema) if isinstance(one, Label))


@pytest.mark.feature(15)
def test_two_types_of_one_run_are_seen_at_one_moment(library: Library, place: Path) -> None:
    views: list[tuple[int, int]] = []
    done = threading.Event()

    def poll() -> None:
        with watchdown.open(place) as reader:
            while not done.is_set():
                epoch = services(reader).ledger.view().epoch
                with suppress(NotFound):  # a cluster is told of an epoch a moment after the ledger has it
                    counts = (reader.count(name, as_of=epoch) for name in ("Label", "Shot"))
                    views.append((next(counts), next(counts)))

    with library.writes.run("finder", "heat") as run:
        run.append("Label", labels(5))
        run.append(Shot, shots(3))
    watching = threading.Thread(target=poll)
    watching.start()
    with library.writes.run("finder", "heat") as run:
        run.append("Label", labels(7))
        run.append(Shot, shots(4))
    done.set()
    watching.join()
    assert views
    assert set(views) <= {(5, 3), (7, 4)}
    assert run.result is not None
    assert run.result.counts == {"Label": 7, "Shot": 4}
    assert {one.run for one in library.show("heat").coverage} == {run.number}


@pytest.mark.feature(16)
def test_what_is_written_outside_an_open_run_is_refused_and_nothing_of_it_stored(library: Library) -> None:
    finished, hidden, cancelled = (library.writes.start("finder", "heat") for _ in range(3))
    for run in (finished, hidden, cancelled):
        library.writes.append(run, "Label", labels(5, f"of {run}"))
    library.writes.finish(finished)
    library.writes.finish(hidden, publish=False)
    library.writes.cancel(cancelled)
    before, rows = written(library), seen(library)
    for run in (finished, hidden, cancelled):
        for part in (None, "mine"):
            with pytest.raises(RunError, match="takes no more rows"):
                library.writes.append(run, "Label", labels(5, "late"), part=part)
    with pytest.raises(RunError, match="was cancelled"):
        library.writes.finish(cancelled)
    with pytest.raises(RunError, match="has been published"):
        library.writes.cancel(finished)
    assert (written(library), seen(library)) == (before, rows)


@pytest.mark.feature(18)
def test_a_run_that_is_cancelled_half_way_leaves_nothing_and_the_one_before_is_served(
    library: Library,
) -> None:
    with library.writes.run("finder", "heat") as run:
        run.append("Label", labels(6, "before"))
    before, rows = written(library), seen(library)
    half = library.writes.start("finder", "heat")
    library.writes.append(half, "Label", labels(3, "half"))
    library.writes.append(half, "Shot", shots(3))
    library.writes.append(half, "Label", [{**labels(1)[0], "confidence": 2.0}])
    assert library.writes.cancel(half).state == "cancelled"
    assert (seen(library), written(library), left(library, half)) == (rows, before, [])
    loaded = library.writes.start("finder", "heat", tolerance=0.5)
    library.writes.append(loaded, "Label", labels(3, "whole"))
    library.writes.append(loaded, "Label", [{**labels(1)[0], "confidence": 2.0}])
    assert library.writes.finish(loaded, publish=False).state == "loaded"
    assert left(library, loaded)
    assert library.writes.cancel(loaded).state == "cancelled"
    assert (seen(library), written(library), left(library, loaded)) == (rows, before, [])
    assert library.writes.cancel(loaded).state == "cancelled"


def test_a_block_that_raises_cancels_its_run(library: Library) -> None:
    def fail() -> None:
        with library.writes.run("finder", "heat") as run:
            run.append("Label", labels(3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    [ended] = library.runs("heat")
    assert left(library, ended.number) == []
    assert ended.state == "cancelled"


def test_a_finished_run_stays_hidden_until_it_is_published(library: Library) -> None:
    run = library.writes.start("finder", "heat")
    library.writes.append(run, "Label", labels(3))
    assert library.writes.finish(run, publish=False).state == "loaded"
    assert library.writes.finish(run, publish=False).state == "loaded"
    assert seen(library) == []
    assert [one.run for one in library.writes.list()] == [run]
    assert library.writes.finish(run).state == "active"
    assert library.writes.finish(run).state == "active"
    assert len(seen(library)) == 3
    assert library.writes.list() == []


def test_of_two_open_runs_of_a_slot_the_one_published_last_is_seen(library: Library) -> None:
    first, second = (library.writes.start("finder", "heat") for _ in range(2))
    for run in (first, second, first, second):
        library.writes.append(run, "Label", labels(2, f"of {run}", first=10 * len(written(library))))
    library.writes.finish(second)
    library.writes.finish(first)
    assert {row.rpartition(" ")[0] for row in seen(library)} == {f"of {first}"}
    assert library.writes.finish(second).state == "superseded"


def test_a_part_that_is_appended_again_counts_once(library: Library) -> None:
    run = library.writes.start("finder", "heat")
    first = library.writes.append(run, "Label", labels(3), part="0-3")
    again = library.writes.append(run, "Label", labels(9, "otherwise"), part="0-3")
    assert (first.repeated, again.repeated, again.rows) == (False, True, 3)
    with pytest.raises(RunError, match="has a part 0-3 already, which holds Label rows"):
        library.writes.append(run, "Shot", shots(3), part="0-3")
    assert library.writes.finish(run).counts == {"Label": 3}


def test_a_run_without_rows_takes_the_place_of_the_one_before(library: Library) -> None:
    for types, counts in (((), {}), (("Label", Shot), {"Label": 0, "Shot": 0})):
        with library.writes.run("finder", "heat") as run:
            run.append("Label", labels(3))
        assert len(seen(library)) == 3
        empty = library.writes.start("finder", "heat", types=types)
        assert library.writes.finish(empty).counts == counts
        assert seen(library) == []
    assert library.show("heat").counts == {"Label": 0, "Shot": 0}


def test_a_row_that_comes_twice_is_refused_the_second_time_and_told(library: Library) -> None:
    run = library.writes.start("finder", "heat", tolerance=0.5)
    bad = [{**row, "confidence": 2.0} for row in labels(2, first=50)]
    library.writes.append(run, "Label", [*labels(2), *bad, *labels(2, first=2)], part="a")
    library.writes.append(run, "Label", [bad[0], *labels(3, first=3)], part="b")
    ended = library.writes.finish(run)
    assert (ended.state, ended.counts) == ("active", {"Label": 6})
    refused = {row["row"]: row["_faults"][0]["rule"] for row in library.quarantine.rows(run, "Label")}
    twice = "is that of another row of this run, which has the same key"
    assert refused == {2: "is not in [0, 1]", 3: "is not in [0, 1]", 6: "is not in [0, 1]", 7: twice}


def test_a_run_with_too_many_bad_rows_is_held_and_goes_on_once_they_are_mended(library: Library) -> None:
    run = library.writes.start("finder", "heat")
    library.writes.append(run, "Label", labels(4))
    refused = library.writes.append(run, "Label", [{**labels(1, first=4)[0], "confidence": 2.0}])
    assert (refused.rows, refused.refused) == (0, 1)
    assert refused.faults == ("row 0: confidence is not in [0, 1] (2.0)",)
    [told] = library.writes.list()
    assert (told.counts, told.refused, told.parts) == ({"Label": 4}, {"Label": 1}, 2)
    for _ in range(2):
        held = library.writes.finish(run)
        assert (held.state, held.error) == ("quarantined", "1 of 5 rows were refused, none may be")
    assert seen(library) == []
    rows = [{**row, "confidence": 0.9} for row in library.quarantine.rows(run, "Label")]
    assert library.quarantine.replay(run, "Label", rows).written == 5
    with (
        pytest.raises(RunError, match="every row was refused"),
        library.writes.run("finder", "heat") as other,
    ):
        other.append("Label", [{**labels(1)[0], "confidence": 2.0}])
    assert len(seen(library)) == 5


def test_rows_come_as_arrow_and_in_any_number_of_batches(library: Library) -> None:
    table = pa.Table.from_pylist(labels(25_000))
    batches = table.to_batches(max_chunksize=7_000)
    with library.writes.run("finder", "heat") as run:
        run.append("Label", table.slice(0, 1))
        run.append("Label", batches[0].slice(1))
        run.append("Label", pa.RecordBatchReader.from_batches(table.schema, batches[1:]))
    assert library.count("Label") == 25_000


def test_vectors_of_parts_are_of_one_length(library: Library) -> None:
    def frames(length: int, first: int = 0) -> list[dict[str, Any]]:
        return [
            {"start_ns": at, "end_ns": at + 1, "vector": [float(at % 3 == one) for one in range(length)]}
            for at in range(first, first + 3)
        ]

    run = library.writes.start("eye", "heat", model="m1", tolerance=0.9)
    library.writes.append(run, "Embedding", [{"start_ns": 9, "end_ns": 10}])
    library.writes.append(run, "Embedding", frames(4))
    wrong = library.writes.append(run, "Embedding", frames(5, first=3))
    assert (wrong.rows, wrong.refused) == (0, 3)
    library.writes.append(run, "Embedding", [{**row, "vector": [float("nan")] * 4} for row in frames(4, 6)])
    assert library.writes.finish(run).counts == {"Embedding": 3}
    assert len(library.quarantine.rows(run, "Embedding")) == 7


def test_corrections_of_people_are_made_in_what_is_written_next(library: Library) -> None:
    with library.writes.run("finder", "heat") as run:
        run.append("Label", labels(3))
    first = library.records("Label")[0]
    assert isinstance(first, Label)
    library.corrections.change("Label", first.id, {"label": "night"}, author="ada")
    with library.writes.run("finder", "heat") as run:
        run.append("Label", labels(2))
        run.append("Label", labels(3, first=2))
    assert seen(library) == ["day 1", "day 2", "day 3", "day 4", "night 0"]


def test_planning_a_slot_leaves_what_is_being_written_into_it(library: Library) -> None:
    run = library.writes.start("finder", "heat")
    library.writes.append(run, "Label", labels(3))
    assert library.write("Label", labels(5), "heat", algorithm="finder").written == 5
    assert library.writes.finish(run).counts == {"Label": 3}
    assert len(seen(library)) == 3


def test_what_is_open_survives_the_tidying_of_others(library: Library) -> None:
    run = library.writes.start("finder", "heat")
    library.writes.append(run, "Label", labels(3))
    title = services(library).catalogue.title("rain")
    services(library).executor.bring_up_to_date(title)
    assert library.writes.finish(run).counts == {"Label": 3}
    kept = services(library).stages.keeps_staged
    of_run = [one.key for one in services(library).storage.list(keys.staged(run))]
    assert [key.rpartition("/")[2] for key in of_run] == (["Label.parquet", "manifest.json"] if kept else [])


def test_times_say_for_how_long_nobody_has_written(library: Library) -> None:
    run = library.writes.start("finder", "heat")
    inside = services(library)
    started = inside.open_runs.idle_since(inside.ledger.get(run))
    library.writes.append(run, "Label", labels(1))
    [told] = library.writes.list()
    assert started <= told.idle_since == inside.open_runs.idle_since(inside.ledger.get(run))
    assert told.started_at <= told.idle_since


def test_times_beyond_the_title_are_faults_of_their_rows(library: Library) -> None:
    run = library.writes.start("finder", "heat")
    late = {"start_ns": 99 * SECOND, "end_ns": 101 * SECOND, "label": "x", "confidence": 0.5}
    assert library.writes.append(run, "Label", [late]).refused == 1
