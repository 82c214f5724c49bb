"""`watchdown run`: one algorithm over one title now, with what reads its records, and the result as files."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import watchdown
from e2e.conftest import Call, Shelf
from watchdown.cli.exit_codes import ExitCode
from watchdown.client.opening import opened
from watchdown_schemas import registry

SHOTS = 3  # of `Harbour`


@pytest.fixture
def bare(shelf: Shelf, call: Call, tmp_path: Path) -> Path:
    """Give a library of the two films with dialogue alone."""
    films = (shelf.harbour_file, shelf.meadow_file)
    said = call("add", *films, "--only", "dialogue", "--library", tmp_path / "library")
    assert said.code == ExitCode.OK
    return tmp_path / "library"


def runs(library: Path) -> list[tuple[str, str]]:
    """Return the algorithm and the state of each run, but dialogue's."""
    with watchdown.open(library) as found:
        return [(run.algorithm, run.state) for run in found.runs() if run.algorithm != "dialogue"]


def index(out: Path) -> dict[str, Any]:
    """Return what a bundle's index says of each type of record."""
    said = json.loads((out / "bundle.json").read_text("utf-8"))
    return {one["schema_type"]: one for one in said["runs"]}


@pytest.mark.parametrize("by", ["name", "id"])
def test_the_records_of_an_algorithm_and_of_what_reads_them_become_files(
    call: Call, bare: Path, tmp_path: Path, by: str
) -> None:
    with watchdown.open(bare) as library:
        [title] = [one.id for one in library.titles() if one.name == "Harbour"]
    on, out = {"name": "Harbour", "id": title}[by], tmp_path / "out"
    said = call("run", "shots", "--on", on, "--out", out, "--library", bare)
    assert (said.code, said.errors) == (ExitCode.OK, [])
    assert runs(bare) == [("shots", "active"), ("keyframes", "active")]
    made = index(out)
    assert {name: one["records"] for name, one in made.items()} == {"Shot": SHOTS, "Keyframe": SHOTS}
    assert sorted(said.out.split()) == sorted(map(str, (one for one in out.rglob("*") if one.is_file())))
    kinds = registry.discover()
    for name, one in made.items():
        assert (one["title"], one["title_name"]) == (title, "Harbour")
        parquet, lines, *_others = (out / file for file in one["files"])
        assert pq.read_table(parquet).num_rows == SHOTS
        records = [kinds[name].model_validate_json(line) for line in lines.read_text("utf-8").splitlines()]
        with watchdown.open(bare) as library:
            assert records == library.records(name, titles=[title])


def test_a_second_call_computes_nothing_and_writes_the_same_bundle(
    call: Call, bare: Path, tmp_path: Path
) -> None:
    outs = [tmp_path / "first", tmp_path / "second"]
    for out in outs:
        said = call("run", "shots", "--on", "Harbour", "--out", out, "--json", "--library", bare)
        assert said.code == ExitCode.OK
        assert json.loads(said.out)["files"] == [str(out / name) for name in files(outs[0])]
    assert len(runs(bare)) == 2
    first, second = ({name: (out / name).read_bytes() for name in files(out)} for out in outs)
    assert first == second


def files(out: Path) -> list[str]:
    """Return the files of a bundle as its index names them, and the index."""
    return [name for one in index(out).values() for name in one["files"]] + ["bundle.json"]


def test_what_reads_the_records_is_run_even_where_these_are_there_already(
    call: Call, bare: Path, tmp_path: Path
) -> None:
    assert call("backfill", "shots", "--only", "--library", bare).code == ExitCode.OK
    assert [name for name, _ in runs(bare)] == ["shots", "shots"]
    said = call("run", "shots", "--on", "Harbour", "--out", tmp_path / "out", "--library", bare)
    assert said.code == ExitCode.OK
    assert [name for name, _ in runs(bare)] == ["shots", "shots", "keyframes"]
    assert set(index(tmp_path / "out")) == {"Shot", "Keyframe"}


def test_without_a_folder_the_outcome_is_told(call: Call, bare: Path) -> None:
    said = call("run", "shots", "--on", "Meadow", "--library", bare)
    assert (said.code, said.out) == (ExitCode.OK, "2 of 2 runs are published, 0 failed.\n")
    said = call("run", "shots", "--on", "Meadow", "--json", "--library", bare)
    report = json.loads(said.out)
    assert (report["runs"], report["failed"], report["passed"]) == (0, [], True)
    assert said.err == ""


@pytest.mark.parametrize(
    ("algorithm", "title", "code", "told"),
    [
        ("shots", "Nowhere", ExitCode.NOT_FOUND, "Nowhere: is no title here"),
        ("nothing", "Harbour", ExitCode.NOT_FOUND, "nothing: is no known algorithm"),
        ("dialogue", "Meadow", ExitCode.FAILED, "Meadow: the title has no text"),
        ("keyframes", "Harbour", ExitCode.FAILED, "Harbour: it has no Shot records yet; run shots first"),
    ],
)
def test_what_cannot_be_run_is_named_and_leaves_nothing(  # noqa: PLR0917 - fixtures
    call: Call, bare: Path, tmp_path: Path, algorithm: str, title: str, code: ExitCode, told: str
) -> None:
    said = call("run", algorithm, "--on", title, "--out", tmp_path / "out", "--json", "--library", bare)
    [error] = said.errors
    assert (said.code, said.out) == (code, "")
    assert error.startswith(told)
    assert not (tmp_path / "out").exists()
    assert runs(bare) == []


def test_a_title_that_fails_is_told_and_makes_no_bundle(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    film = tmp_path / "Harbour.mp4"
    shutil.copy(shelf.harbour_file, film)
    library = tmp_path / "library"
    assert call("add", film, "--copy", "--only", "dialogue", "--library", library).code == ExitCode.OK
    with opened(library) as services:
        title = services.catalogue.title("Harbour")
        [asset] = services.catalogue.assets(title.id)
        storage = services.storage
        storage.put(asset.path, b"\0" * len(storage.read(asset.path)))
    said = call("run", "shots", "--on", "Harbour", "--out", tmp_path / "out", "--json", "--library", library)
    report = json.loads(said.out)
    assert (said.code, report["passed"]) == (ExitCode.FAILED, False)
    [failed] = report["failed"]
    assert failed["title_name"] == "Harbour"
    assert failed["command"] == f"watchdown backfill shots --titles {title.id} --library {library}"
    assert not (tmp_path / "out").exists()


def test_what_is_seen_of_a_title_can_be_bundled_later(call: Call, bare: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("run", "shots", "--on", "Harbour", "--library", bare).code == ExitCode.OK
    assert call("bundle", "--titles", "Harbour", "--out", out, "--library", bare).code == ExitCode.OK
    assert set(index(out)) == {"DialogueLine", "Shot", "Keyframe"}
    said = call("bundle", "shots", "--titles", "Harbour", "--json", "--library", bare)
    [file] = json.loads(said.out)["files"]
    with zipfile.ZipFile(file) as packed:
        told = json.loads(packed.read("bundle.json"))["runs"]
    assert [one["algorithm"] for one in told] == ["shots", "keyframes"]
    with opened(bare) as services:
        [batch] = {run.batch for run in services.ledger.runs() if run.algorithm == "shots"}
    said = call("bundle", "--batch", batch, "--json", "--library", bare)
    assert json.loads(said.out)["bundle"] == f"bundles/{batch}.zip"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], ExitCode.USAGE, "wants either a batch or titles"),
        (["shots"], ExitCode.USAGE, "wants either a batch or titles"),
        (["--batch", "b", "--titles", "Harbour"], ExitCode.USAGE, "wants either a batch or titles"),
        (["shots", "--batch", "b"], ExitCode.USAGE, "wants either a batch or titles"),
        (["--batch", "b"], ExitCode.NOT_FOUND, "b: is no batch of this library"),
        (["--titles", "Nowhere"], ExitCode.NOT_FOUND, "Nowhere: chooses no title here"),
        (["nothing", "--titles", "Harbour"], ExitCode.NOT_FOUND, "nothing: is no known algorithm"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bundle_of_nothing_is_refused(
    call: Call, bare: Path, arguments: list[str], code: ExitCode, told: str
) -> None:
    said = call("bundle", *arguments, "--library", bare)
    assert said.code == code
    assert told in said.errors[0]
