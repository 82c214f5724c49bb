"""Media in a bucket: the same facts, frames, sound and words as from a file, by ranges instead of whole."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.clips import cut_off, draw, number_in
from media.test_embedded_text import write_track
from storage.fault_proxy import Fault, FaultProxy
from watchdown.catalogue.assets import side_cars
from watchdown.media.decode import decode
from watchdown.media.fingerprint import fingerprint
from watchdown.media.place import Place, StoredMedia
from watchdown.media.probe import probe
from watchdown.media.shelf import Shelf
from watchdown.media.source import Source, open_media
from watchdown.media.spool import StillSpool
from watchdown.media.stills import frame_at, stills
from watchdown.media.timed_text import read_embedded, read_side_car
from watchdown.storage.local import LocalStorage
from watchdown.storage.s3 import S3Storage
from watchdown_algos.wants import Audio, Frames, Span
from watchdown_schemas.errors import (
    MediaInvalid,
    MediaNotFound,
    MediaUnreadable,
    MediaUnsupported,
    StorageUnavailable,
)

SECOND = 1_000_000_000
SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello.\n"
# Filled up to its rate, as the pictures of a test are too plain to take any room.
HEAVY = {"x264-params": "nal-hrd=cbr:bitrate=4000:vbv-maxrate=4000:vbv-bufsize=800:filler=1"}


@dataclass(frozen=True)
class Bucket:
    """A bucket behind a proxy that counts, and how files get into it."""

    proxy: FaultProxy
    storage: S3Storage
    shelf: Shelf

    def put(self, path: Path) -> Place:
        with path.open("rb") as file, self.storage.create(f"films/{path.name}") as stored:
            stored.write(file.read())
        self.proxy.forget()
        return self.shelf.place(f"s3://films-and-more/films/{path.name}")


@pytest.fixture
def bucket(s3_server: Any, tmp_path: Path) -> Iterator[Bucket]:
    with FaultProxy(s3_server.url).running() as proxy:
        storage = S3Storage(
            s3_server.new_bucket(),
            endpoint=proxy.url,
            access_key=s3_server.access_key,
            secret_key=s3_server.secret_key,
            patience=5,
        )
        yield Bucket(proxy, storage, Shelf(storage, tmp_path / "work", lambda _name: storage))


def opened(place: Place, work: Path) -> Source:
    return open_media(place, probe(place), work, fingerprint=fingerprint(place))


def everything(source: Source, spool: StillSpool | None = None) -> list[tuple[int, bytes]]:
    wants = [Frames(width=192, per_second=None), Audio(rate=16_000)]
    return [
        (want, (batch.pixels if hasattr(batch, "pixels") else batch.samples).tobytes())
        for want, batch in decode(source, wants, spool=spool)
    ]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.mov", "film.avi"])
def test_a_film_in_a_bucket_is_the_film(bucket: Bucket, tmp_path: Path, name: str) -> None:
    coding = {"bf": "0"} if name.endswith("avi") else {}
    path = draw(tmp_path / name, count=50, sound=[(2.0, 0.5)], options=coding)
    place = bucket.put(path)
    assert fingerprint(place) == fingerprint(path)
    assert probe(place) == probe(path)
    there, here = opened(place, tmp_path / "there"), opened(path, tmp_path / "here")
    spools = StillSpool(tmp_path / "spool-there"), StillSpool(tmp_path / "spool-here")
    assert everything(there, spools[0]) == everything(here, spools[1])
    for time in (0, SECOND, 1_999_999_999, 300_000_000):
        assert np.array_equal(frame_at(there, time).pixels, frame_at(here, time).pixels)
    spans = [Span(start_ns=at, end_ns=at + SECOND // 4) for at in range(0, 2 * SECOND, SECOND // 4)]
    for spool in (None, spools[0]):
        pairs = zip(stills(there, spans, 160, spool), stills(here, spans, 160, spool), strict=True)
        assert all(a and b and np.array_equal(a.pixels, b.pixels) for a, b in pairs)


@pytest.mark.parametrize("muxing", [{}, {"movflags": "faststart"}], ids=["index last", "index first"])
def test_one_frame_of_a_long_film_costs_a_small_part_of_it(
    bucket: Bucket, tmp_path: Path, muxing: dict[str, str]
) -> None:
    path = draw(tmp_path / "long.mp4", count=1000, options=HEAVY, muxing=muxing, sound=[(40.0, 0.1)])
    size = path.stat().st_size
    assert size > 18_000_000
    facts, place = probe(path), bucket.put(path)
    source = open_media(place, facts, tmp_path, fingerprint="f")
    for number in (700, 100, 999):
        bucket.proxy.forget()
        assert number_in(frame_at(source, number * SECOND // 25).pixels) == number
        assert bucket.proxy.received < size / 8
        assert len(bucket.proxy.seen) < 12
    bucket.proxy.forget()
    spans = [Span(start_ns=at * SECOND, end_ns=at * SECOND + SECOND // 25) for at in range(0, 40, 10)]
    found = [number_in(still.pixels) for still in stills(source, spans, 192, None) if still]
    assert found == [0, 250, 500, 750]
    assert bucket.proxy.received < size / 4


def test_a_whole_pass_fetches_each_byte_about_once(bucket: Bucket, tmp_path: Path) -> None:
    path = draw(tmp_path / "long.mp4", count=500, options=HEAVY, sound=[(20.0, 0.1)])
    size, place = path.stat().st_size, bucket.put(path)
    for use in (fingerprint, probe, lambda place: everything(Source(place, place, probe(path)))):
        bucket.proxy.forget()
        use(place)
        assert size * 0.98 < bucket.proxy.received < size * 1.25
        assert len(bucket.proxy.seen) < 25


def test_subtitles_beside_a_film_in_a_bucket_are_found(bucket: Bucket, tmp_path: Path) -> None:
    place = bucket.put(draw(tmp_path / "film.mp4", count=2))
    for name in ("film.srt", "film.es.srt", "film.2.mp4", "film.2.srt", "films.srt", "film.txt", "other.srt"):
        bucket.storage.put(f"films/{name}", SRT.encode())
    bucket.storage.put("films/film.d/film.de.srt", SRT.encode())
    found = [subtitle.place for subtitle in side_cars(place)]
    assert [place.name for place in found] == ["film.es.srt", "film.srt"]
    assert [cue.text for cue in read_side_car(found[0]).cues] == ["Hello."]
    assert read_side_car(found[0]).language == "es"
    assert str(found[0]).startswith("s3://")


@pytest.mark.parametrize(
    "change",
    [
        lambda path: cut_off(path, 0.6),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(random.Random(0).randbytes(10_000)),
    ],
    ids=["cut", "empty", "noise"],
)
def test_a_damaged_film_is_told_as_a_damaged_file_is(
    bucket: Bucket, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    path = draw(tmp_path / "film.mkv", count=50)
    change(path)
    with pytest.raises(MediaInvalid) as here:
        probe(path)
    with pytest.raises(MediaInvalid) as there:
        probe(bucket.put(path))
    assert there.value.cause == here.value.cause
    assert there.value.subject.startswith("s3://")


def test_what_is_not_there_or_no_address_is_told(bucket: Bucket) -> None:
    for look in (probe, fingerprint, read_side_car):
        with pytest.raises(MediaNotFound, match=r"films/none\.srt"):
            look(bucket.shelf.place("s3://bucket/films/none.srt"))
    for address in ("s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://bucket/folder/"):
        with pytest.raises(MediaNotFound, match="names no file"):
            bucket.shelf.place(address)
    with pytest.raises(MediaUnsupported, match="Rename"):
        bucket.shelf.place("s3://bucket/a//b.mp4")


def test_a_server_that_does_not_answer_is_no_fault_of_the_film(bucket: Bucket, tmp_path: Path) -> None:
    place = bucket.put(draw(tmp_path / "film.mp4", count=50))
    storage = bucket.storage
    assert isinstance(place, StoredMedia)
    bucket.proxy.fail(Fault(status=503), times=10_000, method="GET")
    with pytest.raises(StorageUnavailable, match="503"):
        probe(place)
    bucket.proxy.mend()
    assert probe(place) == probe(tmp_path / "film.mp4")
    assert storage.exists(place.key)


def test_a_film_that_is_replaced_while_it_is_read_is_told(bucket: Bucket, tmp_path: Path) -> None:
    path = draw(tmp_path / "long.mp4", count=500, options=HEAVY)
    place, facts = bucket.put(path), probe(path)
    batches = decode(Source(place, place, facts), [Frames(width=192, per_second=None, batch=1)])
    next(batches)
    bucket.put(draw(tmp_path / "long.mp4", count=50))
    with pytest.raises(MediaInvalid, match="replaced while it was read"):
        list(batches)


def test_a_film_that_may_not_be_read_is_told(bucket: Bucket, tmp_path: Path, s3_server: Any) -> None:
    place = bucket.put(draw(tmp_path / "film.mp4", count=2))
    stranger = S3Storage("any", endpoint=s3_server.url, access_key="nobody", secret_key="none", patience=1)
    assert isinstance(place, StoredMedia)
    with pytest.raises(MediaUnreadable, match="credentials"):
        probe(StoredMedia(stranger, place.key))


def test_what_was_taken_into_a_folder_is_a_place_like_others(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "library")
    path = draw(tmp_path / "film.mp4", count=5)
    storage.put("media/f/source/film.mp4", path.read_bytes())
    place = Shelf(storage, tmp_path, lambda _name: storage).place("media/f/source/film.mp4")
    assert str(place) == str(tmp_path / "library/media/f/source/film.mp4")
    assert probe(place) == probe(path)
    assert fingerprint(place) == fingerprint(path)


def test_an_embedded_track_is_read_from_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    path = write_track(tmp_path / "film.mkv", "subrip", [(1000, 1500, b"Hello."), (3000, 500, b"Bye.")])
    track = read_embedded(bucket.put(path), 0)
    assert track == read_embedded(path, 0)
    assert len(track.cues) == 2
