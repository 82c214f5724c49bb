"""Decoded sound to mono blocks that lie gaplessly on the timeline, from zero to its end."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from watchdown_algos.wants import Audio, AudioBatch
from watchdown_schemas.time import NS, frame_start

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLACK_SECONDS = Fraction(1, 50)  # time stamps of sound wander by less; more is a gap or an overlap


NO_CLIPPING = {"rematrix_maxval": "1.0"}  # loud stereo stays within [-1, 1] as mono


class SoundCollector:
    """Gathers the blocks of one want: what lies before zero or after the end is cut, gaps are silent."""

    def __init__(self, want: Audio, zero_ns: int, duration_ns: int) -> None:
        self._rate = want.rate
        self._zero = Fraction(zero_ns, NS)
        self._total = -(-duration_ns * want.rate // NS)
        self._block = np.zeros(max(1, round(want.seconds * want.rate)), np.float32)
        self._filled = 0
        self._position = 0
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None

    def take(self, frame: AudioFrame) -> Iterator[AudioBatch]:
        """Take a decoded frame; yield the blocks that this completes."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or kind != self._kind:
            yield from self._flush()
            self._kind = kind
            self._resampler = AudioResampler("flt", "mono", self._rate, options=NO_CLIPPING)
        for piece in self._resampler.resample(frame):
            yield from self._place(piece)

    def finish(self) -> Iterator[AudioBatch]:
        """Yield what was held back."""
        yield from self._flush()
        if self._filled:
            yield self._emit()

    def _flush(self) -> Iterator[AudioBatch]:
        if self._resampler is not None:
            for piece in self._resampler.resample(None):
                yield from self._place(piece)

    def _place(self, piece: AudioFrame) -> Iterator[AudioBatch]:
        """Put samples where their time stamp says, silence before them where there is a gap."""
        samples = piece.to_ndarray().reshape(-1).astype(np.float32, copy=False)
        gap = 0
        if piece.pts is not None and piece.time_base is not None:
            gap = round((piece.pts * piece.time_base - self._zero) * self._rate) - self._position
            if self._position and abs(gap) <= SLACK_SECONDS * self._rate:
                gap = 0
        while gap > 0 and self._position < self._total:
            silence = np.zeros(min(gap, len(self._block)), np.float32)
            gap -= len(silence)
            yield from self._append(silence)
        yield from self._append(samples[-gap:])

    def _append(self, samples: NDArray[np.float32]) -> Iterator[AudioBatch]:
        samples = samples[: self._total - self._position]
        while len(samples):
            part = samples[: len(self._block) - self._filled]
            np.clip(part, -1, 1, out=self._block[self._filled : self._filled + len(part)])
            self._filled += len(part)
            self._position += len(part)
            samples = samples[len(part) :]
            if self._filled == len(self._block):
                yield self._emit()

    def _emit(self) -> AudioBatch:
        start = self._position - self._filled
        batch = AudioBatch(
            self._block[: self._filled].copy(), self._rate, frame_start(start, Fraction(self._rate))
        )
        self._filled = 0
        return batch
