"""A library whose storage is a bucket answers as one in a folder does, media in a bucket as files do."""

import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

import watchdown
from e2e.conftest import Call, Shelf
from storage.fault_proxy import Fault, FaultProxy
from watchdown.client.asynchronous import AsyncLibrary
from watchdown.client.services import Services
from watchdown.media.stills import frame_at
from watchdown.runs.feeds import open_source
from watchdown.settings import Settings
from watchdown.storage.s3 import S3Storage
from watchdown_schemas.errors import NotFound, StorageUnavailable

SENTENCE = "a red car on a beach"


@dataclass(frozen=True)
class Cloud:
    """A server with a bucket for a library and one for films, and a library that uses both."""

    proxy: FaultProxy
    films: S3Storage
    storage: S3Storage
    services: Services
    library: AsyncLibrary

    def put(self, *paths: Path) -> None:
        for path in paths:
            with path.open("rb") as file, self.films.create(f"films/{path.name}") as stored:
                shutil.copyfileobj(file, stored)

    def listed(self, prefix: str = "") -> list[str]:
        return [stored.key for stored in self.storage.list(prefix)]


@pytest.fixture
def cloud(s3_server: Any, tmp_path: Path) -> Iterator[Cloud]:
    with FaultProxy(s3_server.url).running() as proxy:

        def opened(bucket: str, prefix: str = "") -> S3Storage:
            return S3Storage(
                bucket,
                prefix,
                endpoint=proxy.url,
                access_key=s3_server.access_key,
                secret_key=s3_server.secret_key,
                patience=5,
            )

        films, storage = opened(s3_server.new_bucket()), opened(s3_server.new_bucket(), "library")
        services = Services(
            Settings.of_folder(tmp_path / "here"),
            create=True,
            storage=storage,
            bucket=lambda _name: films,
        )
        yield Cloud(proxy, films, storage, services, AsyncLibrary(services))
        services.close()


def told(library: AsyncLibrary) -> list[Any]:
    async def ask() -> list[Any]:
        described = (await library.search(SENTENCE)).hits
        said = (await library.search("lantern in the harbour", dialogue=True)).hits
        pictures = [await library.thumbnail(hit.thumbnail) for hit in described if hit.thumbnail]
        return [
            [(hit.title_name, hit.start_ns, hit.end_ns, hit.score) for hit in (*described, *said)],
            pictures,
        ]

    return anyio.run(ask)


def of_folder(root: Path) -> list[Any]:
    services = Services(Settings.of_folder(root), create=False)
    try:
        return told(AsyncLibrary(services))
    finally:
        services.close()


def add(cloud: Cloud, *paths: object, **wishes: Any) -> list[Any]:
    async def call() -> list[Any]:
        return list(await cloud.library.add(*map(str, paths), **wishes))

    return anyio.run(call)


def test_films_in_a_bucket_are_found_as_films_in_a_folder_are(cloud: Cloud, shelf: Shelf) -> None:
    cloud.put(shelf.harbour_file, shelf.meadow_file, *shelf.harbour_file.parent.glob("Harbour.*.srt"))
    added = add(cloud, "s3://films/films/Harbour.mp4", "s3://films/films/Meadow.mp4")
    assert [(one.outcome, one.errors) for one in added] == [("added", ()), ("added", ())]
    assert not any("taken into" in note for one in added for note in one.notes)
    assert told(cloud.library) == of_folder(shelf.library)
    assert [key for key in cloud.listed() if not key.startswith(("media/", "models/"))] == []
    assert {key.rpartition("/")[2] for key in cloud.listed("media/")} == {"sprites-0000.jpg"}
    (again,) = add(cloud, "s3://films/films/Harbour.mp4")
    assert (again.outcome, again.runs) == ("unchanged", ())
    here = {path.relative_to(cloud.services.place).parts[0] for path in _files(cloud)}
    assert here <= {
        ".lock",
        ".lock-loader",
        "cache",
        "lake",
        "library.db",
        "library.db-shm",
        "library.db-wal",
    }


def _files(cloud: Cloud) -> list[Path]:
    return [path for path in Path(cloud.services.place).rglob("*") if path.is_file()]


def test_files_of_this_machine_are_taken_in_and_that_is_told(
    cloud: Cloud, shelf: Shelf, tmp_path: Path
) -> None:
    for path in (shelf.harbour_file, *shelf.harbour_file.parent.glob("Harbour.*.srt")):
        shutil.copy(path, tmp_path / path.name)
    (added,) = add(cloud, tmp_path / "Harbour.mp4")
    assert "other machines cannot read" in added.notes[0]
    taken = [key.rpartition("/source/")[2] for key in cloud.listed() if "/source/" in key]
    assert sorted(taken) == ["Harbour.en.srt", "Harbour.es.srt", "Harbour.mp4"]
    for path in tmp_path.glob("Harbour*"):
        path.unlink()
    shutil.rmtree(cloud.services.shelf.work)
    media = next(asset for asset in cloud.services.catalogue.assets(added.title) if asset.kind == "video")
    assert frame_at(open_source(cloud.services.shelf, media), 0).pixels.any()
    (stored,) = [key for key in cloud.listed() if key.endswith("Harbour.mp4")]
    assert cloud.storage.read(stored) == shelf.harbour_file.read_bytes()


def downloaded(link: str) -> bytes:
    with urllib.request.urlopen(link) as answer:
        content: bytes = answer.read()
        return content


def test_a_picture_has_a_link_and_a_file(cloud: Cloud, shelf: Shelf) -> None:
    add(cloud, shelf.meadow_file)

    async def look() -> None:
        key = next(hit.thumbnail for hit in (await cloud.library.search(SENTENCE)).hits if hit.thumbnail)
        link = await cloud.library.link(key, 60)
        path = await cloud.library.media(key)
        assert downloaded(link) == path.read_bytes()
        assert link.endswith(key[key.index("#") :])
        for wrong in (key.replace("sprites-0000", "sprites-9999"), "../library.db"):
            for use in (cloud.library.link, cloud.library.media, cloud.library.thumbnail):
                with pytest.raises(NotFound):
                    await use(wrong)

    anyio.run(look)


def test_judgement_and_quarantine_lie_in_the_bucket(cloud: Cloud, shelf: Shelf) -> None:
    (added,) = add(cloud, shelf.meadow_file, quality=True)
    assert added.outcome == "added"
    reports = cloud.listed("reports/")
    assert any(key.endswith("/report.json") for key in reports)
    assert any(key.endswith("/docs/index.html") for key in reports)

    async def mend() -> None:
        good = {"start_ns": 0, "end_ns": 1, "label": "day", "confidence": 0.5}
        written = await cloud.library.write(
            "Label", [good, {**good, "start_ns": 1, "end_ns": 2, "confidence": 2.0}], "Meadow", tolerance=0
        )
        assert written.quarantine is not None
        assert written.quarantine.startswith("s3://")
        (refused,) = await cloud.library.quarantine.list()
        assert (refused.rows, refused.held) == (1, 1)
        (bad,) = await cloud.library.quarantine.rows(written.run, "Label")
        again = await cloud.library.quarantine.replay(written.run, "Label", [{**bad, "confidence": 0.9}])
        assert again.written == 2
        assert await cloud.library.quarantine.list() == []

    anyio.run(mend)
    assert cloud.listed("quarantine/") == []
    assert cloud.listed("staged/") == []


def test_a_server_that_goes_away_midway_loses_nothing(cloud: Cloud, shelf: Shelf) -> None:
    cloud.put(shelf.meadow_file)
    cloud.proxy.fail(Fault(status=503), times=10_000, method="PUT")
    with pytest.raises(StorageUnavailable) as error:
        add(cloud, "s3://films/films/Meadow.mp4")
    assert cloud.proxy.url in str(error.value)
    cloud.proxy.mend()
    (added,) = add(cloud, "s3://films/films/Meadow.mp4")
    assert added.errors == ()
    assert [run.state for run in cloud.services.ledger.runs()].count("failed") == 0
    assert cloud.listed("staged/") == cloud.listed("batches/") == []


def test_a_film_that_is_not_there_stops_no_other(cloud: Cloud, shelf: Shelf) -> None:
    cloud.put(shelf.meadow_file)
    added = add(cloud, "s3://films/none.mp4", "s3://films", "s3://films/films/Meadow.mp4")
    assert [one.outcome for one in added] == ["failed", "failed", "added"]
    assert "s3://" in added[0].errors[0]


def test_a_library_in_a_folder_takes_in_what_lies_in_a_bucket(
    call: Call, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3_server: Any
) -> None:
    bucket = s3_server.new_bucket()
    with shelf.meadow_file.open("rb") as file:
        s3_server.client().upload_fileobj(file, bucket, "Meadow.mp4")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    library = tmp_path / "library"
    said = call("add", f"s3://{bucket}/Meadow.mp4", "--copy", "--library", library)
    assert (said.code, said.errors) == (0, [])
    (copied,) = library.glob("media/*/source/Meadow.mp4")
    assert copied.read_bytes() == shelf.meadow_file.read_bytes()
    with watchdown.open(library) as opened:
        assert opened.search(SENTENCE).hits
