from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from media.clips import draw
from runs.algorithms import catalogue, known
from runs.libraries import SPOKEN, Library
from watchdown.catalogue.add import enter
from watchdown.runs.ledger import Ledger
from watchdown.runs.progress import Progress
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_algos.discovery import discover
from watchdown_schemas.ids import record_id


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "library", catalogue("Lines"))
    made.speak()
    yield made
    made.database.close()


def test_every_algorithm_runs_and_is_seen(library: Library) -> None:
    runs = library.run()
    assert [(run.algorithm, run.state, run.counts) for run in runs] == [
        ("lines", State.ACTIVE, {"DialogueLine": 2}),
        ("loud", State.ACTIVE, {"Label": 2}),
    ]
    rows = library.rows()
    assert [row["text"] for row in rows["DialogueLine"]] == ["Pull the curtain!", "Now run."]
    assert [row["label"] for row in rows["Label"]] == ["loud", "loud"]
    assert library.ledger.view().epoch == 2
    assert library.leftovers() == []


def test_a_title_that_is_up_to_date_is_left_alone(library: Library) -> None:
    library.run()
    before = library.ledger.runs(), library.ledger.view(), library.lake.version("DialogueLine")
    assert library.run() == []
    assert (library.ledger.runs(), library.ledger.view(), library.lake.version("DialogueLine")) == before


def test_other_subtitles_supersede_the_lines_and_what_was_made_of_them(library: Library) -> None:
    library.run()
    first = library.rows()
    library.speak(SPOKEN.replace("curtain", "rope"), name="b.srt")
    assert [(run.algorithm, run.counts) for run in library.run()] == [
        ("lines", {"DialogueLine": 4}),
        ("loud", {"Label": 2}),
    ]
    assert len(library.rows()["DialogueLine"]) == 4
    assert library.ledger.view(2).visible == {1, 2}
    assert first["DialogueLine"] != library.rows()["DialogueLine"]


BROKEN = [
    ("Unmade", "asks for parameter 'missing'. algo.toml has: none"),
    ("Unstarted", "RuntimeError: t"),
    ("Torn", "ZeroDivisionError: torn"),
    ("Unfinished", "ValueError: unfinished"),
    ("Stranger", "stranger: yields Label, which its algo.toml does not produce"),
    ("Flat", "flat: yields Embedding"),
]


def test_a_value_that_no_column_can_hold_is_a_bad_row(library: Library) -> None:
    library.algorithms = catalogue("Overflowing")
    run = library.run()[0]
    assert (run.state, run.counts) == (State.ACTIVE, {"DialogueLine": 2})
    assert "start_ns is not a whole number" in run.warnings[0]


@pytest.mark.parametrize(("name", "told"), BROKEN)
def test_an_algorithm_that_fails_fails_alone(library: Library, name: str, told: str) -> None:
    library.algorithms = catalogue("Lines", name)
    runs = {run.algorithm: run for run in library.run()}
    assert {algorithm: run.state for algorithm, run in runs.items()} == {
        "lines": State.ACTIVE,
        "loud": State.ACTIVE,
        name.lower(): State.FAILED,
    }
    assert told in str(runs[name.lower()].error)
    assert len(library.rows()["DialogueLine"]) == 2
    assert library.leftovers() == []


def test_what_failed_is_tried_again_as_a_new_run(library: Library) -> None:
    library.algorithms = catalogue("Torn")
    first, second = library.run(), library.run()
    assert [run.state for run in first + second] == [State.FAILED, State.FAILED]
    assert second[0].number > first[0].number


def test_a_run_without_a_good_row_is_quarantined_with_reasons_and_not_tried_again(library: Library) -> None:
    library.algorithms = catalogue("Late")
    run = library.run()[0]
    assert (run.state, run.error, run.counts) == (
        State.QUARANTINED,
        "every row was refused",
        {"DialogueLine": 0},
    )
    refused = pq.read_table(pa.BufferReader(library.storage.read(keys.refused(run.number, "DialogueLine"))))
    assert refused["text"].to_pylist() == ["Pull the curtain!", "Now run."]
    assert all("outside the timeline" in reasons for reasons in refused["reasons"].to_pylist())
    assert "2 DialogueLine.2 rows refused, with reasons in quarantine/" in run.warnings[0]
    assert library.run() == []


def test_an_empty_run_is_published_and_what_is_made_of_it_is_empty_too(library: Library) -> None:
    library.algorithms = catalogue("Silent")
    assert [(run.algorithm, run.state, run.counts) for run in library.run()] == [
        ("silent", State.ACTIVE, {"DialogueLine": 0}),
        ("loud", State.ACTIVE, {"Label": 0}),
    ]


def test_a_subtitle_file_that_has_gone_fails_its_task_and_no_other(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.srt").unlink()
    run = library.run()[0]
    assert run.state is State.FAILED
    assert "a.srt" in str(run.error)


def dying(call: int, *, after: bool) -> type[Ledger]:
    """Return a ledger whose process dies at its n-th change, just before or after it is written."""
    calls = 0

    def die(change: Any) -> Any:
        def changed(*arguments: Any, **facts: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == call and not after:
                raise Killed
            result = change(*arguments, **facts)
            if calls == call:
                raise Killed
            return result

        return changed

    return type(
        "Dying", (Ledger,), {name: die(getattr(Ledger, name)) for name in ("plan", "steps", "publish")}
    )


def test_work_that_is_killed_anywhere_comes_out_as_if_it_never_was(tmp_path: Path) -> None:
    whole = Library(tmp_path / "whole", catalogue("Lines"))
    whole.speak()
    shutil.copytree(tmp_path / "whole", tmp_path / "fresh")
    whole.run()
    changes, killed = 0, True
    while killed:
        changes += 1
        for after in (False, True):
            folder = shutil.copytree(tmp_path / "fresh", tmp_path / f"{changes}{after}")
            library = Library(folder, catalogue("Lines"))
            killed = False
            try:
                library.run(ledger=dying(changes, after=after)(library.database))
            except Killed:
                killed = True
                library.run()
            assert library.rows() == whole.rows()
            assert library.states() == whole.states()
            assert library.leftovers() == []
            assert library.run() == []
            library.database.close()
    assert changes > 10
    whole.database.close()


def test_a_drawn_clip_goes_through_every_built_in_algorithm(tmp_path: Path) -> None:
    clip = draw(tmp_path / "clip.mp4", count=40)
    (tmp_path / "clip.en.srt").write_text(SPOKEN)
    library = Library(tmp_path / "library", discover())
    title = enter(clip, catalogue=library.catalogue, shelf=library.shelf).title
    told: list[Progress] = []
    runs = {run.algorithm: run for run in library.run(title, report=told.append)}
    assert {name: run.state for name, run in runs.items()} == dict.fromkeys(
        ("shots", "visual-embedding", "dialogue", "keyframes"), State.ACTIVE
    )
    assert {one.stage for one in told} == {"dialogue, shots, visual-embedding", "keyframes"}
    assert [(one.done_ns, one.total_ns) for one in told][-1] == (1_600_000_000, 1_600_000_000)
    rows = library.rows()
    shots, keyframes = rows["Shot"], rows["Keyframe"]
    assert (shots[0]["start_ns"], shots[-1]["end_ns"]) == (0, 1_600_000_000)
    assert [row["shot_start_ns"] for row in keyframes] == [row["start_ns"] for row in shots]
    assert [row["text"] for row in rows["DialogueLine"]] == ["Pull the curtain!", "Now run."]
    model = runs["visual-embedding"].model
    assert rows[f"Embedding-{model}"][0]["start_ns"] == 0
    number = runs["shots"].number
    assert next(library.lake.scan("Shot", number))["id"][0].as_py() == record_id(number, "Shot", (0,))
    assert library.ledger.view().epoch == 2
    assert library.run(title) == []
    library.database.close()


def test_a_new_algorithm_runs_alone_over_a_known_title(library: Library) -> None:
    library.run()
    library.algorithms = AlgorithmCatalogue([*library.algorithms.values(), known("Silent")])
    assert [run.algorithm for run in library.run()] == ["silent"]
