"""The one way to open a title's media: as it lies, or remuxed once where seeking in it goes wrong."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, Final, cast

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from watchdown.media.facts import MediaFacts
from watchdown.media.opening import open_container
from watchdown.media.place import Place
from watchdown.media.probe import probe
from watchdown.media.storage import writing
from watchdown_schemas.errors import MediaUnsupported

HALF_MADE: Final = ".remux-"
SEEKS_WRONG: Final = frozenset({"mpegts", "mpeg"})


@dataclass(frozen=True, slots=True)
class Source:
    """A title's media, ready to decode: `path` as people know it, `file` to read, and the facts of `file`."""

    path: Place
    file: Place
    facts: MediaFacts


def open_media(path: Place, facts: MediaFacts, cache: Path, *, fingerprint: str) -> Source:
    """Return the source of a probed file; a transport stream is copied once into an MP4 in `cache`.

    Raises:
        MediaInvalid: The content is damaged.
        MediaUnsupported: A stream cannot be copied into MP4.
        StorageFull: The copy does not fit on the disk.
    """
    if facts.container not in SEEKS_WRONG:
        return Source(path, path, facts)
    copy = cache / f"{fingerprint}.mp4"
    if not copy.exists():
        with writing(cache):
            cache.mkdir(parents=True, exist_ok=True)
            _remux(path, facts, copy)
    return Source(path, copy, probe(copy))


def _remux(path: Place, facts: MediaFacts, copy: Path) -> None:
    """Copy the primary video and the sound, not re-encoded, under a temporary name, then rename it."""
    wanted = {track.index for track in (facts.video, *facts.audio) if track is not None}
    with NamedTemporaryFile(dir=copy.parent, prefix=f"{HALF_MADE}{os.getpid()}-", delete=False) as file:
        try:
            with open_container(path) as container, writing(copy.parent):
                _copy_packets(path, container, wanted, cast("BinaryIO", file))
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(copy)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _copy_packets(path: Place, container: InputContainer, wanted: set[int], file: BinaryIO) -> None:
    with av.open(file, "w", format="mp4") as output:
        streams = [stream for stream in container.streams if stream.index in wanted]
        targets = {stream.index: _target(path, output, stream) for stream in streams}
        begun: set[int] = set()
        for packet in container.demux(streams):
            if packet.is_keyframe:
                begun.add(packet.stream_index)
            if packet.dts is not None and packet.stream_index in begun:
                packet.stream = targets[packet.stream_index]
                output.mux(packet)


def _target(path: Place, output: OutputContainer, stream: Stream) -> Stream:
    try:
        return output.add_stream_from_template(stream)
    except (av.error.FFmpegError, ValueError) as error:
        cause = f"its {stream.type} stream {stream.index} cannot be copied into MP4"
        raise MediaUnsupported(str(path), cause, "Convert the file to MP4") from error


def clear_half_made(cache: Path) -> None:
    """Remove copies that processes of this machine, which are no more, have left half made in `cache`."""
    for file in cache.glob(f"{HALF_MADE}*"):
        process = file.name.removeprefix(HALF_MADE).partition("-")[0]
        if not (process.isdecimal() and _runs(int(process))):
            file.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
