from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

from media.clips import draw, source_of
from watchdown.media.decode import decode
from watchdown.media.opening import open_container
from watchdown.media.probe import probe
from watchdown.media.source import _copy_packets, open_media
from watchdown.media.spool import StillSpool
from watchdown.media.storage import writing
from watchdown_schemas.errors import MediaInvalid, StorageFull


def test_what_seeks_right_is_read_where_it_lies(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.mp4", count=3)
    source = source_of(path)
    assert (source.path, source.file) == (path, path)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("name", "codec"), [("film.ts", "libx264"), ("film.ts", "libx265"), ("film.mpg", "mpeg2video")]
)
def test_a_stream_is_remuxed_once_and_keeps_its_times(tmp_path: Path, name: str, codec: str) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = draw(
        tmp_path / name, codec=codec, options=options, count=30, sound=[(1.2, 0.5)], sound_codec="mp2"
    )
    facts = probe(path)
    first = source_of(path)
    written = first.file.stat().st_mtime_ns
    second = source_of(path)
    assert (first.path, first.file.parent) == (path, tmp_path / "cache")
    assert second == first
    assert second.file.stat().st_mtime_ns == written
    assert first.facts.video is not None
    assert facts.video is not None
    assert (first.facts.duration_ns, first.facts.video.rate) == (facts.duration_ns, facts.video.rate)
    assert len(first.facts.audio) == 1
    assert [other.name for other in (tmp_path / "cache").iterdir()] == [first.file.name]


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = draw(tmp_path / "film.ts", count=30)
    facts = probe(path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        open_media(path, facts, tmp_path / "cache", fingerprint="f")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_disk_that_fills_up_during_a_remux_is_not_the_fault_of_the_film(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.ts", count=30)
    device = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - closing is part of what may fail
    with pytest.raises(StorageFull), open_container(path) as container, writing(tmp_path), device:
        _copy_packets(path, container, {0}, device)


def test_a_full_disk_while_stills_are_kept_is_not_the_fault_of_the_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, spool = source_of(draw(tmp_path / "film.mp4")), StillSpool(tmp_path / "spool")
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(StorageFull):
        list(decode(source, [], spool=spool))
    assert not spool.complete


def test_a_stream_that_is_damaged_meanwhile_leaves_nothing(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.ts", count=30)
    facts = probe(path)
    path.write_bytes(b"no film")
    with pytest.raises(MediaInvalid):
        open_media(path, facts, tmp_path / "cache", fingerprint="f")
    assert list((tmp_path / "cache").iterdir()) == []
