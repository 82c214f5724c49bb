"""Right-to-the-frame access by time: seek to the keyframe before, decode on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, Self

import av
import av.error
from av.stream import Discard
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from watchdown.media.facts import VideoFacts
from watchdown.media.opening import damaged, open_container
from watchdown.media.source import Source
from watchdown_schemas.time import NS, seconds


class Shown(NamedTuple):
    """A decoded frame and its time on screen."""

    frame: VideoFrame
    start_ns: int
    end_ns: int


class FrameReader:
    """Reads single frames of a source; asking in rising order spares decoding twice. A context manager."""

    def __init__(self, source: Source, video: VideoFacts) -> None:
        self._source = source
        self._facts = video
        self._frames: Iterator[tuple[VideoFrame, int]] = iter(())
        self._now: tuple[VideoFrame, int] | None = None
        self._next: tuple[VideoFrame, int] | None = None
        self._fed: int | None = None  # the latest keyframe that the decoder got

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._container = stack.enter_context(open_container(self._source.file))
            for stream in self._container.streams:
                stream.discard = Discard.default if stream.index == self._facts.index else Discard.all
            stream = self._container.streams[self._facts.index]
            assert isinstance(stream, VideoStream)
            self._stream = stream
            self._stream.codec_context.thread_count = 1
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def at(self, time_ns: int) -> Shown:
        """Return the frame on screen at a time of the timeline; beyond its ends the first or the last."""
        time_ns = max(0, min(time_ns, self._source.facts.duration_ns - 1))
        try:
            if self._now is None or self._now[1] > time_ns or self._keyframe_between(time_ns):
                self._seek(time_ns)
            while self._next is not None and self._next[1] <= time_ns:
                self._advance()
        except av.error.FFmpegError as error:
            raise damaged(self._source.path, error, f" at {seconds(time_ns):.1f} s") from error
        if self._now is None:
            missing = ValueError("no frame comes out")
            raise damaged(self._source.path, missing, f" at {seconds(time_ns):.1f} s")
        end_ns = self._source.facts.duration_ns if self._next is None else self._next[1]
        return Shown(*self._now, end_ns)

    def _keyframe_between(self, time_ns: int) -> bool:
        """Say whether seeking to a later time would skip frames that decoding on would decode."""
        if self._next is None or self._next[1] > time_ns:
            return False
        entries = self._stream.index_entries
        entry = entries.search_timestamp(self._facts.pts_at(time_ns))
        return entry < 0 or self._fed is None or entries[entry].timestamp > self._fed

    def _seek(self, time_ns: int) -> None:
        """Decode from a keyframe that is not after the time; demuxers may land late, then back off."""
        back = 0
        while True:
            target = max(0, time_ns - back)
            self._container.seek(self._facts.pts_at(target), stream=self._stream)
            self._frames, self._now, self._next, self._fed = self._decode(), None, None, None
            self._advance()
            if target == 0 or (self._now is not None and self._now[1] <= time_ns):
                return
            back = max(NS, 2 * back)

    def _advance(self) -> None:
        self._now = self._next or next(self._frames, None)
        self._next = next(self._frames, None)

    def _decode(self) -> Iterator[tuple[VideoFrame, int]]:
        """Yield frames and their start times, in rising order, from where the container stands."""
        earliest: int | None = None
        latest_ns = -1
        for packet in self._container.demux(self._stream):
            stamp = packet.dts if packet.pts is None else packet.pts
            if packet.is_keyframe and stamp is not None:
                self._fed = stamp
                # What is shown before the first keyframe refers to frames that were not decoded.
                earliest = stamp if earliest is None else earliest
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                if latest_ns >= 0:
                    raise
                continue
            for frame in frames:
                pts = frame.dts if frame.pts is None else frame.pts
                if pts is None or earliest is None or pts < earliest:
                    continue
                start_ns = self._facts.time_of(pts)
                if start_ns > latest_ns:
                    latest_ns = start_ns
                    yield frame, start_ns
