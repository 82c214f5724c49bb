"""What starts by itself, in which order, and what does not; and what a person may ask for beside it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

import watchdown
from e2e.conftest import Call, Shelf
from watchdown.catalogue.tables import titles
from watchdown.cli.exit_codes import ExitCode
from watchdown.client.opening import opened
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.contract import RecordAlgorithm
from watchdown_algos.discovery import discover
from watchdown_algos.manifest import Manifest
from watchdown_algos.wants import RecordBatch, Records
from watchdown_schemas.record import Record
from watchdown_schemas.types import Label


class PerShot(RecordAlgorithm):
    """A label for each shot."""

    wants = Records(schema="Shot")

    def predict(self, batch: RecordBatch, /) -> Iterator[Record]:
        for span in batch.spans:
            yield Label(label="a shot", **span)


def with_a_reader() -> AlgorithmCatalogue:
    """Return the built-in algorithms, and one over shots."""
    manifest = Manifest.model_validate(
        {
            "name": "per-shot",
            "version": "1.0.0",
            "summary": "for a test",
            "consumes": ["Shot"],
            "produces": ["Label"],
            "class": "test_what_starts:PerShot",
        }
    )
    return AlgorithmCatalogue([*discover().values(), Known(manifest, "e2e", Path(__file__).parent)])


def runs(call: Call, library: Path) -> list[dict[str, Any]]:
    """Return what `watchdown runs --json` prints."""
    found: list[dict[str, Any]] = json.loads(call("runs", "--json", "--library", library).out)
    return found


@pytest.mark.feature(86)
def test_a_file_that_is_dropped_starts_everything_in_the_order_in_which_one_reads_the_other(
    call: Call, shelf: Shelf, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    assert call("add", shelf.harbour_file, "--library", library).code == ExitCode.OK
    found = runs(call, library)
    order = [run["algorithm"] for run in found]
    assert sorted(order) == sorted({"shots", "visual-embedding", "dialogue", "keyframes"})
    assert order.index("keyframes") > order.index("shots")
    assert [run["number"] for run in found] == sorted(run["number"] for run in found)
    assert {run["state"] for run in found} == {"active"}
    said = call("search", "a lantern", "--json", "--library", library)
    assert said.code == ExitCode.OK
    assert json.loads(said.out)["hits"]


@pytest.mark.feature(86)
def test_a_new_side_car_starts_what_reads_it_and_nothing_else(
    call: Call, shelf: Shelf, tmp_path: Path
) -> None:
    library, film = tmp_path / "library", tmp_path / "Film.mp4"
    film.write_bytes(shelf.meadow_file.read_bytes())
    assert call("add", film, "--only", "shots", "--library", library).code == ExitCode.OK
    assert call("add", film, "--library", library).code == ExitCode.OK
    before = {run["number"] for run in runs(call, library)}
    spoken = "1\n00:00:00,000 --> 00:00:01,000\nAt last.\n"
    (tmp_path / "Film.en.srt").write_text(spoken)
    assert call("add", film, "--library", library).code == ExitCode.OK
    new = [run for run in runs(call, library) if run["number"] not in before]
    assert [(run["algorithm"], run["state"]) for run in new] == [("dialogue", "active")]


@pytest.mark.feature(87)
def test_what_a_title_is_known_by_starts_nothing(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    library = tmp_path / "library"
    assert call("add", shelf.harbour_file, "--library", library).code == ExitCode.OK
    before = runs(call, library)
    rows = "title;year:number\nHarbour;1994\n", "title,person,character\nHarbour,Zoë Saldaña,The Keeper\n"
    for name, text in zip(("films.csv", "cast.csv"), rows, strict=True):
        (tmp_path / name).write_text(text, "utf-8")
        assert call("titles", "import", tmp_path / name, "--library", library).code == ExitCode.OK
    with opened(library) as services, services.database.writing() as connection:
        connection.execute(update(titles).values(name="The Old Harbour"))
    for algorithm in ("shots", "visual-embedding", "dialogue", "keyframes"):
        plan = json.loads(call("plan", algorithm, "--json", "--library", library).out)
        assert (plan["to_do"], plan["up_to_date"], plan["batches"], plan["dependants"]) == (0, 1, 0, [])
        said = call("backfill", algorithm, "--json", "--library", library)
        assert json.loads(said.out.splitlines()[-1])["runs"] == 0
    added = json.loads(call("add", shelf.harbour_file, "--json", "--library", library).out)
    assert [one["outcome"] for one in added] == ["unchanged"]
    assert [run["number"] for run in runs(call, library)] == [run["number"] for run in before]
    assert json.loads(call("batch", "--json", "--library", library).out)["batches"] == []


@pytest.mark.feature(88)
def test_all_that_refer_to_shots_report_the_ranges_of_the_one_list(shelf: Shelf, tmp_path: Path) -> None:
    with watchdown.open(tmp_path / "library", create=True, algorithms=with_a_reader()) as library:
        for file in (shelf.harbour_file, shelf.meadow_file):
            library.add(file)
        for title in library.titles():
            shots = [(one.start_ns, one.end_ns) for one in library.records("Shot", titles=[title.id])]
            frames = library.records("Keyframe", titles=[title.id])
            labels = library.records("Label", titles=[title.id])
            assert len(shots) > 1
            assert [(one.shot_start_ns, one.shot_end_ns) for one in frames] == shots
            assert [(one.start_ns, one.end_ns) for one in labels] == shots
        hits = library.search("a harbour", limit=50).hits
        ranges = {(one.start_ns, one.end_ns) for one in library.records("Shot")}
        assert hits
        assert {(hit.start_ns, hit.end_ns) for hit in hits} <= ranges


@pytest.fixture
def bare(shelf: Shelf, call: Call, tmp_path: Path) -> Path:
    """Give a library of one film with dialogue alone."""
    library = tmp_path / "library"
    assert call("add", shelf.harbour_file, "--only", "dialogue", "--library", library).code == ExitCode.OK
    return library


def test_a_plan_is_told_to_people(call: Call, bare: Path) -> None:
    said = call("plan", "shots", "--library", bare)
    assert said.code == ExitCode.OK
    assert "1  to do (" in said.out
    assert "1  will be followed by keyframes" in said.out
    assert "unknown" in said.out
    assert "try three titles with: --probe" in said.err
    said = call("plan", "shots", "--probe", "--library", bare)
    assert "a probe of 1 title" in said.out
    assert "trying: Harbour" in said.err
    assert [run["algorithm"] for run in runs(call, bare)] == ["dialogue"]


def test_a_plan_of_nothing_is_told(call: Call, shelf: Shelf) -> None:
    said = call("plan", "shots", "--titles", "Harbour", "--library", shelf.library)
    assert (
        said.out
        == "shots 1.0.0, over 1 title:\n        0  to do (0.0 s of media)\n        1  are up to date\n"
    )
    assert call("plan", "nothing", "--library", shelf.library).code == ExitCode.NOT_FOUND
    assert call("plan", "shots", "--titles", "No", "--library", shelf.library).code == ExitCode.NOT_FOUND


def test_prices_make_money_of_what_was_measured(call: Call, shelf: Shelf, bare: Path, tmp_path: Path) -> None:
    settings = tmp_path / "watchdown.toml"
    settings.write_text(
        f'database = "sqlite:///{bare}/library.db"\nstorage = "{bare}"\nstore = "lance:{bare}/lake"\n'
        '[prices]\ncpu_hour = 3600\nstorage_gb_month = 1000000\ncurrency = "USD"\n'
    )
    for name in ("shots", "keyframes"):
        assert call("backfill", name, "--library", settings).code == ExitCode.OK
    assert call("add", shelf.meadow_file, "--only", "dialogue", "--library", settings).code == ExitCode.OK
    plan = json.loads(call("plan", "shots", "--json", "--library", settings).out)
    assert plan["money"]["currency"] == "USD"
    assert plan["money"]["work"]["middle"] == pytest.approx(plan["total"]["cpu_s"]["middle"])
    assert plan["money"]["storage_month"]["high"] == pytest.approx(plan["total"]["bytes"]["high"] / 1000)
    said = call("plan", "shots", "--library", settings)
    assert " USD\n" in said.out
    assert " USD a month\n" in said.out


def test_a_run_may_have_parameters_of_its_own(call: Call, bare: Path) -> None:
    def shots(*more: str) -> int:
        said = call("run", "shots", "--on", "Harbour", *more, "--json", "--library", bare)
        assert said.code == ExitCode.OK
        with watchdown.open(bare) as library:
            return len(library.records("Shot"))

    assert shots() == 3
    assert shots("--param", "min_shot_seconds=60") == 1
    active = [run for run in runs(call, bare) if run["state"] == "active" and run["algorithm"] == "shots"]
    assert len(active) == 1
    assert shots() == 3
    assert (
        len([run for run in runs(call, bare) if run["algorithm"] == "shots"]) == 2
    )  # the first is shown again
    for given, told in (("colour=red", "no parameter of shots"), ("min_shot_seconds=x", "is not a number")):
        said = call("run", "shots", "--on", "Harbour", "--param", given, "--library", bare)
        assert said.code == ExitCode.USAGE
        assert told in said.errors[0]


def test_a_run_that_is_not_published_leaves_a_bundle_and_nothing_else(
    call: Call, shelf: Shelf, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    assert call("add", shelf.harbour_file, "--library", library).code == ExitCode.OK
    before = runs(call, library)
    lying = sorted(path for path in library.rglob("*") if path.is_file() and path.suffix == ".jpg")
    out = tmp_path / "out"
    asked = ("run", "keyframes", "--on", "Harbour", "--no-publish")
    said = call(*asked, "--library", library)
    assert said.code == ExitCode.USAGE
    assert "Name a folder for it with: --out DIR" in said.errors[0]
    said = call(*asked, "--out", out, "--json", "--library", library)
    assert said.code == ExitCode.OK
    assert runs(call, library) == before
    assert sorted(path for path in library.rglob("*") if path.suffix == ".jpg") == lying
    assert not [path for path in library.rglob("*") if "trial" in path.name]
    [index] = json.loads((out / "bundle.json").read_text("utf-8"))["runs"]
    assert (index["run"], index["records"]) == (None, 3)
    assert {Path(name).suffix for name in index["files"]} == {".parquet", ".jsonl", ".csv", ".vtt", ".jpg"}


def test_a_trial_that_fails_leaves_nothing(call: Call, bare: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = call("run", "keyframes", "--on", "Harbour", "--no-publish", "--out", out, "--library", bare)
    assert said.code == ExitCode.FAILED
    assert "Harbour: it has no Shot records yet; run shots first" in said.errors[0]
    assert not out.exists()


def test_a_bundle_is_for_tables_players_and_eyes(call: Call, bare: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("run", "shots", "--on", "Harbour", "--out", out, "--library", bare).code == ExitCode.OK
    index = {one["schema_type"]: one for one in json.loads((out / "bundle.json").read_text("utf-8"))["runs"]}
    named = {Path(name).suffix: out / name for name in index["Shot"]["files"]}
    rows = list(csv.DictReader(named[".csv"].read_text("utf-8").splitlines()))
    with watchdown.open(bare) as library:
        shots = library.records("Shot")
        frames = library.records("Keyframe")
    assert [(int(row["start_ns"]), int(row["end_ns"])) for row in rows] == [
        (one.start_ns, one.end_ns) for one in shots
    ]
    assert rows[0]["start"] == "00:00:00.000"
    assert rows[0]["start_timecode"].count(":") + rows[0]["start_timecode"].count(";") == 3
    cues = named[".vtt"].read_text("utf-8").split("\n\n")
    assert cues[0] == "WEBVTT"
    assert cues[1].startswith("00:00:00.000 --> ")
    assert [cue.strip().splitlines()[1] for cue in cues[1:]] == ["Shot 1", "Shot 2", "Shot 3"]
    stills = [out / name for name in index["Keyframe"]["files"] if name.endswith(".jpg")]
    assert len(stills) == len(frames) == 3
    for still in stills:
        with Image.open(still) as picture:
            assert picture.size == (320, 180)
