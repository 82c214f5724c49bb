"""Decoded pictures to upright RGB arrays: scaled in swscale, each size once per picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from watchdown.media.facts import VideoFacts

if TYPE_CHECKING:
    from watchdown_algos.wants import Pixels


class Scaler:
    """Scales one picture at a time; all who ask for the same size share the result."""

    def __init__(self, facts: VideoFacts) -> None:
        self._turns = facts.rotation // 90
        self._reformatters: dict[tuple[int, int, bool], VideoReformatter] = {}
        self._done: dict[tuple[int, int, bool], Pixels] = {}
        self._frame: VideoFrame | None = None

    def scale(self, frame: VideoFrame, width: int, height: int, *, smooth: bool) -> Pixels:
        """Return the upright picture, uint8 [height, width, 3], to be copied by those who keep it."""
        if frame is not self._frame:
            self._frame = frame
            self._done.clear()
        key = (width, height, smooth)
        if key not in self._done:
            self._done[key] = self._convert(frame, key)
        return self._done[key]

    def _convert(self, frame: VideoFrame, key: tuple[int, int, bool]) -> Pixels:
        width, height, smooth = key
        if self._turns % 2:
            width, height = height, width
        picture = self._reformatters.setdefault(key, VideoReformatter()).reformat(
            frame,
            width,
            height,
            "rgb24",
            interpolation=Interpolation.AREA if smooth else Interpolation.FAST_BILINEAR,
            threads=1,
        )
        plane = picture.planes[0]
        shape, strides = (height, width, 3), (plane.line_size, 3, 1)
        pixels: Pixels = np.ndarray(shape, np.uint8, memoryview(plane), strides=strides)
        return np.rot90(pixels, self._turns)
