"""A full disk ends the command with one error; with space again, the same command goes on from there."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, event

import watchdown
from e2e.conftest import Call, Shelf
from e2e.library_dump import leftovers
from watchdown.cli.exit_codes import ExitCode
from watchdown.media import spool
from watchdown.media.fingerprint import fingerprint
from watchdown.runs.staging import Staging
from watchdown.storage import local

FULL = "/dev/full"


def spool_is_full(library: Path, film: Path, patch: pytest.MonkeyPatch) -> None:
    pictures = library / "cache" / fingerprint(film) / ".mine.jpegs"
    pictures.parent.mkdir(parents=True)
    pictures.symlink_to(FULL)
    patch.setattr(spool, "uuid4", lambda: SimpleNamespace(hex="mine"))


def copy_is_full(_library: Path, _film: Path, patch: pytest.MonkeyPatch) -> None:
    made = local._made

    def full(path: Path) -> BinaryIO:
        if path.parent.name == "source":
            path.parent.mkdir(parents=True)
            path.symlink_to(FULL)
        return made(path)

    patch.setattr(local, "_made", full)


def staging_is_full(_library: Path, _film: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Staging, "_writer", lambda _self, _name, schema: pq.ParquetWriter(FULL, schema))


@pytest.mark.parametrize("fill", [spool_is_full, copy_is_full, staging_is_full])
def test_a_full_disk_ends_the_command_and_the_next_one_goes_on(
    call: Call, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: Callable[..., None]
) -> None:
    library, film = tmp_path / "library", tmp_path / "film.mp4"
    shutil.copy(shelf.meadow_file, film)
    assert call("titles", "--library", library).code == ExitCode.NOT_FOUND
    with watchdown.open(library, create=True):
        pass
    with monkeypatch.context() as patch:
        fill(library, film, patch)
        said = call("add", film, "--copy", "--library", library)
    assert said.code == ExitCode.NO_SPACE
    assert said.out == ""
    (error,) = said.errors
    assert error.startswith(str(library))
    assert "the disk is full. Free some space" in error
    found = call("search", "a red car", "--library", library)
    assert found.out == "Nothing found for a red car.\n"
    for link in library.rglob("*"):
        if link.is_symlink():
            link.unlink()
    assert call("add", film, "--copy", "--library", library).code == ExitCode.OK
    assert leftovers(library) == []
    assert "Shot" in call("show", "film", "--library", library).out


def test_a_database_that_cannot_grow_is_a_full_disk(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    def limit(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 3")

    event.listen(Engine, "connect", limit)
    try:
        said = call("add", shelf.meadow_file, "--library", tmp_path / "library")
    finally:
        event.remove(Engine, "connect", limit)
    assert said.code == ExitCode.NO_SPACE
    assert said.errors[0].startswith(f"{tmp_path}/library/library.db: the disk is full")
    assert call("add", shelf.meadow_file, "--library", tmp_path / "library").code == ExitCode.OK
