"""Frames by time: which frame is on screen at a tick, and batches of frames for one want."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from av.video.frame import VideoFrame

from watchdown.media.facts import VideoFacts
from watchdown.media.scaling import Scaler
from watchdown.media.spool import Add, StillSpool
from watchdown_algos.wants import Audio, FrameBatch, Frames, Span
from watchdown_schemas.time import frame_at, frame_start

if TYPE_CHECKING:
    from watchdown_algos.wants import Pixels


class Clock:
    """Ticks `per_second` times a second from zero; None ticks at every frame."""

    def __init__(self, per_second: float | None) -> None:
        self._rate = None if per_second is None else Fraction(per_second).limit_denominator(1_000_000)
        self._due = 0

    def ticks_in(self, start_ns: int, end_ns: int) -> bool:
        """Say whether a tick falls into a frame's time on screen; frames are asked for in order."""
        if self._rate is None:
            return True
        if self._due >= end_ns:
            return False
        self._due = frame_start(frame_at(end_ns - 1, self._rate) + 1, self._rate)
        return end_ns > start_ns


class FrameCollector:
    """Gathers the frames of one want; holds one batch back until the next frame ends its last span."""

    def __init__(self, want: Frames, facts: VideoFacts, scaler: Scaler) -> None:
        self._want = want
        self._height = want.height or facts.height_for(want.width)
        self._clock = Clock(want.per_second)
        self._scaler = scaler
        self._times: list[int] = []
        self._pixels: Pixels | None = None

    def take(self, frame: VideoFrame, start_ns: int, end_ns: int) -> FrameBatch | None:
        """Take a frame that is on screen in [start_ns, end_ns); return the batch that this completes."""
        if not self._clock.ticks_in(start_ns, end_ns):
            return None
        want, batch = self._want, None
        if len(self._times) == want.batch:
            batch = self.finish(start_ns)
        if self._pixels is None:
            self._pixels = np.empty((want.batch, self._height, want.width, 3), np.uint8)
        self._pixels[len(self._times)] = self._scaler.scale(
            frame, want.width, self._height, smooth=want.smooth
        )
        self._times.append(start_ns)
        return batch

    def finish(self, end_ns: int) -> FrameBatch | None:
        """Return what was gathered, its last span up to `end_ns`; None when that is nothing."""
        if self._pixels is None:
            return None
        times, pixels = self._times, self._pixels[: len(self._times)]
        self._times, self._pixels = [], None
        spans = [Span(start_ns=a, end_ns=b) for a, b in zip(times, [*times[1:], end_ns], strict=True)]
        return FrameBatch(pixels, np.array(times, np.int64), spans)


class Screen:
    """Shows each frame to all who want frames, once the next frame tells how long it was on screen."""

    def __init__(
        self, facts: VideoFacts, duration_ns: int, wants: Sequence[Frames | Audio], keep: Add | None
    ) -> None:
        self._facts = facts
        self._duration_ns = duration_ns
        self._scaler = Scaler(facts)
        self._collectors = {
            i: FrameCollector(want, facts, self._scaler)
            for i, want in enumerate(wants)
            if isinstance(want, Frames)
        }
        self._keep = keep
        self._keep_clock = Clock(StillSpool.PER_SECOND)
        self._held: tuple[VideoFrame, int] | None = None

    @property
    def watched(self) -> bool:
        """Whether anyone wants frames at all."""
        return bool(self._collectors) or self._keep is not None

    def take(self, frame: VideoFrame) -> Iterator[tuple[int, FrameBatch]]:
        """Take the next decoded frame; yield the batches that the one before it completes."""
        pts = frame.pts if frame.pts is not None else frame.dts
        start_ns = -1 if pts is None else self._facts.time_of(pts)
        # Before zero nothing is shown, and of two pictures for the same time only one is.
        if start_ns > (-1 if self._held is None else self._held[1]):
            yield from self._show(start_ns)
            self._held = frame, start_ns

    def finish(self) -> Iterator[tuple[int, FrameBatch]]:
        """Show the last frame up to the end of the title and yield what was held back."""
        yield from self._show(self._duration_ns)
        for i, collector in self._collectors.items():
            if (batch := collector.finish(self._duration_ns)) is not None:
                yield i, batch

    def _show(self, end_ns: int) -> Iterator[tuple[int, FrameBatch]]:
        if self._held is None:
            return
        frame, start_ns = self._held
        if self._keep is not None and self._keep_clock.ticks_in(start_ns, end_ns):
            height = self._facts.height_for(StillSpool.WIDTH)
            self._keep(start_ns, end_ns, self._scaler.scale(frame, StillSpool.WIDTH, height, smooth=True))
        for i, collector in self._collectors.items():
            if (batch := collector.take(frame, start_ns, end_ns)) is not None:
                yield i, batch
