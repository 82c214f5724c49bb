"""What every storage does alike, whether a folder or a bucket is behind it."""

from __future__ import annotations

import io
import math
import random
import signal
import subprocess
import sys
import tracemalloc
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.storages import made, storage_code
from programs import surroundings
from watchdown.storage.protocol import Storage
from watchdown_schemas.errors import StorageKeyInvalid, StorageNotFound

MIB = 1 << 20
ODD_KEYS = (
    "with spaces/and more of them.txt",
    "percent%20/and%2Fmore",
    "plus+and&and=and?and#.txt",
    "ünï/映画/🎬.json",
    "quote'and\"back\\slash",
    ".hidden/.file",
    "x" * 255,
    "/".join(["y" * 100] * 9),
)
BAD_KEYS = (
    "",
    "/",
    "/absolute",
    "a//b",
    "a/",
    "../up",
    "a/../b",
    "a/./b",
    "nul\0",
    "\udcff",
    "z" * 256,
    "a/.b.partial",
)


@pytest.fixture(scope="module", params=["local", "s3"])
def code(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("storage")
    return storage_code(request.param, folder, lambda: request.getfixturevalue("s3_server"))


@pytest.fixture
def storage(code: str) -> Iterator[Storage]:
    storage = made(code)
    yield storage
    storage.delete_all("")


@pytest.fixture(scope="module")
def kept(code: str) -> Storage:
    return made(code)


def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [stored.key for stored in storage.list(prefix)]


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


@contextmanager
def memory_at_most(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


def test_what_is_put_is_read(storage: Storage) -> None:
    assert not storage.exists("a/b.json")
    storage.put("a/b.json", b"one")
    assert storage.exists("a/b.json")
    assert storage.read("a/b.json") == b"one"
    storage.put("a/b.json", b"two")
    assert storage.read("a/b.json") == b"two"


@pytest.mark.parametrize("key", ODD_KEYS, ids=range(len(ODD_KEYS)))
def test_odd_keys_are_keys_like_others(storage: Storage, key: str) -> None:
    storage.put(key, b"content")
    assert storage.exists(key)
    assert storage.read(key) == b"content"
    assert keys(storage) == [key]
    storage.copy(key, "copy")
    assert storage.read("copy") == b"content"
    with urllib.request.urlopen(storage.link(key, 60)) as answer:
        assert answer.read() == b"content"
    storage.delete([key])
    assert keys(storage) == ["copy"]


@pytest.mark.parametrize("key", BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_a_key_that_not_all_can_hold_is_refused_by_each(storage: Storage, key: str) -> None:
    for use in (storage.open, storage.read, storage.exists, storage.place, lambda key: storage.put(key, b"")):
        with pytest.raises(StorageKeyInvalid):
            use(key)


def test_an_empty_object_is_an_object(storage: Storage) -> None:
    storage.put("put", b"")
    with storage.create("created"):
        pass
    assert storage.put_new("new", b"")
    assert [(stored.key, stored.size) for stored in storage.list()] == [
        ("created", 0),
        ("new", 0),
        ("put", 0),
    ]
    assert storage.read("put") == storage.read("created") == b""
    with storage.open("new") as file:
        assert file.read(10) == b""


def test_what_is_not_there_is_told_by_its_place(storage: Storage, tmp_path: Path) -> None:
    storage.put("there/thing", b"")
    for use in (storage.open, storage.read, lambda key: storage.fetch(key, tmp_path)):
        for key in ("not there", "there", "there/thing/below"):
            with pytest.raises(StorageNotFound) as told:
                use(key)
            assert key in str(told.value)
    with pytest.raises(StorageNotFound):
        storage.copy("not there", "anywhere")
    assert not storage.exists("there")


def test_the_first_of_many_writers_wins_and_only_that_one(storage: Storage) -> None:
    with ThreadPoolExecutor(32) as pool:
        told = list(pool.map(lambda n: storage.put_new("staged/1/manifest.json", b"%d" % n), range(32)))
    assert told.count(True) == 1
    assert storage.read("staged/1/manifest.json") == b"%d" % told.index(True)
    assert keys(storage) == ["staged/1/manifest.json"]


def test_the_first_wins_even_where_all_write_the_same(storage: Storage) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: storage.put_new("same", b"same"), range(16)))
    assert told.count(True) == 1


def test_many_threads_share_one_storage(storage: Storage) -> None:
    def use(number: int) -> bytes:
        storage.put(f"many/{number}", noise(50_000, number))
        with storage.open(f"many/{number}") as file:
            return file.read()

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(use, range(48))) == [noise(50_000, number) for number in range(48)]


def test_a_long_stream_is_written_and_read_in_bounded_memory(storage: Storage) -> None:
    block, times = noise(MIB), 60
    with memory_at_most(40 * MIB):
        with storage.create("long") as file:
            for _ in range(times):
                file.write(block)
        with storage.open("long") as file:
            for _ in range(times):
                assert file.read(MIB) == block
            assert file.read(MIB) == b""
    assert next(storage.list()).size == times * MIB


def test_parts_of_any_size_come_back_as_one(storage: Storage) -> None:
    content, sizes = noise(20 * MIB), random.Random(1)
    with storage.create("parts") as file:
        start = 0
        while start < len(content):
            end = start + sizes.choice([1, 1000, 3 * MIB, 9 * MIB])
            assert file.tell() == start
            file.write(memoryview(content)[start:end])
            start = min(end, len(content))
    assert storage.read("parts") == content


@pytest.mark.parametrize("size", [1000, 20 * MIB])
def test_of_a_stream_that_breaks_off_nothing_is_there(storage: Storage, size: int) -> None:
    storage.put("kept", b"as it was")

    def break_off(key: str) -> None:
        with storage.create(key) as file:
            file.write(bytes(size))
            raise ZeroDivisionError

    for key in ("kept", "new"):
        with pytest.raises(ZeroDivisionError):
            break_off(key)
    assert keys(storage) == ["kept"]
    assert storage.read("kept") == b"as it was"


def test_a_killed_writer_leaves_nothing_that_is_seen(storage: Storage, code: str) -> None:
    program = f"""
import os, signal
from conformance.storages import made
with made({code!r}).create("killed/film") as file:
    file.write(bytes(20_000_000))
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], env=surroundings(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert keys(storage) == []
    assert not storage.exists("killed/film")
    assert list(storage.half_made(0.0, remove=True)) == []  # nothing is so old
    (left,) = storage.half_made(math.inf, remove=False)
    assert left.written > 0
    assert list(storage.half_made(math.inf, remove=True)) == [left]
    assert list(storage.half_made(math.inf, remove=True)) == []
    with storage.create("killed/film") as file:
        file.write(b"again")
    assert keys(storage) == ["killed/film"]


CONTENT = noise(3 * MIB + 12_345)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(0, 700_000)),
        st.tuples(st.just("to"), st.integers(0, len(CONTENT) + 1000)),
        st.tuples(st.just("by"), st.integers(-400_000, 400_000)),
        st.tuples(st.just("from the end"), st.integers(-len(CONTENT), 100)),
    ),
    max_size=12,
)


def go(file: Any, step: tuple[str, int]) -> object:
    kind, number = step
    if kind == "read":
        return file.read(number)
    whence = {"to": io.SEEK_SET, "by": io.SEEK_CUR, "from the end": io.SEEK_END}[kind]
    return file.seek(max(number, -file.tell()) if kind == "by" else number, whence)


@settings(max_examples=40)
@given(steps=STEPS)
def test_seeking_and_reading_is_as_in_memory(kept: Storage, steps: list[tuple[str, int]]) -> None:
    if not kept.exists("seek"):
        kept.put("seek", CONTENT)
    model = io.BytesIO(CONTENT)
    with kept.open("seek") as file:
        assert file.seekable()
        assert file.readable()
        for step in steps:
            assert go(file, step) == go(model, step)
            assert file.tell() == model.tell()
        assert file.read() == model.read()


def test_a_place_before_the_beginning_and_a_closed_file_are_refused(storage: Storage) -> None:
    storage.put("some", b"some")
    file = storage.open("some")
    with pytest.raises((ValueError, OSError)):
        file.seek(-1)
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read()


def test_a_buffer_is_filled(storage: Storage) -> None:
    storage.put("some", b"0123456789")
    buffer = bytearray(6)
    with storage.open("some") as file:
        assert file.readinto(buffer) == 6  # type: ignore[attr-defined] # BinaryIO lacks what its classes have
        assert bytes(buffer) == b"012345"
        assert file.readinto(buffer) == 4  # type: ignore[attr-defined] # as above
    assert bytes(buffer) == b"678945"


def test_the_list_tells_when_an_object_was_written(storage: Storage) -> None:
    storage.put("first", b"1")
    (first,) = storage.list()
    storage.put("later", b"22")
    assert [stored.size for stored in storage.list()] == [1, 2]
    assert 0 < first.written <= max(stored.written for stored in storage.list())


def test_the_list_is_in_order_and_by_prefix(storage: Storage) -> None:
    written = [
        "a",
        "a-b/x",
        "a.b",
        "ab/c/d",
        "ab/c.d",
        "ab/é",
        "b/12/x",
        "b/1/x",
        "b/1/manifest",
        "b/1é/x",
        "🎬",
    ]
    for key in written:
        storage.put(key, key.encode())
    ordered = sorted(written, key=str.encode)
    assert keys(storage) == ordered
    for prefix in ("", "a", "a-", "ab/", "ab/c", "b/1", "b/1/", "b/1/m", "c", "a/", "b/12/x", "🎬"):
        assert keys(storage, prefix) == [key for key in ordered if key.startswith(prefix)], prefix
    assert [stored.size for stored in storage.list("b/1/")] == [12, 5]


def test_more_than_a_page_is_listed_and_deleted(storage: Storage) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: storage.put(f"page/{number:04}", b""), range(1100)))
    assert keys(storage, "page/") == [f"page/{number:04}" for number in range(1100)]
    storage.delete(f"page/{number:04}" for number in range(1, 1099))
    assert keys(storage) == ["page/0000", "page/1099"]


def test_what_is_deleted_is_gone_and_no_more(storage: Storage) -> None:
    for key in ("staged/1/x", "staged/1/a/b", "staged/12/x", "staged/1x"):
        storage.put(key, b"")
    storage.delete(["staged/1x", "not there", "not/there"])
    storage.delete_all("staged/1/")
    storage.delete_all("nowhere/")
    assert keys(storage) == ["staged/12/x"]
    storage.delete_all("staged/1")
    assert keys(storage) == []


def test_a_copy_is_of_its_own(storage: Storage) -> None:
    content = noise(12 * MIB)
    storage.put("one", content)
    storage.copy("one", "two/of it")
    storage.put("one", b"another")
    assert storage.read("two/of it") == content
    storage.copy("one", "two/of it")
    assert storage.read("two/of it") == b"another"


def test_a_file_of_this_machine_has_the_content(storage: Storage, tmp_path: Path) -> None:
    storage.put("media/f/1/sprites-0000.jpg", b"a picture")
    for _ in range(2):
        path = storage.fetch("media/f/1/sprites-0000.jpg", tmp_path)
        assert path.read_bytes() == b"a picture"
        assert path.name == "sprites-0000.jpg"


def test_a_link_gives_the_object_to_whoever_has_it(storage: Storage) -> None:
    storage.put("media/film one.mp4", noise(1 * MIB))
    link = storage.link("media/film one.mp4", 60)
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == noise(1 * MIB)
    assert "secret" not in urllib.parse.unquote(link)


def test_parquet_is_written_and_read_through_streams(storage: Storage) -> None:
    table = pa.table({"n": range(300_000), "text": [f"row {n}" for n in range(300_000)]})
    with storage.create("staged/1/a/Shot.parquet") as file, pq.ParquetWriter(file, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=50_000):
            writer.write_batch(batch)
    with storage.open("staged/1/a/Shot.parquet") as file:
        assert pq.ParquetFile(file).read() == table
    with storage.open("staged/1/a/Shot.parquet") as file:
        assert pq.read_table(file, columns=["text"])["text"].to_pylist() == table["text"].to_pylist()
