"""Bad days of an S3 server: what is repeated, what is told, and that nothing is lost or doubled."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from storage.fault_proxy import Fault, FaultProxy
from watchdown.storage.s3 import S3Storage
from watchdown_schemas.errors import (
    LibraryError,
    StorageChanged,
    StorageDenied,
    StorageNotFound,
    StorageUnavailable,
)

MIB = 1 << 20
CONTENT = bytes(range(256)) * 4096 * 6  # 6 MiB: a put in one call, several ranges to read


@pytest.fixture
def proxy(s3_server: Any) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server.url).running() as proxy:
        yield proxy


@pytest.fixture
def bucket(s3_server: Any) -> str:
    return str(s3_server.new_bucket())


def opened(s3_server: Any, bucket: str, url: str, patience: float = 20, **changed: Any) -> S3Storage:
    keys = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key}
    return S3Storage(bucket, "lib", endpoint=url, patience=patience, **{**keys, **changed})


@pytest.fixture
def storage(s3_server: Any, bucket: str, proxy: FaultProxy) -> S3Storage:
    return opened(s3_server, bucket, proxy.url)


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(status=500), Fault(status=429), Fault(cut=-1)])
def test_what_fails_for_a_while_is_repeated(storage: S3Storage, proxy: FaultProxy, fault: Fault) -> None:
    proxy.fail(fault, times=2)
    storage.put("a/one", CONTENT)
    proxy.fail(fault, times=2)
    assert storage.read("a/one") == CONTENT
    proxy.fail(fault, times=2)
    assert [stored.key for stored in storage.list()] == ["a/one"]
    proxy.fail(fault, times=2)
    storage.copy("a/one", "a/two")
    proxy.fail(fault, times=2)
    assert storage.exists("a/two")
    proxy.fail(fault, times=2)
    storage.delete(["a/one"])
    assert [stored.key for stored in storage.list()] == ["a/two"]


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(cut=-1)])
def test_each_part_of_a_stream_is_repeated_by_itself(
    storage: S3Storage, proxy: FaultProxy, fault: Fault, s3_server: Any, bucket: str
) -> None:
    with storage.create("film") as file:
        for _ in range(5):
            proxy.fail(fault, method="PUT")
            file.write(CONTENT)
        for method in ("PUT", "POST"):  # the last part, and what makes it visible
            proxy.fail(fault, method=method)
    assert storage.read("film") == CONTENT * 5
    assert "Uploads" not in s3_server.client().list_multipart_uploads(Bucket=bucket)


def stream(storage: S3Storage, key: str, *, broken: bool = False) -> None:
    with storage.create(key) as file:
        for _ in range(5):
            file.write(CONTENT)
        if broken:
            raise ZeroDivisionError


def test_a_stream_that_breaks_off_leaves_no_parts(storage: S3Storage, s3_server: Any, bucket: str) -> None:
    with pytest.raises(ZeroDivisionError):
        stream(storage, "film", broken=True)
    assert "Uploads" not in s3_server.client().list_multipart_uploads(Bucket=bucket)
    assert list(storage.list()) == []


def test_a_writer_whose_answer_was_lost_has_won_all_the_same(storage: S3Storage, proxy: FaultProxy) -> None:
    proxy.fail(Fault(cut=-1), method="PUT")
    assert storage.put_new("manifest", b"first")
    assert len([request for request in proxy.seen if request.method == "PUT"]) == 2
    assert not storage.put_new("manifest", b"first")
    assert storage.read("manifest") == b"first"


def test_a_body_that_breaks_off_goes_on_where_it_did(storage: S3Storage, proxy: FaultProxy) -> None:
    storage.put("film", CONTENT)
    proxy.forget()
    for cut in (100_000, 1, 50_000, 0):
        proxy.fail(Fault(cut=cut), method="GET")
    assert storage.read("film") == CONTENT
    assert proxy.received == len(CONTENT)


def test_a_slow_answer_ends_within_the_deadline(s3_server: Any, bucket: str, proxy: FaultProxy) -> None:
    storage = opened(s3_server, bucket, proxy.url, patience=1)
    storage.put("film", CONTENT)
    proxy.fail(Fault(pause=0.05), times=1000, method="GET")  # each byte in time, all of them in days
    with pytest.raises(StorageUnavailable) as told:
        storage.read("film")
    proxy.mend()
    assert "too slow" in str(told.value)
    assert proxy.url in str(told.value)
    assert storage.read("film") == CONTENT


def test_an_object_that_was_replaced_is_not_read_as_a_mixture(storage: S3Storage) -> None:
    storage.put("film", CONTENT)
    with storage.open("film") as file:
        assert file.read(100) == CONTENT[:100]
        storage.put("film", CONTENT[::-1])
        file.seek(5 * MIB)
        with pytest.raises(StorageChanged, match="replaced while it was read"):
            file.read(100)
    assert storage.read("film") == CONTENT[::-1]


def uses(storage: S3Storage) -> list[Any]:
    return [
        lambda: storage.read("a/key"),
        lambda: storage.exists("a/key"),
        lambda: storage.put("a/key", b""),
        lambda: storage.put_new("a/key", b""),
        lambda: list(storage.list()),
        lambda: storage.copy("a/key", "b"),
        lambda: storage.delete(["a/key"]),
        lambda: stream(storage, "a/key"),
    ]


def assert_told(error: LibraryError, server: str, bucket: str) -> None:
    told = f"{error} {error!r}"
    assert server in told
    assert bucket in told
    assert "secret" not in told
    assert error.remedy


@pytest.mark.parametrize("use", range(8))
@pytest.mark.parametrize("keys", [{"secret_key": "wrong-secret"}, {"access_key": "nobody"}])
def test_wrong_credentials_are_told_at_once(
    s3_server: Any, bucket: str, proxy: FaultProxy, keys: dict[str, str], use: int
) -> None:
    with pytest.raises(StorageDenied) as told:
        uses(opened(s3_server, bucket, proxy.url, **keys))[use]()
    assert_told(told.value, proxy.url, bucket)
    assert "credentials" in told.value.remedy
    assert len(proxy.seen) <= 2


@pytest.mark.parametrize("use", range(8))
def test_a_bucket_that_is_not_there_is_told(s3_server: Any, proxy: FaultProxy, use: int) -> None:
    with pytest.raises(StorageNotFound, match="no bucket") as told:
        uses(opened(s3_server, "no-such-bucket", proxy.url))[use]()
    assert_told(told.value, proxy.url, "no-such-bucket")


@pytest.mark.parametrize("use", range(8))
def test_a_server_that_is_down_is_told_with_what_was_tried(s3_server: Any, bucket: str, use: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    url = f"http://user:secret@127.0.0.1:{port}"
    with pytest.raises(StorageUnavailable, match="tried") as told:
        uses(opened(s3_server, bucket, url, patience=0.5))[use]()
    assert_told(told.value, f"http://127.0.0.1:{port}", bucket)


def test_a_server_that_comes_back_is_waited_for(s3_server: Any, bucket: str) -> None:
    proxy = FaultProxy(s3_server.url)
    proxy.fail(Fault(cut=-1), times=10_000)
    storage = opened(s3_server, bucket, proxy.url)
    with proxy.running():
        mending = threading.Timer(1, proxy.mend)
        mending.start()
        storage.put("one", b"1")
        mending.join()
        assert storage.read("one") == b"1"


def test_a_link_is_for_one_object_and_runs_out(s3_server: Any, storage: S3Storage) -> None:
    storage.put("one", b"1")
    storage.put("two", b"2")
    link = storage.link("one", 60)
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"1"
    assert s3_server.secret_key not in link
    for wrong in (link.replace("/one?", "/two?"), link.replace("X-Amz-Expires=60", "X-Amz-Expires=600")):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(wrong)
    brief = storage.link("one", 1)
    ended = threading.Event()
    ended.wait(2.5)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(brief)
