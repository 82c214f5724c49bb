from __future__ import annotations

import re
from collections.abc import Iterator

from garments.types import Garment
from watchdown_algos.contract import TextAlgorithm
from watchdown_algos.wants import CueBatch, TimedText
from watchdown_schemas.record import Record

PIECES = re.compile(r"(?:(red|blue|green) )?(coat|scarf|hat)\b")


class Wardrobe(TextAlgorithm):
    """A garment for each one that is named."""

    wants = TimedText()

    def predict(self, batch: CueBatch, /) -> Iterator[Record]:
        for cue in batch.cues:
            for found in PIECES.finditer(cue.text):
                yield Garment(
                    start_ns=cue.start_ns,
                    end_ns=cue.end_ns,
                    piece=found[2],
                    colour=found[1],
                    label="garment",
                    confidence=1.0,
                    description=cue.text,
                )
