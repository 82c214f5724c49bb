"""Dialogue lines from timed text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from watchdown_algos.contract import Context, TextAlgorithm, TitleFacts
from watchdown_algos.wants import CueBatch, TimedText
from watchdown_schemas.types.dialogue_line import DialogueLine


class Dialogue(TextAlgorithm):
    """Yields one line per cue, or one per speaker where a cue has several."""

    wants = TimedText()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._lines: dict[str, int] = {}
        self._duration = 0

    def start(self, title: TitleFacts) -> Iterable[DialogueLine]:
        """Learn where the title ends."""
        self._duration = title.duration_ns
        return ()

    def predict(self, batch: CueBatch, /) -> Iterator[DialogueLine]:
        """Number the cues of each track and clip those that cross the end."""
        for cue in batch.cues:
            number = self._lines.get(batch.asset, 0)
            self._lines[batch.asset] = number + 1
            crosses = cue.start_ns < self._duration < cue.end_ns
            yield DialogueLine(
                asset=batch.asset,
                line=number,
                start_ns=cue.start_ns,
                end_ns=self._duration if crosses else cue.end_ns,
                text=cue.text,
                raw=cue.raw,
                language=batch.language,
                kind=cue.kind,
                speaker=cue.speaker,
            )
