"""One picture per shot."""

from __future__ import annotations

from collections.abc import Iterator

from watchdown_algos.contract import RecordAlgorithm
from watchdown_algos.wants import RecordBatch, Records
from watchdown_schemas.types.keyframe import Keyframe


class Keyframes(RecordAlgorithm):
    """Keeps the picture nearest to the middle of each shot."""

    wants = Records(schema="Shot", stills_width=320)

    def predict(self, batch: RecordBatch, /) -> Iterator[Keyframe]:
        """Yield a keyframe for each shot that has a picture."""
        for span, still in zip(batch.spans, batch.stills(batch.spans), strict=True):
            if still is not None:
                yield Keyframe(
                    start_ns=still.time_ns,
                    end_ns=still.end_ns,
                    shot_start_ns=span["start_ns"],
                    shot_end_ns=span["end_ns"],
                    thumbnail=self.keep_picture(still.pixels),
                )
