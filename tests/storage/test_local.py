"""What only a folder can do wrong: full disks, files half written, strangers among the files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from watchdown.storage import local
from watchdown.storage.local import LocalStorage
from watchdown_schemas.errors import LibraryError, StorageFull


def partial(folder: Path, process: int, host: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{host or socket.gethostname()}.{process}.abc.partial"
    path.write_bytes(b"half")
    return path


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    return ended.pid


def test_what_a_killed_writer_left_goes_with_the_next_that_writes_there(tmp_path: Path) -> None:
    dead, alive = partial(tmp_path / "a", dead_process()), partial(tmp_path / "a", os.getpid())
    elsewhere = partial(tmp_path / "a", dead_process(), "another-host")
    LocalStorage(tmp_path).put("a/one", b"1")
    assert not dead.exists()
    assert alive.exists()
    assert elsewhere.exists()
    assert [stored.key for stored in LocalStorage(tmp_path).list()] == ["a/one"]


def test_a_file_with_a_name_that_is_no_text_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "film\udce9.mp4").write_bytes(b"")
    (tmp_path / "film.mp4").write_bytes(b"")
    assert [stored.key for stored in LocalStorage(tmp_path).list()] == ["film.mp4"]


def test_a_full_disk_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> BinaryIO:
        return Path("/dev/full").open("wb")

    monkeypatch.setattr(local, "_made", full)
    storage = LocalStorage(tmp_path)
    for use in (storage.put, storage.put_new):
        with pytest.raises(StorageFull, match=r"the disk is full\. Free some space"):
            use("a/one", b"1")
    assert list(storage.list()) == []


def test_a_fault_of_whoever_writes_is_none_of_the_storage(tmp_path: Path) -> None:
    def write() -> None:
        with LocalStorage(tmp_path).create("one"):
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        write()


def test_a_root_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    storage = LocalStorage(tmp_path / "file")
    assert not storage.exists("one")
    with pytest.raises(LibraryError, match="cannot be written"):
        storage.put("one", b"")


def test_empty_folders_are_no_objects_and_go_away(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("a/b/c", b"")
    storage.delete(["a/b/c"])
    assert list(tmp_path.iterdir()) == []
    storage.put("a", b"")
    assert [stored.key for stored in storage.list()] == ["a"]
