"""Shot boundaries by PySceneDetect's adaptive detector, one frame at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from watchdown_algos.contract import Context, FrameAlgorithm, TitleFacts
from watchdown_algos.wants import FrameBatch, Frames
from watchdown_schemas.types.shot import Shot


class Shots(FrameAlgorithm):
    """Yields each shot as soon as the cut that ends it is certain (two frames later)."""

    wants = Frames(width=256, smooth=False, batch=64)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        from scenedetect.detectors import AdaptiveDetector

        self._detector = AdaptiveDetector(
            adaptive_threshold=self.parameter("adaptive_threshold"),
            min_scene_len=float(self.parameter("min_shot_seconds")),
        )
        self._number = 0
        self._start: int | None = None
        self._end = 0
        self._times: dict[int, int] = {}
        self._seen = 0

    def start(self, title: TitleFacts) -> Iterable[Shot]:
        """Learn the title's rate, by which the detector measures the shortest shot."""
        self._rate = title.rate
        return ()

    def predict(self, batch: FrameBatch, /) -> Iterator[Shot]:
        """Feed each frame to the detector; a cut closes the shot before it."""
        from scenedetect import FrameTimecode

        for pixels, time, span in zip(batch.pixels, batch.times.tolist(), batch.spans, strict=True):
            if self._start is None:
                self._start = time
            self._end = span["end_ns"]
            self._times[self._seen] = time
            self._times.pop(self._seen - 8, None)  # the detector looks back at most two frames
            position = FrameTimecode(self._seen, fps=self._rate)
            for cut in self._detector.process_frame(position, pixels[:, :, ::-1]):
                yield self._close(self._times[cut.frame_num])
            self._seen += 1

    def finish(self) -> Iterator[Shot]:
        """Close the last shot at the end of the title."""
        if self._start is not None and self._end > self._start:
            yield self._close(self._end)

    def _close(self, end: int) -> Shot:
        assert self._start is not None
        shot = Shot(start_ns=self._start, end_ns=end, number=self._number)
        self._number += 1
        self._start = end
        return shot
